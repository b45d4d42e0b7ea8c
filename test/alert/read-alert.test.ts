import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alertId } from "../../src/alert/alert-id.ts";
import { MAX_LINE_BYTES, readAlertLine } from "../../src/alert/read-alert.ts";
import { falcoLine } from "../support/alert-generator.ts";

const TIME = "2026-11-22T02:50:12.888001804Z";

function read(line: string | Buffer) {
  const result = readAlertLine(line);
  if (result.kind !== "alert") throw new Error(`${result.kind}: ${result.reason}`);
  return result.alert;
}

describe("Falco's own alerts", () => {
  const lines = readFileSync(join(import.meta.dirname, "../fixtures/alerts/falco-0.44.jsonl"), "utf8")
    .trimEnd()
    .split("\n");

  test("are all read, with nothing lost", () => {
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const alert = read(line);
      const parsed = JSON.parse(line) as Record<string, unknown>;
      expect(alert).toMatchObject({ rule: parsed.rule, time: parsed.time, priority: parsed.priority, raw: line });
      expect(alert.output).toBe(parsed.output);
      expect(line).toContain(`"evt.time":${String(alert.fields["evt.time"])}`);
      expect(Object.keys(alert.fields)).toEqual(Object.keys(parsed.output_fields as object));
    }
  });

  test("say the same as text and as bytes, with and without a line end or a byte order mark", () => {
    for (const line of lines) {
      for (const form of [
        `${line}\n`,
        `${line}\r\n`,
        `\ufeff${line}`,
        Buffer.from(line),
        Buffer.from(`\ufeff${line}\n`),
      ]) {
        expect(read(form)).toEqual(read(line));
      }
    }
  });
});

test.each([
  ["no output_fields", { output_fields: undefined }, { fields: {} }],
  ["null output_fields", { output_fields: null }, { fields: {} }],
  ["no output", { output: undefined }, { output: "" }],
  ["no tags", { tags: undefined }, { tags: [] }],
  ["tags twice and unsorted", { tags: ["b", "a", "b"] }, { tags: ["a", "b"] }],
  ["no hostname", { hostname: undefined }, { hostname: "" }],
  ["no source", { source: undefined }, { source: "" }],
  ["source as falcosidekick names it", { source: "syscalls" }, { source: "syscalls" }],
  ["Falco's own message", { source: "internal", tags: undefined, priority: "Debug" }, { source: "internal", tags: [] }],
  ["priority Info", { priority: "info" }, { priority: "Informational" }],
  ["priority in capitals", { priority: "CRITICAL" }, { priority: "Critical" }],
  ["time trimmed", { time: "2026-11-22T02:50:12.12Z" }, { time: "2026-11-22T02:50:12.120000000Z" }],
  ["time with an offset", { time: "2026-11-22T04:50:12.5+02:00" }, { time: "2026-11-22T02:50:12.500000000Z" }],
  ["keys that are not Falco's", { uuid: "x", message: "y" }, { rule: "Shell in container" }],
])("%s is understood", (_, change, expected) => {
  expect(read(JSON.stringify({ ...JSON.parse(falcoLine()), ...change }))).toMatchObject(expected);
});

test.each([
  ["9007199254740991", 9007199254740991],
  ["9007199254740993", "9007199254740993"],
  ["-9007199254740993", "-9007199254740993"],
  ["1795315812888001804", "1795315812888001804"],
  ["123456789012345678901234567890", "123456789012345678901234567890"],
  ["1e400", "1e400"],
  ["1.5", 1.5],
  ["1e20", 1e20],
  ["[9007199254740993, 1]", ["9007199254740993", 1]],
  ['{"a": {"b": 9007199254740993}}', { a: { b: "9007199254740993" } }],
  ['"9007199254740993"', "9007199254740993"],
])("the number %s is kept exactly", (text, expected) => {
  const plain = falcoLine().replace('"output_fields":{}', `"output_fields":{"n":${text}}`);
  const odd = falcoLine({ output: 'a \\"n\\":9007199254740995, "n": 1' }).replace(
    '"output_fields":{}',
    `"output_fields" : { "x" : "\\"n\\":9007199254740995" , "n" : ${text} }`,
  );
  const escaped = falcoLine().replace('"output_fields":{}', `"n":9007199254740993,"output_fields":{"\\u006e":${text}}`);
  expect(read(plain).fields).toEqual({ n: expected });
  expect(read(odd).fields).toEqual({ x: '"n":9007199254740995', n: expected });
  expect(read(escaped).fields).toEqual({ n: expected });
});

test.each<[string, string | Buffer, string]>([
  ["more than 1 MiB", `{"a":"${"x".repeat(MAX_LINE_BYTES)}"}`, "oversize"],
  ["more than 1 MiB of bytes", Buffer.from(`{"a":"${"ü".repeat(MAX_LINE_BYTES / 2)}"}`), "oversize"],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "not-utf8"],
  ["half a surrogate pair", falcoLine().replace("vm", "\ud800"), "not-utf8"],
  ["a cut line", falcoLine().slice(0, -20), "not-json"],
  ["two objects", falcoLine() + falcoLine(), "not-json"],
  ["a control character", falcoLine().replace("vm", "v\u0000m"), "not-json"],
  ["an alert in plain text", `02:50:12.888001804: Warning Shell (user=root)`, "not-json"],
  ["an alert in plain text, ISO time", `2026-11-22T02:50:12.888001804+0000: Warning Shell`, "not-json"],
  ["a list", "[1]", "not-an-object"],
  ["a number", "12", "not-an-object"],
  ["a key twice", falcoLine().replace('"hostname"', '"rule":"x","hostname"'), "duplicate-key"],
  ["a field twice", falcoLine().replace('"output_fields":{}', '"output_fields":{"a":1,"a" :2}'), "duplicate-key"],
  ["a key twice, once escaped", falcoLine().replace('"hostname"', '"r\\u0075le":"x","hostname"'), "duplicate-key"],
  [
    "__proto__ twice",
    falcoLine().replace('"output_fields":{}', '"output_fields":{"__proto__":1,"__proto__":2}'),
    "duplicate-key",
  ],
  [
    "1025 fields",
    falcoLine({ output_fields: Object.fromEntries(Array.from({ length: 1025 }, (_, n) => [`f${n}`, 1])) }),
    "too-many-fields",
  ],
  ["a deep field", falcoLine().replace("{}", `{"a":${"[".repeat(17)}${"]".repeat(17)}}`), "too-deep"],
  ["a very deep field", falcoLine().replace("{}", `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`), "too-deep"],
  ["no rule", JSON.stringify({ priority: "Error", time: TIME }), "missing-key"],
  ["an empty rule", JSON.stringify({ rule: "", priority: "Error", time: TIME }), "missing-key"],
  ["a null time", JSON.stringify({ rule: "x", priority: "Error", time: null }), "missing-key"],
  ["a rule that is a number", JSON.stringify({ rule: 1, priority: "Error", time: TIME }), "wrong-type"],
  ["tags that are no list", JSON.stringify({ rule: "x", priority: "Error", time: TIME, tags: "a" }), "wrong-type"],
  ["a tag that is a number", JSON.stringify({ rule: "x", priority: "Error", time: TIME, tags: [1] }), "wrong-type"],
  [
    "fields that are a list",
    JSON.stringify({ rule: "x", priority: "Error", time: TIME, output_fields: [] }),
    "wrong-type",
  ],
  [
    "a hostname that is an object",
    JSON.stringify({ rule: "x", priority: "Error", time: TIME, hostname: {} }),
    "wrong-type",
  ],
  ["an unknown priority", JSON.stringify({ rule: "x", priority: "High", time: TIME }), "unknown-priority"],
  [
    "a time without a zone",
    JSON.stringify({ rule: "x", priority: "Error", time: "2026-11-22T02:50:12" }),
    "unreadable-time",
  ],
])("%s is rejected", (_, line, reason) => {
  const result = readAlertLine(line);
  expect(result).toMatchObject({ kind: "rejected", reason });
  if (result.kind === "rejected") expect(result.detail.length).toBeLessThan(200);
});

test.each([
  ["", "blank"],
  ["  \t\r\n", "blank"],
  ["Events detected: 12", "statistics"],
  ["Rule counts by severity:", "statistics"],
  ["   CRITICAL: 3", "statistics"],
  ["Triggered rules by rule name:", "statistics"],
  ["   Terminal shell in container: 9", "statistics"],
  ["Syscall event drop monitoring:", "statistics"],
  ["   - event drop detected: 0 occurrences", "statistics"],
  ["   - num times actions taken: 0", "statistics"],
  ["Sun Nov 22 02:50:12 2026: Falco version: 0.44.0 (x86_64)", "statistics"],
  ["2026-11-22T02:50:12+0000: Falco initialized with configuration file", "statistics"],
])("%j is passed over as %s", (line, reason) => {
  expect(readAlertLine(line)).toEqual({ kind: "ignored", reason });
});

describe("the id", () => {
  const identity = { hostname: "vm", rule: "r", time: TIME, output: "o", fields: {} };

  test("is the same in every version", () => {
    expect(alertId(identity)).toBe("3a1f6d3f707302f55af001b23103197c");
  });

  test.each([
    { hostname: "vn" },
    { rule: "s" },
    { time: "2026-11-22T02:50:12.888001805Z" },
    { output: "p" },
    { hostname: "v", rule: "m r" },
    { hostname: "vm 1 r", rule: "" },
    { output: "", fields: { a: 1 } },
  ])("changes with %j", (change) => {
    expect(alertId({ ...identity, ...change })).not.toBe(alertId(identity));
  });

  test("does not hang on what forwarders change", () => {
    const line = JSON.parse(falcoLine({ time: "2026-11-22T02:50:12.500000000Z" })) as Record<string, unknown>;
    const copy = {
      uuid: "x",
      ...line,
      time: "2026-11-22T02:50:12.5Z",
      source: "syscalls",
      tags: ["x"],
      output_fields: { cluster: "c" },
    };
    expect(read(JSON.stringify(copy)).id).toBe(read(JSON.stringify(line)).id);
  });

  test("falls back to the fields, whatever their order", () => {
    const of = (output_fields: Record<string, unknown>) => read(falcoLine({ output: "", output_fields })).id;
    expect(of({ a: 1, b: { d: 1, c: 2 } })).toBe(of({ b: { c: 2, d: 1 }, a: 1 }));
    expect(of({ a: 1 })).not.toBe(of({ a: 2 }));
  });
});

describe("fuzzing", () => {
  const seeds = [falcoLine({ output_fields: { "evt.time": 1, a: [1, { b: null }] } }), "Events detected: 3", "{}"];

  test("no text and no bytes make it throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.json(),
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        (line) => {
          expect(["alert", "ignored", "rejected"]).toContain(readAlertLine(line).kind);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("no cut, changed or repeated piece of a line makes it throw", () => {
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.nat(400), fc.nat(40), fc.string(), (seed, at, length, text) => {
        const damaged = seed.slice(0, at) + text + seed.slice(at + length);
        const result = readAlertLine(damaged);
        if (result.kind === "alert") expect(result.alert.raw).toBe(damaged);
      }),
      { numRuns: 1000 },
    );
  });

  test("any field comes out as JSON says it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (fields) => {
        const line = falcoLine({ output_fields: fields });
        const parsed = JSON.parse(line) as { output_fields: unknown };
        const hasRounded = /\d{16}|e\+?\d{2}/.test(line.slice(line.indexOf("output_fields")));
        if (!hasRounded) expect(read(line).fields).toEqual(parsed.output_fields);
        else expect(readAlertLine(line).kind).toBe("alert");
      }),
    );
  });

  test.each([
    ["quotes", `{"a":"${'\\"'.repeat(400_000)}`],
    ["backslashes", `{"a":"${"\\\\".repeat(400_000)}"}`],
    ["brackets", "[".repeat(1_000_000)],
    ["braces", '{"a":'.repeat(200_000)],
    ["digits", `{"a":${"9".repeat(1_000_000)}}`],
    ["commas", `{"a":[${"1,".repeat(500_000)}1]}`],
    [
      "an exact number after many quotes",
      falcoLine({ output: '"'.repeat(400_000) }).replace("{}", '{ "n" : 9007199254740993 }'),
    ],
    ["blanks", " ".repeat(1_000_000)],
    ["blanks in text", `   a${" ".repeat(1_000_000)}:`],
  ])("a megabyte of %s is read to the end", (_, line) => {
    expect(["alert", "ignored", "rejected"]).toContain(readAlertLine(line).kind);
  });
});
