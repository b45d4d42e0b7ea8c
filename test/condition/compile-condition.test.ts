import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Node } from "../../src/condition/ast.ts";
import { checkCondition } from "../../src/condition/check-condition.ts";
import { compileCondition } from "../../src/condition/compile-condition.ts";
import { explainCondition } from "../../src/condition/explain-condition.ts";
import { resolveMacros } from "../../src/condition/resolve-macros.ts";
import { conditions } from "./generators.ts";
import { parsed } from "./parsed.ts";
import { type PlainEvent, plainSource } from "./plain-source.ts";

const SYSCALL = { source: "syscall" };

function holds(source: string, event: PlainEvent): boolean {
  return compileCondition(parsed(source), plainSource(), SYSCALL)(event);
}

const ip = (text: string): Uint8Array => Uint8Array.from(text.split(".").map(Number));
const LOOPBACK6 = Uint8Array.from([...new Array<number>(15).fill(0), 1]);
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

describe("a check of a text", () => {
  test.each([
    ["proc.name = bash", true],
    ["proc.name == bash", true],
    ["proc.name != bash", false],
    ["proc.name in (sh, bash)", true],
    ["proc.name in ()", false],
    ["proc.name in bash", true],
    ["proc.name intersects (bash)", true],
    ["proc.name contains as", true],
    ['proc.name contains ""', true],
    ["proc.name icontains AS", true],
    ["proc.name startswith ba", true],
    ["proc.name endswith sh", true],
    ["proc.name glob b*h", true],
    ["proc.name iglob B*H", true],
    ["proc.name regex ba", false],
    ["proc.name regex ba+.*", true],
    ["proc.name > 5", true],
    ["proc.name < 5", false],
    ["proc.name exists", true],
    ["proc.name = oneof (bash, sh)", true],
    ["proc.name = oneof (bash, bash)", false],
    ["proc.name != anyof (bash, sh)", true],
    ["proc.name != allof (bash, sh)", false],
    ["proc.name startswith anyof (x, ba)", true],
    ["proc.name startswith allof (b, ba)", true],
    ["proc.name startswith allof (b, x)", false],
    ["proc.name contains oneof (a, s)", false],
    ["proc.name regex anyof (x, b.*)", true],
    ["proc.name = anyof ()", false],
    ["fd.name pmatch (/etc, /bin)", true],
    ["fd.name pmatch (/et)", false],
    ["toupper(proc.name) = BASH", true],
    ["basename(fd.name) = hosts", true],
    ["len(proc.name) = 4", true],
    ["len(proc.name) in (3, 4)", true],
    ["b64(proc.args) = hello", true],
    ['concat(proc.name, ":", fd.name) = "bash:/etc/hosts"', true],
    ['join("-", (proc.name, "x", proc.pid)) = bash-x-42', true],
    ["tolower(toupper(proc.name)) = bash", true],
    ["proc.name = val(proc.pname)", false],
    ["proc.name startswith val(proc.sname)", true],
    ["proc.name in val(proc.name)", true],
    ["proc.name = tolower(proc.exe)", true],
    ["fd.name glob val(proc.cwd)", true],
  ] as const)("%s: %s", (source, expected) => {
    const event = {
      "proc.name": "bash",
      "proc.pname": "sh",
      "proc.sname": "ba",
      "proc.exe": "BASH",
      "proc.args": "aGVsbG8=",
      "proc.cwd": "/etc/*",
      "proc.pid": 42n,
      "fd.name": "/etc/hosts",
    };
    expect(holds(source, event)).toBe(expected);
  });
});

describe("a check of a number", () => {
  test.each([
    ["proc.pid = 42", true],
    ["proc.pid != 42", false],
    ["proc.pid < 43 and proc.pid <= 42 and proc.pid > 41 and proc.pid >= 42", true],
    ["proc.pid in (1, 42)", true],
    ["proc.pid = anyof (1, 42)", true],
    ["user.uid = -1", true],
    ["user.uid = 4294967295", true],
    ["evt.rawres = -2", true],
    ["evt.rawtime > 18446744073709551614", true],
    ["evt.rawtime = -1", true],
    ["evt.cpu = 65538", true],
    ["fd.sport = https", true],
    ["fd.sport = 65979", true],
    ["fd.sport in (22, https)", true],
    ["proc.fdusage > 2", true],
    ["evt.is_io = true", true],
    ["evt.is_io != true", false],
    ["evt.is_io in (false)", false],
    ["proc.pid = val(proc.vpid)", true],
    ["proc.pid < val(proc.ppid)", true],
  ] as const)("%s: %s", (source, expected) => {
    const event = {
      "proc.pid": 42n,
      "proc.vpid": 42,
      "proc.ppid": 50n,
      "user.uid": 4294967295,
      "evt.rawres": -2n,
      "evt.rawtime": 18446744073709551615n,
      "evt.cpu": 2,
      "fd.sport": 443,
      "proc.fdusage": 2.5,
      "evt.is_io": true,
    };
    expect(holds(source, event)).toBe(expected);
  });
});

describe("an absent field makes its check false, whatever the operator", () => {
  test.each([
    "proc.name = a",
    "proc.name != a",
    "proc.name exists",
    "proc.name in (a)",
    "proc.name != allof (a)",
    "proc.pid != 1",
    "fd.sip != 1.2.3.4",
    "fd.types in ()",
    "tolower(proc.name) != a",
    "concat(proc.exe, proc.name) != a",
    "proc.exe != val(proc.name)",
    "proc.aname != a",
    "fd.port != 1",
    "evt.rawarg.res != 1",
  ] as const)("%s", (source) => {
    expect(holds(source, { "proc.exe": "x" })).toBe(false);
    expect(holds(`not (${source})`, { "proc.exe": "x" })).toBe(true);
  });
});

describe("addresses", () => {
  test.each([
    ["fd.sip = 10.0.0.1", true],
    ["fd.sip != 10.0.0.2", true],
    ["fd.sip != ::1", true],
    ["fd.sip = ::1", false],
    ["fd.cip = ::1", true],
    ["fd.sip in (::1, 10.0.0.1)", true],
    ["fd.snet = 10.0.0.0/8", true],
    ["fd.snet in (192.168.0.0/16, 10.0.0.0/8)", true],
    ["fd.snet != ::/1", true],
    ["fd.cnet = ::/64", true],
    ["fd.snet = anyof (10.0.0.0/8)", false],
    ["fd.snet != allof (10.0.0.0/8)", true],
    ["fd.snet = oneof (10.0.0.0/8)", true],
    ["fd.sip = val(fd.rip)", true],
    ["fd.sip = val(fd.cip)", false],
  ] as const)("%s: %s", (source, expected) => {
    const event = {
      "fd.sip": ip("10.0.0.1"),
      "fd.rip": ip("10.0.0.1"),
      "fd.snet": ip("10.0.0.1"),
      "fd.cip": LOOPBACK6,
      "fd.cnet": LOOPBACK6,
    };
    expect(holds(source, event)).toBe(expected);
  });
});

describe("fields of both ends of a socket", () => {
  const ends = {
    "fd.ip": [ip("10.0.0.1"), ip("10.0.0.2")],
    "fd.port": [40000, 443],
    "fd.net": [ip("10.0.0.1"), ip("8.8.8.8")],
  };
  const listening = { "fd.ip": [ip("10.0.0.1")], "fd.port": [443], "fd.net": [ip("10.0.0.1")] };
  const file = { "fd.ip": [], "fd.port": [], "fd.net": [] };
  test.each([
    ["fd.ip = 10.0.0.2", true, false, false],
    ["fd.ip != 10.0.0.2", false, true, false],
    ["fd.ip != 10.0.0.9", true, true, false],
    ["fd.ip in (10.0.0.1)", false, false, false],
    ["fd.ip intersects (10.0.0.1)", false, false, false],
    ["fd.ip exists", true, true, true],
    ["fd.port = 443", true, true, false],
    ["fd.port != 443", false, false, false],
    ["fd.port > 30000", true, false, false],
    ["fd.port in (80, 443)", true, true, false],
    ["fd.port = anyof (80, 443)", false, false, false],
    ["fd.net = 10.0.0.0/8", true, true, false],
    ["fd.net != 10.0.0.0/8", false, false, false],
    ["fd.net != ::/8", true, true, false],
    ["fd.net in (8.0.0.0/8, 10.0.0.0/8)", true, false, false],
    ["fd.net in (1.0.0.0/8, 10.0.0.0/8)", false, false, false],
    ["fd.net intersects (10.0.0.0/8)", false, true, false],
  ] as const)("%s: connection %s, listening %s, file %s", (source, connected, listens, plain) => {
    expect([holds(source, ends), holds(source, listening), holds(source, file)]).toEqual([connected, listens, plain]);
  });
});

describe("ancestors", () => {
  const event = {
    "proc.aname": ["sh", "sshd", "systemd"],
    "proc.apid": [7n, 1n],
    "proc.aname[2]": "sshd",
    "proc.aenv": ["A=1", "B=2"],
    "proc.aenv[HOME]": "/root",
  };
  test.each([
    ["proc.aname = sshd", true],
    ["proc.aname != sshd", true],
    ["proc.aname in (systemd)", true],
    ["proc.aname startswith ss", true],
    ["proc.aname regex s.*d", true],
    ["proc.aname = anyof (x, sshd)", false],
    ["proc.aname = anyof (sshd, x)", true],
    ["proc.aname[2] = anyof (x, sshd)", true],
    ["proc.aname[3] exists", false],
    ["proc.aenv contains B", true],
    ["proc.aenv[1] contains B", true],
    ["proc.aenv[9] contains C", false],
    ["proc.aenv[9] exists", true],
    ["proc.aenv[HOME] = /root", true],
    ["proc.apid = 1", true],
    ["proc.apid in (1)", false],
  ] as const)("%s: %s", (source, expected) => {
    expect(holds(source, event)).toBe(expected);
  });
});

describe("other fields that are compared in their own way", () => {
  test.each([
    ["evt.around[1000000000] = 5", { "evt.rawtime": 1_004_000_000n }, true],
    ["evt.around[1000000000] = 5", { "evt.rawtime": 1_006_000_000n }, false],
    ["evt.around[1000000000] exists", { "evt.rawtime": 1_000_000_000n }, true],
    ["fd.sip.name != a.example", { "fd.sip.name": "" }, true],
    ["fd.sip.name = a.example", { "fd.sip.name": "" }, false],
    ["fd.sip.name = a.example", { "fd.sip.name": "a.example" }, true],
    ['fd.sip.name startswith ""', { "fd.sip.name": "" }, false],
    ["fd.sip.name exists", { "fd.ip": [] }, true],
    ["evt.rawarg.res = 0", { "evt.rawarg.res": 0n, "evt.type": "open" }, true],
    ["evt.rawarg.res in (0)", { "evt.rawarg.res": 0n, "evt.type": "open" }, false],
    ["evt.rawarg.res = anyof (1, 0)", { "evt.rawarg.res": 0n, "evt.type": "open" }, false],
    ["evt.rawarg.res < -1", { "evt.rawarg.res": 94_000_000n, "evt.type": "brk" }, true],
    ["evt.rawarg.res < -1", { "evt.rawarg.res": 94_000_000n, "evt.type": "open" }, false],
    ["evt.rawarg.name in (/a, /b)", { "evt.rawarg.name": "/b", "evt.type": "open" }, true],
  ] as const)("%s of %o: %s", (source, event, expected) => {
    expect(holds(source, event)).toBe(expected);
  });
});

describe("lists and buffers", () => {
  const event = { "fd.types": ["file", "ipv4"], "evt.buffer": bytes("GET /\0x"), "proc.args": "-n -tvalue" };
  test.each([
    ["fd.types in (file, ipv4, pipe)", true],
    ["fd.types in (file)", false],
    ["fd.types intersects (file)", true],
    ["fd.types exists", true],
    ["len(fd.types) = 2", true],
    ["toupper(fd.types) intersects (IPV4)", true],
    ["evt.buffer contains GET", true],
    ["evt.buffer startswith GET", true],
    ["evt.buffer endswith x", true],
    ["evt.buffer bcontains 2f0078", true],
    ["evt.buffer bstartswith 4745", true],
    ["evt.buffer = GET", false],
    ["len(evt.buffer) = 7", true],
    ['getopt(("-n", "-tvalue"), "nt:") intersects (value)', true],
    ['getopt(("-n", "-t", "v"), "nt:")[t] = v', true],
    ['getopt(("-x"), "n")[n] != v', false],
    ['getopt(("stop", "-n"), "n") in ()', true],
    ['getopt(("--long", "-n"), "n") in (n)', true],
    ['getopt(("-n", "--", "-x"), "nx") in (n)', true],
    ['getopt(("-t"), "t:")[t] = ""', true],
    ['b64("YQ") = a', true],
    ['b64("YQ==") = a', true],
    ['b64("YR") exists', false],
    ['b64("YQ=") exists', true],
    ['b64("Y") exists', false],
    ['b64("a b") exists', false],
  ] as const)("%s: %s", (source, expected) => {
    expect(holds(source, event)).toBe(expected);
  });
});

test("checks are read from left to right, only as far as needed", () => {
  const source = plainSource();
  const run = compileCondition(
    parsed("proc.name = a and proc.exe = b and fd.name = c or user.name = d"),
    source,
    SYSCALL,
  );
  expect(run({ "proc.name": "x", "user.name": "d" })).toBe(true);
  expect(Object.fromEntries(source.reads)).toEqual({ "proc.name": 1, "user.name": 1 });
});

test("a macro shared by conditions is compiled once, a field's reader made once", () => {
  let readers = 0;
  const source = {
    reader: () => {
      readers += 1;
      return () => "a";
    },
  };
  const macros = new Map<string, Node>([["m", parsed("proc.name = a or proc.exe = b")]]);
  for (const text of ["m and proc.name = a", "not m", "m or fd.name = x"]) {
    compileCondition(resolveMacros(parsed(text), macros).node, source, SYSCALL);
  }
  expect(readers).toBe(3);
});

test.each([
  ["proc.nmae = a", "filter_check called with nonexistent field proc.nmae"],
  ["proc.pid = x", "x is not a valid number"],
  ["a_macro", "filter error: unexpected identifier 'a_macro'"],
] as const)("%s cannot be compiled", (source, message) => {
  expect(() => holds(source, {})).toThrow(expect.objectContaining({ code: "CONDITION_NOT_COMPILED", message }));
});

const events = fc.record(
  {
    "proc.name": fc.string(),
    "proc.pname": fc.string(),
    "proc.exe": fc.string(),
    "fd.name": fc.string(),
    "proc.aname[2]": fc.string(),
    "proc.env[PATH]": fc.string(),
    "evt.num": fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    "proc.pid": fc.integer(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<PlainEvent>;

test("the explanation agrees with the verdict on any condition and event", () => {
  const macros = new Map<string, Node>([["macro_a", parsed("proc.name startswith a or fd.name exists")]]);
  fc.assert(
    fc.property(conditions, events, (text, event) => {
      const { node } = resolveMacros(parsed(text), macros);
      if (checkCondition(node, SYSCALL).some(({ severity }) => severity === "error")) return;
      const source = plainSource();
      const verdict = compileCondition(node, source, SYSCALL)(event);
      const { outcome } = explainCondition(node, source, SYSCALL)(event);
      expect(outcome === "true").toBe(verdict);
    }),
  );
});

test("an explanation shows every clause with its values, also those that were not reached", () => {
  const macros = new Map<string, Node>([["shell", parsed("proc.name in (bash, sh)")]]);
  const { node } = resolveMacros(parsed("proc.pid = 7 and shell and not fd.name != x"), macros);
  const explain = explainCondition(node, plainSource(), SYSCALL);
  expect(explain({ "proc.pid": 8n, "proc.name": "sh" })).toEqual({
    kind: "and",
    text: "(proc.pid = 7 and proc.name in (bash, sh) and not fd.name != x)",
    outcome: "false",
    clauses: [
      { kind: "check", text: "proc.pid = 7", outcome: "false", fields: [{ field: "proc.pid", value: 8n }] },
      {
        kind: "macro",
        text: "shell",
        outcome: "true",
        clauses: [
          {
            kind: "check",
            text: "proc.name in (bash, sh)",
            outcome: "true",
            fields: [{ field: "proc.name", value: "sh" }],
          },
        ],
      },
      {
        kind: "not",
        text: "not fd.name != x",
        outcome: "true",
        clauses: [{ kind: "check", text: "fd.name != x", outcome: "absent", fields: [{ field: "fd.name" }] }],
      },
    ],
  });
});
