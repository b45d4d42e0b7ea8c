import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../src/audit/canonical-json.ts";
import { redactText } from "../../src/audit/redact-text.ts";
import { redactValue, shortText } from "../../src/audit/redact-value.ts";
import { secretName } from "../../src/audit/secret-names.ts";

// Put together here so that no scanner takes a test for a leak.
const glue = (...parts: string[]) => parts.join("");
const RANDOM = "kR7vQ2mX9pL4tB8nY3wJ6hD1sF5gZ0cV";

test.each([
  ["AWS key id", glue("AKIA", "IOSFODNN7EXAMPLE"), "token"],
  ["GitHub token", glue("ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"), "token"],
  ["GitHub fine-grained token", glue("github_pat_", "11ABCDEFG0abcdefghijklmnop"), "token"],
  ["GitLab token", glue("glpat-", "abcdefghij1234567890"), "token"],
  ["Slack token", glue("xoxb-", "123456789012-abcdefghij"), "token"],
  ["Stripe key", glue("sk_live_", "abcdefghijklmnop1234"), "token"],
  ["model provider's key", glue("sk-", "ant-api03-abcdefghijklmnopqrst"), "token"],
  ["Google key", glue("AIza", "SyA1234567890abcdefghijklmnopqrstuv"), "token"],
  ["JWT", glue("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123_-x"), "token"],
  ["random run", RANDOM, "random"],
])("a %s is taken out of a text", (_kind, secret, kind) => {
  expect(redactText(`before ${secret} after`)).toBe(`before [redacted:${kind}] after`);
});

test.each([
  ["curl -H 'Authorization: Bearer abcdef123456' http://h/", "curl -H 'Authorization: [redacted:named]' http://h/"],
  ["Bearer abcdef123456", "Bearer [redacted:bearer]"],
  ["psql postgres://app:hunter2@db/x", "psql postgres://app:[redacted:url]@db/x"],
  ["DB_PASSWORD=hunter2 run --fast", "DB_PASSWORD=[redacted:named] run --fast"],
  ["env=TOKEN=hunter2 x", "env=TOKEN=[redacted:named] x"],
  ["vault --client-secret hunter2 get", "vault --client-secret [redacted:named] get"],
  ["mysql -u root -phunter2 db", "mysql -u root -p[redacted:named] db"],
  ["curl -u admin:hunter2 http://h/", "curl -u admin:[redacted:named] http://h/"],
  ['{"api_key": "hunter2", "x": 1}', '{"api_key": [redacted:named], "x": 1}'],
  ["password='two words' next", "password=[redacted:named] next"],
  ['password="never closed', "password=[redacted:named]"],
  ["Cookie: a=b; c=d\nHost: h", "Cookie: [redacted:named]\nHost: h"],
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest", "[redacted:private-key]\nrest"],
  ["-----BEGIN PRIVATE KEY-----\nMIIE", "[redacted:private-key]"],
])("%j is redacted", (text, clean) => {
  expect(redactText(text)).toBe(clean);
});

test.each([
  "evt.type = execve and proc.name in (bash, sh) and fd.name startswith /etc/shadow",
  `sha256:${"0123456789abcdef".repeat(4)}`,
  "0190b7c2-1111-7222-8333-444455556666",
  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  "/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
  "password=$DB_PASSWORD",
  "token: true",
  "https://example.com/a/b?c=d",
  "nginx-deployment-7fb96c846b-abcde",
])("%j stays as it is", (text) => {
  expect(redactText(text)).toBe(text);
});

test.each([
  ["password", true],
  ["DB-Password", true],
  ["X-Api-Key", true],
  ["client_secret", true],
  ["secrets", true],
  ["password_policy", false],
  ["tokenizer", false],
  ["author", false],
  ["proc.cmdline", false],
])("%s as a name of a secret: %s", (name, isSecret) => {
  expect(secretName(name) !== undefined).toBe(isSecret);
});

test("secrets go by name and by shape, flags and counts stay, and the places are kept", () => {
  const value = {
    filter: { password: "hunter2", requirePassword: true, max_tokens: 50, token: 7 },
    env: ["PATH=/bin", "API_KEY=hunter2"],
    "a/b": { secret: { deep: ["hunter2"] } },
    rate: 0.5,
    big: 2 ** 60,
    half: "\ud800",
  };
  expect(redactValue(value)).toEqual({
    value: {
      filter: { password: "[redacted:named]", requirePassword: true, max_tokens: 50, token: "[redacted:named]" },
      env: ["PATH=/bin", "API_KEY=[redacted:named]"],
      "a/b": { secret: "[redacted:named]" },
      rate: "0.5",
      big: "1152921504606847000",
      half: "\ufffd",
    },
    paths: ["/filter/password", "/filter/token", "/env/1", "/a~1b/secret"],
  });
});

test("a value that holds itself is cut", () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  expect(() => canonicalJson(redactValue(loop).value)).not.toThrow();
});

test("whatever the arguments are, redacting gives plain JSON", () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }), (value) => {
      expect(() => canonicalJson(redactValue(value).value ?? null)).not.toThrow();
    }),
  );
});

test("a secret under its name never survives, wherever it stands", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9!#%^*_+.-]{8,40}$/).filter((text) => !/^(true|false|null)/.test(text));
  fc.assert(
    fc.property(secret, fc.constantFrom("PASSWORD=", "token: ", "--secret ", "api_key="), (text, name) => {
      fc.pre(!(name === "--secret " && text.startsWith("-")));
      expect(redactText(`run ${name}${text} now`)).not.toContain(text);
    }),
  );
});

// Each text would take minutes if an expression were quadratic; the test's own time limit is the alarm.
test.each([
  "eyJ",
  "eyJaaaaaaaa.",
  "password=",
  "password='",
  'token="',
  "://a:",
  "://",
  "-----BEGIN PRIVATE KEY-----",
  "--a-",
  "bearer ",
  "mysql -",
  "a=",
  "sk-",
  "Aa0",
  " -u a:",
])("a mebibyte of %j is looked at in one pass", (part) => {
  const text = part.repeat(Math.ceil(1_048_576 / part.length));
  expect(redactText(text).length).toBeGreaterThan(0);
});

test("a short text has no control characters, no half characters and no more than its length", () => {
  expect(shortText("a\u0000b\u001b[31m\ud800", 64)).toBe("a\ufffdb\ufffd[31m\ufffd");
  expect(shortText("x".repeat(50), 10)).toBe(`${"x".repeat(9)}…`);
  expect(shortText(`${"x".repeat(8)}\ud83d\ude00yy`, 10)).toBe(`${"x".repeat(8)}…`);
});
