import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFormatter } from "../../src/condition/format-output.ts";
import { parseOutput } from "../../src/condition/parse-output.ts";
import { printCondition } from "../../src/condition/print-condition.ts";
import { wildText } from "./generators.ts";
import { type PlainEvent, plainSource } from "./plain-source.ts";

const SYSCALL = { source: "syscall" };

/** Pieces, fields in brackets with their width. */
function pieces(format: string): string {
  const { output, error } = parseOutput(format, SYSCALL);
  if (output === undefined) return `${error.message} at ${error.span.start}`;
  return output.parts
    .map((part) => (part.kind === "text" ? part.text : `{${printCondition(part.field)}|${part.width}}`))
    .join("");
}

test.each([
  ["shell in %proc.name (user=%user.name)", "shell in {proc.name|0} (user={user.name|0})"],
  ["*%proc.name", "{proc.name|0}"],
  ["%20proc.name|%010fd.name", "{proc.name|20}|{fd.name|10}"],
  ["%proc.name.foo", "{proc.name|0}.foo"],
  ["%proc.namefoo", "{proc.name|0}foo"],
  ["%proc.aname[2]%proc.aname", "{proc.aname[2]|0}{proc.aname|0}"],
  ["%proc.aname[2", "{proc.aname|0}[2"],
  ["%proc.name[x]", "{proc.name|0}[x]"],
  ["%evt.arg.flagsx", "{evt.arg.flags|0}x"],
  ["%tolower(proc.name)s", "{tolower(proc.name)|0}s"],
  ['%getopt(("-a"),"a")[ab]', "{getopt((-a),a)|0}[ab]"],
  ["no fields", "no fields"],
  ["", "empty formatting token at 0"],
  ["50% off", "unknown filter: unexpected token after ' at 2"],
  ["%%proc.name", "unknown filter: unexpected token after ' at 0"],
  ["%nosuch.field", "unknown filter: unexpected token after ' at 0"],
  ["%tolower(proc.nmae)", "unknown filter: unexpected token after ' at 0"],
  ["%container.mount", "unknown filter: unexpected token after ' at 0"],
  ["a%", "invalid formatting syntax: formatting cannot end with a % at 1"],
  ["a%12", "invalid formatting syntax: formatting cannot end with a number at 1"],
  ["%tolower(proc.name, fd.name)", "unknown multivalue transformer at 0"],
] as const)("%j is read as %s", (format, expected) => {
  expect(pieces(format)).toBe(expected);
});

test.each([
  ["%proc.name %proc.name", ["proc.name", "proc.name"]],
  ["%proc.aname[2]", ["proc.aname[2]"]],
  ["%tolower(proc.name)", ["proc.name", "tolower(proc.name)"]],
  ["%toupper(tolower(proc.name))", ["proc.name", "toupper(tolower(proc.name))"]],
  ['%concat(tolower(proc.exe), "a b")', ["proc.exe", 'concat(tolower(proc.exe),"a b")']],
  [
    "%concat(tolower(proc.exe), proc.name)",
    ["proc.exe", "tolower(proc.exe)", "proc.name", "concat(tolower(proc.exe),proc.name)"],
  ],
] as const)("%j lists the fields %j", (format, names) => {
  expect(parseOutput(format, SYSCALL).output?.fields.map(({ name }) => name)).toEqual(names);
});

function formatted(format: string, event: PlainEvent): readonly [string, unknown] {
  const { output, error } = parseOutput(format, SYSCALL);
  if (output === undefined) throw new Error(error.message);
  const formatter = createFormatter(output, plainSource());
  return [formatter.text(event), formatter.fields(event)];
}

describe("formatting", () => {
  test.each([
    ["%proc.name", { "proc.name": "sh" }, "sh", { "proc.name": "sh" }],
    ["%proc.name", {}, "<NA>", { "proc.name": null }],
    ["[%4proc.name]", { "proc.name": "sh" }, "[sh  ]", { "proc.name": "sh" }],
    ["[%4proc.name]", { "proc.name": "systemd" }, "[syst]", { "proc.name": "systemd" }],
    ["[%3proc.name]", { "proc.name": "ää" }, "[ä\udcc3]", { "proc.name": "ää" }],
    ["[%6proc.name]", {}, "[<NA>  ]", { "proc.name": null }],
    ["%proc.pid %evt.is_io", { "proc.pid": 7n, "evt.is_io": true }, "7 true", { "proc.pid": 7n, "evt.is_io": true }],
    ["%evt.rawtime.ns", { "evt.rawtime.ns": 42n }, "000000042", { "evt.rawtime.ns": 42n }],
    ["%fd.dev", { "fd.dev": 0x801 }, "801", { "fd.dev": "801" }],
    ["%evt.time", { "evt.time": "12:00:00.5", "evt.rawtime": 9n }, "12:00:00.5", { "evt.time": 9n }],
    ["%fd.sip", { "fd.sip": Uint8Array.of(10, 0, 0, 1) }, "10.0.0.1", { "fd.sip": "10.0.0.1" }],
    ["%fd.sip", { "fd.sip": Uint8Array.from([...Array(15).fill(0), 1]) }, "::1", { "fd.sip": "::1" }],
    ["%fd.snet", { "fd.snet": Uint8Array.of(10, 0, 0, 1) }, "<IPNET>", { "fd.snet": "<IPNET>" }],
    [
      "%fd.ip %fd.port",
      { "fd.ip": [Uint8Array.of(1, 2, 3, 4)], "fd.port": [1] },
      "<NA> <NA>",
      { "fd.ip": null, "fd.port": null },
    ],
    ["%fd.types", { "fd.types": ["file", "ipv4"] }, "(file,ipv4)", { "fd.types": ["file", "ipv4"] }],
    ["%proc.aname", { "proc.aname": ["sh", "sshd"] }, "sh sshd", { "proc.aname": "sh sshd" }],
    ["%proc.apid", { "proc.apid": [5n, 1n], "proc.apid[0]": 9n }, "9", { "proc.apid": 9n }],
    ["%evt.buffer", { "evt.buffer": Uint8Array.of(71, 0, 255, 126) }, "G..~", { "evt.buffer": "G..~" }],
    ["%tolower(proc.name)", { "proc.name": "SH" }, "sh", { "proc.name": "SH" }],
    ["%len(proc.name)", { "proc.name": "sh" }, "<NA>", { "proc.name": "sh" }],
    ["%thread.cpu", { "thread.cpu": 12.25 }, "12.3", { "thread.cpu": 12.25 }],
    ["%evt.type.is.open", { "evt.type.is.open": 1 }, "<NA>", { "evt.type.is.open": null }],
  ] as const)("%j of %o is %j", (format, event, text, fields) => {
    expect(formatted(format, event)).toEqual([text, fields]);
  });

  test("output fields are sorted by name", () => {
    const [, fields] = formatted("%proc.name %evt.num %fd.name", {});
    expect(Object.keys(fields as object)).toEqual(["evt.num", "fd.name", "proc.name"]);
  });

  test("long lists and buffers are cut where the engine's room ends", () => {
    const [list] = formatted("%fd.types", { "fd.types": new Array<string>(500).fill("file") });
    const [buffer] = formatted("%evt.buffer", { "evt.buffer": new Uint8Array(5_000).fill(65) });
    expect([list.length, buffer.length]).toEqual([1_023, 1_021]);
  });

  test("a width beyond reason is brought down", () => {
    expect(formatted("%99999999999999proc.name", { "proc.name": "a" })[0]).toHaveLength(65_536);
  });
});

test("no format makes the reader fail", () => {
  const format = fc
    .array(fc.oneof(fc.constantFrom("%", "%5", "%proc.name", "%tolower("), wildText))
    .map((all) => all.join(""));
  fc.assert(
    fc.property(format, (text) => {
      const { output, error } = parseOutput(text, SYSCALL);
      expect(output === undefined).not.toBe(error === undefined);
    }),
  );
});

test.each(["%proc.name", `%proc.name${"a".repeat(500)}`, "%a.b[1]", "%tolower(proc.aname[1],", "%"] as const)(
  "a long format of %s is read in one go",
  (piece) => {
    expect(() => parseOutput(piece.repeat(Math.ceil(200_000 / piece.length)), SYSCALL)).not.toThrow();
  },
);
