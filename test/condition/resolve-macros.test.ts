import { expect, test } from "vitest";
import type { Node } from "../../src/condition/ast.ts";
import { printCondition } from "../../src/condition/print-condition.ts";
import { MAX_PARTS, resolveMacros } from "../../src/condition/resolve-macros.ts";
import { parsed } from "./parsed.ts";
import { treeText } from "./tree-text.ts";

function macrosOf(texts: Readonly<Record<string, string>>): ReadonlyMap<string, Node> {
  return new Map(Object.entries(texts).map(([name, text]) => [name, parsed(text)]));
}

test("a macro takes its own place, brackets and all", () => {
  const macros = macrosOf({ shell: "proc.name=sh or proc.name=bash", both: "shell and not shell" });
  const { node, used, unknown, loops } = resolveMacros(parsed("evt.type=execve and both"), macros);
  expect(printCondition(node)).toBe(
    "(evt.type = execve and ((proc.name = sh or proc.name = bash) and not (proc.name = sh or proc.name = bash)))",
  );
  expect(treeText(node)).toBe(
    `and
  = evt.type | execve
  macro both is
    and
      macro shell is
        or
          = proc.name | sh
          = proc.name | bash
      not
        macro shell is
          or
            = proc.name | sh
            = proc.name | bash
`,
  );
  expect([[...used], unknown, loops]).toEqual([["both", "shell"], [], []]);
});

test("a condition without macros is given back as it is", () => {
  const node = parsed("proc.name=a and not proc.name=b");
  expect(resolveMacros(node, new Map()).node).toBe(node);
});

test.each([
  ["nosuch and a.b=1", {}, [["nosuch", 0, []]], []],
  [
    "x or x",
    { x: "y" },
    [
      ["y", 0, ["x"]],
      ["y", 0, ["x"]],
    ],
    [],
  ],
  ["a", { a: "x.y=1 and b", b: "not a" }, [], [["a", 4, ["a", "b"]]]],
  ["a", { a: "a" }, [], [["a", 0, ["a"]]]],
] as const)("%s with %j: unknown %j, loops %j", (source, texts, unknown, loops) => {
  const resolved = resolveMacros(parsed(source), macrosOf(texts));
  const places = (found: typeof resolved.unknown): unknown[] =>
    found.map(({ name, span, macros }) => [name, span.start, [...macros]]);
  expect([places(resolved.unknown), places(resolved.loops)]).toEqual([unknown, loops]);
});

test("the messages are Falco's", () => {
  const { unknown, loops } = resolveMacros(parsed("a or nosuch"), macrosOf({ a: "a" }));
  expect(loops[0]?.message).toBe("reference loop in macro 'a'");
  expect(unknown[0]?.message).toBe("Undefined macro 'nosuch' used in filter.");
});

test("macros that double each other are stopped before they fill memory", () => {
  const texts: Record<string, string> = { m0: "a.b=1" };
  for (let index = 1; index < 40; index += 1) texts[`m${index}`] = `m${index - 1} or m${index - 1}`;
  const { loops } = resolveMacros(parsed("m39"), macrosOf(texts));
  expect(loops[0]?.message).toContain(`beyond ${MAX_PARTS} parts`);
});

test("a chain of 5,000 macros is stopped before the stack ends, whether its links are resolved one by one or at last", () => {
  const written = new Map<string, Node>([["m0", parsed("a.b=1")]]);
  const resolved = new Map(written);
  let stopped = 0;
  for (let index = 1; index <= 5_000; index += 1) {
    const node = parsed(`m${index - 1} and c.d=${index}`);
    written.set(`m${index}`, node);
    const link = resolveMacros(node, resolved);
    stopped += link.loops.length;
    resolved.set(`m${index}`, link.node);
  }
  expect(stopped).toBeGreaterThan(0);
  expect(resolveMacros(parsed("m5000"), written).loops).toHaveLength(1);
  expect(() => printCondition(resolveMacros(parsed("m5000"), resolved).node)).not.toThrow();
});
