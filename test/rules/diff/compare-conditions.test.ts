import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Node } from "../../../src/condition/ast.ts";
import { parseCondition } from "../../../src/condition/parse-condition.ts";
import { compareConditions, covers, isContradiction, neverHolds } from "../../../src/rules/diff/compare-conditions.ts";

function tree(text: string): Node {
  const { node, error } = parseCondition(text);
  if (node === undefined) throw new Error(error.message);
  return node;
}

describe("how two conditions relate", () => {
  test.each([
    // form makes no difference
    ["proc.name in (a, b)", "proc.name = b or proc.name = a", "same"],
    ["proc.name = a and evt.type = open", "(evt.type=open) and ((proc.name == a))", "same"],
    ["not (proc.name = a or proc.name = b)", "not proc.name in (b, a, a)", "same"],
    ["not (proc.name = a and user.name = b)", "not user.name = b or not proc.name = a", "same"],
    ["user.uid != -1", "user.uid != 4294967295", "same"],
    ["fd.num = 007", "fd.num = 7", "same"],
    ["fd.name pmatch (/etc, /etc/ssh)", "fd.name pmatch (/etc/)", "same"],
    ["proc.name = anyof (a, b)", "proc.name in (a, b)", "same"],
    ["proc.name != allof (a, b)", "proc.name exists and not proc.name in (a, b)", "same"],
    ["evt.type = open and evt.num >= 0", "evt.type = open", "same"],
    ["proc.name startswith ab and proc.name startswith a", "proc.name startswith ab", "same"],
    ["evt.type = open and fd.num > 3 and fd.num >= 3", "fd.num > 3 and evt.type = open", "same"],
    // absent fields pass no check: != is not the negation of =
    ["proc.name != a", "not proc.name = a", "wider"],
    ["proc.name != a", "proc.name exists", "wider"],
    ["evt.is_open_read = true", "not evt.is_open_read = false", "wider"],
    ["evt.is_open_read exists", "evt.is_open_read = true or evt.is_open_read = false", "same"],
    // less and more
    ["proc.name in (a, b)", "proc.name in (a, b, c)", "wider"],
    ["proc.name = a", "proc.name = a and user.name = b", "narrower"],
    ["proc.name = a", "proc.name = a and not user.name = b", "narrower"],
    ["fd.name startswith /etc", "fd.name startswith /etc/ssh", "narrower"],
    ["fd.name startswith /etc", "fd.name = /etc/shadow", "narrower"],
    ["fd.name contains ssh", "fd.name endswith .ssh", "narrower"],
    ["fd.name startswith /home/", "fd.name glob /home/*/.ssh", "narrower"],
    ["fd.num > 3", "fd.num > 1", "wider"],
    ["evt.type = open or evt.num = 0", "evt.type in (open, openat)", "wider"],
    // each something the other has not
    ["proc.name = a", "proc.name = b", "different"],
    ["proc.name regex a+", "proc.name regex a*", "different"],
    ["fd.ip = 1.2.3.4", "fd.ip in (1.2.3.4)", "different"],
    ["proc.aname != a", "not proc.aname = a", "different"],
    ["fd.sport = ssh", "fd.sport = 22", "different"],
  ] as const)("%s → %s: %s", (before, after, relation) => {
    expect(compareConditions(tree(before), tree(after), "syscall").relation).toBe(relation);
    const opposite = { narrower: "wider", wider: "narrower", same: "same", different: "different" } as const;
    expect(compareConditions(tree(after), tree(before), "syscall").relation).toBe(opposite[relation]);
  });

  test("names checks of an event that is lost or gained", () => {
    const [before, after] = [
      tree("evt.type = open and proc.name in (a, b)"),
      tree("evt.type = open and proc.name in (b, c)"),
    ];
    expect(compareConditions(before, after, "syscall")).toEqual({
      relation: "different",
      lost: ["evt.type = open", "proc.name = a"],
      gained: ["evt.type = open", "proc.name = c"],
    });
  });

  test("a rule that does not run matches nothing", () => {
    expect(compareConditions(tree("evt.type = open"), undefined, "syscall").relation).toBe("narrower");
    expect(compareConditions(undefined, tree("evt.num = 0"), "syscall").relation).toBe("same");
  });
});

describe("contradictions", () => {
  test.each([
    ["evt.type = open and evt.type = close", true],
    ["evt.type = open and evt.type in (open, close)", false],
    ["proc.name = a and not proc.name exists", true],
    ["fd.num > 5 and fd.num < 3", true],
    ["fd.num > 3 and fd.num < 5", false],
    ["fd.name startswith /etc and fd.name startswith /usr", true],
    ["fd.name startswith /etc and fd.name startswith /etc/x", false],
    ["proc.aname = a and proc.aname = b", false],
    ["fd.ip = 1.1.1.1 and fd.ip = 2.2.2.2", false],
    ["evt.type = open and evt.num = 0", false],
    ["proc.name in ()", false],
  ] as const)("%s: %s", (condition, expected) => {
    expect(isContradiction(tree(condition), "syscall")).toBe(expected);
  });

  test("a switch that is off is no contradiction, but never holds", () => {
    expect(neverHolds(tree("evt.type = open and evt.num = 0"), "syscall")).toBe(true);
    expect(neverHolds(tree("evt.type = open and evt.num >= 0"), "syscall")).toBe(false);
  });
});

describe("fields that are compared with many values", () => {
  const values = Array.from({ length: 40 }, (_, at) => `v${at}`);
  const isOneOf = (names: readonly string[]) => `proc.name in (${names.join(", ")})`;

  test.each([
    ["two of them at once", `${isOneOf(values)} and proc.name = v0 and proc.name = v39`, true],
    ["neighbours at once", `${isOneOf(values)} and proc.name = v20 and proc.name = v21`, true],
    ["one of two disjoint halves", `${isOneOf(values.slice(0, 20))} and ${isOneOf(values.slice(20))}`, true],
    ["one of two halves that share one", `${isOneOf(values.slice(0, 21))} and ${isOneOf(values.slice(20))}`, false],
  ])("%s", (_what, condition, expected) => {
    expect(isContradiction(tree(condition), "syscall")).toBe(expected);
  });
});

test("covers: the outer matches all that the inner does", () => {
  expect(covers(tree("evt.type = open"), tree("proc.name = a and evt.type = open"), "syscall")).toBe(true);
  expect(covers(tree("proc.name = a and evt.type = open"), tree("evt.type = open"), "syscall")).toBe(false);
});

describe("agrees with trying every event", () => {
  const VALUES = ["a", "ab", "b"] as const;
  const FIELDS = ["proc.name", "proc.pname"] as const;
  const check = fc.record({
    field: fc.constantFrom(...FIELDS),
    operator: fc.constantFrom("=", "!=", "startswith", "contains", "exists", "in"),
    values: fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 3 }),
  });
  const { condition } = fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 4 },
      check.map(({ field, operator, values }) => {
        if (operator === "exists") return `${field} exists`;
        return `${field} ${operator} ${operator === "in" ? `(${values.join(", ")})` : values[0]}`;
      }),
      fc
        .tuple(tie("condition"), fc.constantFrom("and", "or"), tie("condition"))
        .map(([a, op, b]) => `(${a}) ${op} (${b})`),
      tie("condition").map((inner) => `not (${inner})`),
    ),
  }));
  type Event = Readonly<Partial<Record<string, string>>>;

  function matches(node: Node, event: Event): boolean {
    switch (node.kind) {
      case "and":
        return node.children.every((child) => matches(child, event));
      case "or":
        return node.children.some((child) => matches(child, event));
      case "not":
        return !matches(node.child, event);
      case "exists":
        return node.left.kind === "field" && event[node.left.name] !== undefined;
      case "comparison": {
        const value = node.left.kind === "field" ? event[node.left.name] : undefined;
        if (value === undefined) return false;
        const texts =
          node.right.kind === "list"
            ? node.right.values.map(({ text }) => text)
            : node.right.kind === "value"
              ? [node.right.text]
              : [];
        const [text = ""] = texts;
        if (node.operator === "!=") return value !== text;
        if (node.operator === "startswith") return value.startsWith(text);
        if (node.operator === "contains") return value.includes(text);
        return texts.includes(value);
      }
      default:
        throw new Error(node.kind);
    }
  }

  // "abx" and "xb" pass other checks than the named values do; "z" passes none.
  const worlds = [undefined, ...VALUES, "abx", "ax", "xa", "xab", "xb", "bx", "xabx", "z"];
  const events = worlds.flatMap((name) =>
    worlds.map((parent): Event => {
      return {
        ...(name === undefined ? {} : { "proc.name": name }),
        ...(parent === undefined ? {} : { "proc.pname": parent }),
      };
    }),
  );

  test("on every pair of conditions over two fields", () => {
    fc.assert(
      fc.property(condition, condition, (first, second) => {
        const [a, b] = [tree(first), tree(second)];
        const lost = events.some((event) => matches(a, event) && !matches(b, event));
        const gained = events.some((event) => matches(b, event) && !matches(a, event));
        const { relation } = compareConditions(a, b, "syscall");
        // A difference that an event shows is never missed; one that is told may need an event not tried here.
        if (lost && gained) expect(relation).toBe("different");
        else if (lost) expect(["narrower", "different"]).toContain(relation);
        else if (gained) expect(["wider", "different"]).toContain(relation);
        if (relation === "same") expect([lost, gained]).toEqual([false, false]);
      }),
      { numRuns: 400 },
    );
  });
});
