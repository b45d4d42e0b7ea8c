import fc from "fast-check";
import { expect, test } from "vitest";
import type { Node } from "../../src/condition/ast.ts";
import { compileCondition } from "../../src/condition/compile-condition.ts";
import { narrowCondition } from "../../src/condition/narrow-condition.ts";
import { printCondition } from "../../src/condition/print-condition.ts";
import { resolveMacros } from "../../src/condition/resolve-macros.ts";
import { conditions } from "./generators.ts";
import { parsed } from "./parsed.ts";
import { plainSource } from "./plain-source.ts";

const OPEN = { "evt.type": "open", "evt.dir": "<" };

test.each([
  ["evt.type = open and proc.name = a", "proc.name = a"],
  ["evt.type in (open, openat) and proc.name = a and fd.num > 3", "(proc.name = a and fd.num > 3)"],
  ["evt.type = close and proc.name = a", "false"],
  ["evt.type = close or proc.name = a", "proc.name = a"],
  ["evt.type != close or proc.name = a", "true"],
  ["not evt.type in (open) or proc.name = a", "proc.name = a"],
  ["not (evt.type = open and proc.name = a)", "not proc.name = a"],
  ["evt.type exists and evt.dir = <", "true"],
  ["evt.type startswith anyof (op, cl)", "true"],
  ["evt.type = val(proc.name)", "evt.type = val(proc.name)"],
  ["proc.name = a or proc.name = b", "(proc.name = a or proc.name = b)"],
  ["opened and proc.name = a", "(fd.num >= 0 and proc.name = a)"],
] as const)("in an open, %s is %s", (source, expected) => {
  const macros = new Map<string, Node>([["opened", parsed("evt.type = open and fd.num >= 0")]]);
  const narrowed = narrowCondition(resolveMacros(parsed(source), macros).node, OPEN);
  expect(typeof narrowed === "boolean" ? String(narrowed) : printCondition(narrowed)).toBe(expected);
});

test("what does not change stays the same object, and so does what was narrowed before", () => {
  const node = parsed("proc.name = a and not fd.num > 3");
  expect(narrowCondition(node, OPEN)).toBe(node);
  const other = parsed("evt.type = open and proc.name = a and fd.num > 3");
  expect(narrowCondition(other, OPEN)).toBe(narrowCondition(other, OPEN));
});

test("a narrowed condition has the verdict of the whole one", () => {
  const name = fc.constantFrom("a", "b", "/", "proc");
  const macros = new Map<string, Node>([["macro_a", parsed("proc.name in (a, b) or fd.name exists")]]);
  fc.assert(
    fc.property(
      conditions,
      name,
      fc.record({ "fd.name": name, "proc.exe": name }, { requiredKeys: [] }),
      (text, process, rest) => {
        const { node } = resolveMacros(parsed(text), macros);
        const source = plainSource();
        const event = { ...rest, "proc.name": process };
        const narrowed = narrowCondition(node, { "proc.name": process });
        const verdict =
          typeof narrowed === "boolean" ? narrowed : compileCondition(narrowed, source, { source: "syscall" })(event);
        expect(verdict).toBe(compileCondition(node, source, { source: "syscall" })(event));
      },
    ),
  );
});
