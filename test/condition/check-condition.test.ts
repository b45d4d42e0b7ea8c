import fc from "fast-check";
import { expect, test } from "vitest";
import type { Diagnostic, Node } from "../../src/condition/ast.ts";
import { type CheckOptions, checkCondition } from "../../src/condition/check-condition.ts";
import { parseCondition } from "../../src/condition/parse-condition.ts";
import { resolveMacros } from "../../src/condition/resolve-macros.ts";
import { codeFrame } from "../../src/text/code-frame.ts";
import { conditions } from "./generators.ts";
import { parsed } from "./parsed.ts";

function check(source: string, options: CheckOptions = { source: "syscall" }): readonly Diagnostic[] {
  return checkCondition(parsed(source), options);
}

/** Severity, message and place of every finding, as a person sees them. */
function shown(source: string, options?: CheckOptions): string {
  return check(source, options)
    .map(({ severity, message, span }) => `${severity}: ${message}\n${codeFrame(source, span)}`)
    .join("\n");
}

test.each([
  ["proc.nmae = a", "error: filter_check called with nonexistent field proc.nmae\n | proc.nmae = a\n | ^^^^^^^^^"],
  [
    "proc.name[1] = a",
    "error: filter_check called with nonexistent field proc.name[1]\n | proc.name[1] = a\n | ^^^^^^^^^^^^",
  ],
  ["evt.arg.nosuch = a", "error: unknown event argument nosuch\n | evt.arg.nosuch = a\n | ^^^^^^^^^^^^^^"],
  [
    "proc.pid contains 1",
    "error: filter error: 'contains' operator not supported for numeric filters\n | proc.pid contains 1\n | ^^^^^^^^^^^^^^^^^^^",
  ],
  [
    "evt.is_io < 1",
    "error: filter error: '<' operator not supported for numeric filters\n | evt.is_io < 1\n | ^^^^^^^^^^^^^",
  ],
  [
    "evt.buffer regex a",
    "error: filter error: 'regex' operator not supported for buffer filters\n | evt.buffer regex a\n | ^^^^^^^^^^^^^^^^^^",
  ],
  [
    "fd.sip startswith anyof (1)",
    "error: filter error: 'startswith' with modifier not supported for ip address and network filters\n | fd.sip startswith anyof (1)\n | ^^^^^^^^^^^^^^^^^^^^^^^^^^^",
  ],
  ["fd.types = a", "error: filter error: '=' operator not supported list filters\n | fd.types = a\n | ^^^^^^^^^^^^"],
  [
    "evt.rawarg.euid = 0",
    "error: filter error: '=' operator not supported for type 'UID'\n | evt.rawarg.euid = 0\n | ^^^^^^^^^^^^^^^^^^^",
  ],
  ["proc.pid in (1, x2)", "error: x2 is not a valid number\n | proc.pid in (1, x2)\n |                 ^^"],
  ["evt.type = opennn", "error: unknown event type opennn\n | evt.type = opennn\n |            ^^^^^^"],
  [
    "evt.is_io = True",
    "error: filter error: unrecognized boolean value True\n | evt.is_io = True\n |             ^^^^",
  ],
  [
    "fd.sip = 10.0.0.0/8",
    "error: unrecognized IPv4 address 10.0.0.0/8\n | fd.sip = 10.0.0.0/8\n |          ^^^^^^^^^^",
  ],
  ["fd.snet = 10.0.0.0/33", "error: invalid netmask 33\n | fd.snet = 10.0.0.0/33\n |           ^^^^^^^^^^^"],
  ["fd.sport = nosuch", "error: unrecognized protocol nosuch\n | fd.sport = nosuch\n |            ^^^^^^"],
  [
    "evt.buffer bcontains xyz",
    "error: filter error: bcontains and bstartswith operator support hex strings only\n | evt.buffer bcontains xyz\n |                      ^^^",
  ],
  [
    "evt.around[1] in (2)",
    "error: evt.around supports only '=' comparison operator\n | evt.around[1] in (2)\n |                   ^",
  ],
  [
    'proc.name regex "a("',
    'error: invalid regex pattern: missing ): a(\n | proc.name regex "a("\n |                 ^^^^',
  ],
  [
    "tolower(fd.sport) = a",
    "error: can't add field transformer: type 'PORT' is not supported by 'tolower' transformer applied on field 'fd.sport'\n | tolower(fd.sport) = a\n | ^^^^^^^^^^^^^^^^^",
  ],
  [
    "len(proc.aname) > 3",
    "error: field 'proc.aname' does not support transformers\n | len(proc.aname) > 3\n | ^^^^^^^^^^^^^^^",
  ],
  [
    "tolower(proc.name)[a] = a",
    "error: filter error: transformer 'tolower' does not support field arguments\n | tolower(proc.name)[a] = a\n | ^^^^^^^^^^^^^^^^^^^^^",
  ],
  ["join(proc.name) = a", "error: unknown field transfomer 'join'\n | join(proc.name) = a\n | ^^^^^^^^^^^^^^^"],
  [
    'join(",", proc.name) = a',
    'error: join() second argument must be a list\n | join(",", proc.name) = a\n | ^^^^^^^^^^^^^^^^^^^^',
  ],
  [
    'getopt((proc.args), "a")[xy] = a',
    'error: getopt() field argument must be a single option character\n | getopt((proc.args), "a")[xy] = a\n | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^',
  ],
  [
    "proc.name pmatch val(proc.exe)",
    "error: operator 'PMATCH' doesn't support right-hand side fields\n | proc.name pmatch val(proc.exe)\n |                  ^^^^^^^^^^^^^",
  ],
  [
    "proc.name = val(proc.pid)",
    "error: field 'proc.name' has type 'CHARBUF' while the right-hand side field 'proc.pid' has incompatible type 'INT64'\n | proc.name = val(proc.pid)\n |             ^^^^^^^^^^^^^",
  ],
  [
    "fd.ip = val(fd.sip)",
    "error: field 'fd.ip' doesn't support right-hand side fields\n | fd.ip = val(fd.sip)\n |         ^^^^^^^^^^^",
  ],
  [
    "fd.sip = val(fd.ip)",
    "error: field 'fd.ip' can't be used as a right-hand side field\n | fd.sip = val(fd.ip)\n |          ^^^^^^^^^^",
  ],
  [
    "fd.snet = val(fd.sip)",
    "error: field type 'IPNET' doesn't support right-hand side fields\n | fd.snet = val(fd.sip)\n |           ^^^^^^^^^^^",
  ],
  [
    "proc.name = proc.pname",
    "warning: 'proc.pname' may be a valid field misused as a const string value\n | proc.name = proc.pname\n |             ^^^^^^^^^^",
  ],
  [
    'proc.name = "tolower( proc.pname )"',
    "warning: 'tolower( proc.pname )' may be a valid field transformer misused as a const string value\n | proc.name = \"tolower( proc.pname )\"\n |             ^^^^^^^^^^^^^^^^^^^^^^^",
  ],
  [
    "proc.name regex .*sh",
    "warning: regex check with '.*sh' may be optimized with simpler operators such as '=', 'contains', 'startswith', 'endswith'\n | proc.name regex .*sh\n |                 ^^^^",
  ],
  [
    "evt.latency > 5",
    "warning: field is not available due to the drop of enter events.\n | evt.latency > 5\n | ^^^^^^^^^^^",
  ],
] as const)("%s", (source, expected) => {
  expect(shown(source)).toBe(expected);
});

test.each([
  "proc.pid = -1",
  'proc.pid = "5"',
  "user.uid != -1",
  "fd.sport in (http, 443, 99999)",
  "fd.sip in (10.0.0.1, ::1)",
  "fd.snet in (10.0.0.0/8, fe80::/10)",
  "evt.type in (open, prlimit64, NA, syscall, container)",
  "proc.name < 5",
  "proc.name regex a+b",
  "proc.aname[2] startswith a",
  "evt.buffer bcontains 00ff",
  "len(fd.types) = 3",
  'tolower(("A", proc.name)) intersects (a)',
  'getopt((proc.args), "ab:")[b] = x',
  "proc.name in val(proc.pname)",
  "container.id != host and k8s.ns.name = x",
  "util.cnt > 3",
] as const)("nothing is wrong with %s", (source) => {
  expect(check(source)).toEqual([]);
});

test.each([
  ["fd.sport = 99999999999", "stoi"],
  ["tolower(proc.name, proc.exe) = a", "unknown multivalue transformer"],
] as const)("what makes Falco end is fatal: %s", (source, message) => {
  expect(check(source)).toMatchObject([{ severity: "error", kind: "fatal", message }]);
});

test.each([
  ["ka.verb != <NA>", true],
  ["ka.verb in (a, <NA>)", true],
  ["jevt.value[/a] pmatch (<NA>)", true],
  ["ka.verb contains <NA>", false],
  ["ka.verb = anyof (<NA>)", false],
  ["evt.source = <NA>", false],
] as const)("comparing audit fields with <NA> is unsafe: %s", (source, unsafe) => {
  expect(check(source, { source: "k8s_audit" }).some(({ kind }) => kind === "unsafe-na-check")).toBe(unsafe);
});

test("as Falco, the first error hides what comes after and every warning about values; all shows them", () => {
  const source = "evt.dir = < and proc.name = proc.pname and proc.x = 1 and proc.y = 2";
  const kinds = (options: CheckOptions): string[] => check(source, options).map(({ kind }) => kind);
  expect(kinds({ source: "syscall" })).toEqual(["deprecated-field", "unknown-field"]);
  expect(kinds({ source: "syscall", all: true })).toEqual([
    "deprecated-field",
    "unknown-field",
    "unknown-field",
    "misused-value",
  ]);
});

test.each([
  ["proc.name = oneof (a)", 58, "modifier 'oneof' needs engine 0.62.0"],
  ['concat(proc.name, "x") = a', 58, "transformer 'concat' needs engine 0.62.0"],
  ["proc.name regex a+", 40, "operator 'regex' needs engine 0.43.0"],
  ["proc.aargs contains a", 46, "filter_check called with nonexistent field proc.aargs"],
  ["proc.aargs contains a", 50, undefined],
] as const)("%s for engine 0.%i: %s", (source, engine, message) => {
  expect(check(source, { source: "syscall", engine })[0]?.message).toBe(message);
});

test("a finding inside a macro names the way there, with its place in the macro's own text", () => {
  const texts = { inner: "proc.nmae = a", outer: "x.y = 1 or inner" };
  const macros = new Map<string, Node>(Object.entries(texts).map(([name, text]) => [name, parsed(text)]));
  const { node } = resolveMacros(parsed("evt.type = open and outer"), macros);
  const findings = checkCondition(node, { source: "syscall", all: true });
  expect(findings.map(({ macros, span }) => [...macros, span.start])).toEqual([
    ["outer", 0],
    ["outer", "inner", 0],
  ]);
});

test("Falco's place of an error is the start of the whole check, of a warning its right-hand side", () => {
  expect(check("not (proc.pid = x)")[0]).toMatchObject({ falcoOffset: 5 });
  expect(check("not proc.name in (a, proc.pname)")[0]).toMatchObject({ falcoOffset: 17 });
});

test("a source knows its own fields only", () => {
  expect(check("ka.verb = get")[0]?.message).toBe("filter_check called with nonexistent field ka.verb");
  expect(check("ka.verb = get", { source: "k8s_audit" })).toEqual([]);
  expect(check("proc.name = a", { source: "k8s_audit" })[0]?.message).toBe(
    "filter_check called with nonexistent field proc.name",
  );
});

test("no condition makes the check fail", () => {
  fc.assert(
    fc.property(conditions, (text) => {
      const { node } = parseCondition(text);
      if (node !== undefined) checkCondition(node, { source: "syscall", all: true });
    }),
  );
});
