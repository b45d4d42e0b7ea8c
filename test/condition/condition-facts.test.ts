import { expect, test } from "vitest";
import type { Node } from "../../src/condition/ast.ts";
import { conditionFacts } from "../../src/condition/condition-facts.ts";
import { resolveMacros } from "../../src/condition/resolve-macros.ts";
import { parsed } from "./parsed.ts";

const NOTHING = { fields: [], operators: [], lists: [], macros: [], eventNames: [], transformers: [] };

test.each([
  ["proc.name = a", { fields: ["proc.name"], operators: ["="] }],
  ['proc.env[""] exists', { fields: ["proc.env"], operators: ["exists"] }],
  ["proc.aname[2] exists", { fields: ["proc.aname[2]"], operators: ["exists"] }],
  ["evt.type in (open, shells)", { fields: ["evt.type"], operators: ["in"], lists: ["shells"], eventNames: ["open"] }],
  ["fd.name startswith anyof (shells)", { fields: ["fd.name"], operators: ["startswith anyof"], lists: ["shells"] }],
  ["spawned or nosuch", { macros: ["spawned"] }],
  [
    'len(join(",", (proc.exe, fd.name))) > 3',
    { fields: ["fd.name", "proc.exe"], operators: [">"], transformers: ["join", "len"] },
  ],
  ["proc.name = val(proc.pname)", { fields: ["proc.name", "proc.pname"], operators: ["="], transformers: ["val"] }],
] as const)("%s names %j", (source, facts) => {
  const known = { macros: new Set(["spawned"]), lists: new Set(["shells"]) };
  expect(conditionFacts(parsed(source), known)).toEqual({ ...NOTHING, ...facts });
});

test("resolved macros count with what they hold", () => {
  const macros = new Map<string, Node>([["spawned", parsed("evt.type = execve")]]);
  const { node } = resolveMacros(parsed("spawned and proc.name = a"), macros);
  expect(conditionFacts(node)).toMatchObject({ fields: ["evt.type", "proc.name"], eventNames: ["execve"] });
});

test.each([
  ['concat("a", "b") = ab', "can't find field info in binary check expression"],
  ['tolower("a") exists', "can't find field info in unary check expression"],
] as const)("%s cannot be described: %s", (source, message) => {
  expect(conditionFacts(parsed(source))).toEqual({ message });
});
