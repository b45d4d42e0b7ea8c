import fc from "fast-check";
import { expect, test } from "vitest";
import { SETTABLE_STATES } from "../../src/compliance/checklist.ts";
import { foldChecklist } from "../../src/compliance/fold-checklist.ts";
import { SKILL, TEMPLATE } from "./template.ts";

const at = "2026-11-24T12:00:00.000Z";
const CREATION = JSON.stringify({
  v: 1,
  op: "create",
  id: "c",
  at,
  by: { kind: "agent", name: "a" },
  title: "t",
  skill: SKILL,
  template: TEMPLATE,
});

const line = fc
  .record({
    item: fc.constantFrom("V1", "V2", "C1", "C2", "X9"),
    state: fc.constantFrom(...SETTABLE_STATES),
    reason: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
    name: fc.constantFrom("a", "b"),
  })
  .map(({ name, ...change }) => ({ v: 1, op: "item", at, by: { kind: "agent", name }, evidence: [], ...change }));
const lines = fc
  .array(line, { maxLength: 30 })
  .map((all) => all.map((one, n) => JSON.stringify({ ...one, id: `n${n}` })));

const fold = (all: readonly string[], end = "\n") => {
  const folded = foldChecklist([CREATION, ...all].join("\n") + end);
  if (typeof folded === "string") throw new Error(folded);
  return folded;
};

test("every change is in the history or among the warnings, in the order of the file", () => {
  fc.assert(
    fc.property(lines, (all) => {
      const { history } = fold(all);
      const order = history.map(({ id }) => Number(id.slice(1)));
      expect(order).toEqual([...order].sort((a, b) => a - b));
      const refused = all.filter((text) => {
        const { item, state, reason } = JSON.parse(text);
        const verdict = item === "V2" && (state === "done" || state === "failed");
        return (
          item === "X9" || verdict || ((state === "blocked" || state === "not-applicable") && reason === undefined)
        );
      });
      expect(history).toHaveLength(all.length - refused.length);
    }),
  );
});

test("the state of an item is that of its last change; changes of other items do not touch it", () => {
  fc.assert(
    fc.property(lines, (all) => {
      const whole = fold(all);
      for (const { template, state } of whole.items) {
        const alone = fold(all.filter((text) => JSON.parse(text).item === template.id));
        expect(alone.items.find((item) => item.template.id === template.id)?.state).toBe(state);
        const last = whole.history.filter(({ item }) => item === template.id).at(-1)?.state ?? "open";
        expect(state).toBe(template.kind === "auto" && last === "open" ? "not-evaluated" : last);
      }
    }),
  );
});

test("an automatic item is never done or failed, and nothing is ever attested or tested", () => {
  fc.assert(
    fc.property(lines, (all) => {
      const { items, progress } = fold(all);
      expect(["done", "failed"]).not.toContain(items[1]?.state);
      expect(progress.byStanding).toMatchObject({ attested: 0, tested: 0 });
    }),
  );
});

test("the counts add up", () => {
  fc.assert(
    fc.property(lines, (all) => {
      const { progress } = fold(all);
      const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
      expect([sum(progress.byState), sum(progress.byStanding)]).toEqual([progress.total, progress.total]);
      expect(progress.settled).toBe(progress.byState.done + progress.byState["not-applicable"]);
    }),
  );
});

test("lines written twice, empty lines and foreign lines change nothing but the warnings", () => {
  fc.assert(
    fc.property(lines, fc.array(fc.string({ maxLength: 40 }), { maxLength: 5 }), (all, noise) => {
      const plain = fold(all);
      const strangers = noise.map((text) => text.replaceAll("\n", " "));
      const noisy = fold([...all.flatMap((text) => [text, "", text]), ...strangers]);
      expect(noisy.items).toEqual(plain.items);
      expect(noisy.history).toEqual(plain.history);
      expect(noisy.warnings.length).toBeLessThanOrEqual(22);
    }),
  );
});

test("a file cut anywhere behind its first line folds to a beginning of its history", () => {
  fc.assert(
    fc.property(lines, fc.nat(), (all, cut) => {
      const text = `${[CREATION, ...all].join("\n")}\n`;
      const short = foldChecklist(text.slice(0, Math.max(CREATION.length, cut % (text.length + 1))));
      if (typeof short === "string") throw new Error(short);
      const whole = fold(all).history;
      expect(short.history).toEqual(whole.slice(0, short.history.length));
    }),
  );
});

test("no text makes it throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void foldChecklist(text)));
  fc.assert(fc.property(fc.json(), (text) => void foldChecklist(`${CREATION}\n${text}`)));
});

test.each([
  "",
  "\n",
  "{}",
  "null",
  "[]",
  CREATION.slice(0, -1),
  CREATION.replace('"v":1', '"v":2'),
  CREATION.replace('"op"', '"x":1,"op"'),
])("a first line that is no creation is said: %.20s", (text) => {
  expect(foldChecklist(text)).toBe("its first line is no creation of a checklist");
});
