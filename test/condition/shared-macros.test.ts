import { expect, test } from "vitest";
import type { Node } from "../../src/condition/ast.ts";
import { type CheckOptions, checkCondition } from "../../src/condition/check-condition.ts";
import { conditionFacts } from "../../src/condition/condition-facts.ts";
import { eventTypesOf } from "../../src/condition/event-types-of.ts";
import { resolveMacros } from "../../src/condition/resolve-macros.ts";
import { parsed } from "./parsed.ts";

/** Conditions over one macro m, whose tree they share, as the rules of a set do. */
function sharing(macro: string, ...texts: readonly string[]): Node[] {
  const macros = new Map([["m", parsed(macro)]]);
  return texts.map((text) => resolveMacros(parsed(text), macros).node);
}

/** What is found in each, one after the other: what was seen in an earlier one must not change what is said of a later. */
function kindsInTurn(nodes: readonly Node[], options: readonly CheckOptions[]): string[][] {
  return nodes.map((node, turn) =>
    checkCondition(node, options[turn] ?? { source: "syscall" }).map(({ kind }) => kind),
  );
}

const SYSCALL = { source: "syscall" };
const AUDIT = { source: "k8s_audit" };
const OLD = { source: "syscall", engine: 40 };
const NEW = { source: "syscall", engine: 63 };

test.each([
  ["two sources, the fitting one first", "proc.name = a", [SYSCALL, AUDIT, SYSCALL], [[], ["unknown-field"], []]],
  [
    "two sources, the fitting one last",
    "proc.name = a",
    [AUDIT, SYSCALL, AUDIT],
    [["unknown-field"], [], ["unknown-field"]],
  ],
  [
    "a warning for one source only",
    "ka.verb = <NA>",
    [SYSCALL, AUDIT],
    [["unsafe-na-check", "unknown-field"], ["unsafe-na-check"]],
  ],
  ["two engines, the newer first", "len(proc.name) > 3", [NEW, OLD, NEW], [[], ["engine-version"], []]],
  ["two engines, the older first", "len(proc.name) > 3", [OLD, NEW, OLD], [["engine-version"], [], ["engine-version"]]],
  ["an engine and none", "len(proc.name) > 3", [SYSCALL, OLD], [[], ["engine-version"]]],
] as const)("a macro used under %s", (_, macro, options, expected) => {
  const texts = options.map((_option, index) => `evt.num = ${index} or m`);
  expect(kindsInTurn(sharing(macro, ...texts), options)).toEqual(expected);
});

test.each([
  ["twice in one rule", ["m or not m"], [["deprecated-field"]]],
  ["in two rules", ["m and evt.num = 1", "m and evt.num = 2"], [["deprecated-field"], ["deprecated-field"]]],
  ["behind itself, then alone", ["evt.dir = < and m", "m"], [["deprecated-field"], ["deprecated-field"]]],
  ["before itself, then alone", ["m and evt.dir = <", "m"], [["deprecated-field"], ["deprecated-field"]]],
] as const)("a deprecated field that a macro holds is told once a rule: %s", (_, texts, expected) => {
  expect(kindsInTurn(sharing("evt.dir = <", ...texts), [])).toEqual(expected);
});

test("a macro that was looked into behind a finding is looked into again", () => {
  const nodes = sharing("evt.latency > 1 or evt.dir = <", "evt.dir = < and m", "evt.latency > 1 and m", "m");
  const named = nodes.map((node) => checkCondition(node, SYSCALL).map(({ deprecatedField }) => deprecatedField));
  expect(named).toEqual(Array.from({ length: 3 }, () => ["evt.dir", "evt.latency"]));
});

test("the way to a finding is that of the rule it is told for", () => {
  const macros = new Map<string, Node>([["inner", parsed("proc.nmae = a")]]);
  macros.set("outer", resolveMacros(parsed("inner"), macros).node);
  const ways = ["inner", "outer"].map((text) => checkCondition(resolveMacros(parsed(text), macros).node, SYSCALL));
  expect(ways.map(([first]) => first?.macros)).toEqual([["inner"], ["outer", "inner"]]);
});

test("a macro allows other events where it is negated, whichever is asked for first", () => {
  const [plain, negated, again] = sharing("evt.type = open", "m", "not m", "m");
  const counts = [plain, negated, again].map((node) => (node === undefined ? {} : eventTypesOf(node)));
  expect(counts).toEqual([
    expect.objectContaining({ names: ["asyncevent", "open"] }),
    expect.objectContaining({ names: expect.not.arrayContaining(["open"]) }),
    expect.objectContaining({ names: ["asyncevent", "open"] }),
  ]);
});

test("what a macro names counts in every condition that uses it", () => {
  const facts = sharing("evt.type = open", "m", "m and proc.name = a").map((node) => conditionFacts(node));
  expect(facts).toEqual([
    expect.objectContaining({ fields: ["evt.type"] }),
    expect.objectContaining({ fields: ["evt.type", "proc.name"] }),
  ]);
});
