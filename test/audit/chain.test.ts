import { expect, test } from "vitest";
import { chainFrom } from "../../src/audit/chain.ts";

type Row = readonly [prev: string, leaf: string, seq: number, writer?: string];
const START: Row[] = [
  ["-", "a", 0],
  ["a", "b", 1],
  ["b", "c", 2],
];

test.each<{ what: string; rows: readonly Row[]; seen: (string | undefined)[]; forkedAt?: number }>([
  { what: "records that follow", rows: [["c", "d", 3]], seen: [undefined] },
  { what: "another record before", rows: [["x", "d", 3]], seen: ["wrong-prev"] },
  { what: "a gap in the numbers", rows: [["c", "d", 4]], seen: ["wrong-seq"] },
  { what: "a record again", rows: [["b", "c", 2]], seen: ["replayed"] },
  { what: "a second child by the same writer", rows: [["b", "x", 2]], seen: ["wrong-seq"] },
  { what: "a second child by another writer", rows: [["b", "x", 2, "q"]], seen: [undefined], forkedAt: 3 },
  {
    what: "two branches in turn",
    rows: [
      ["b", "x", 2, "q"],
      ["c", "d", 3],
      ["x", "y", 3, "q"],
      ["d", "e", 4],
    ],
    seen: [undefined, undefined, undefined, undefined],
    forkedAt: 3,
  },
  {
    what: "a branch that does not follow itself",
    rows: [
      ["b", "x", 2, "q"],
      ["z", "y", 3, "q"],
    ],
    seen: [undefined, "wrong-prev"],
    forkedAt: 3,
  },
])("$what", ({ rows, seen, forkedAt }) => {
  const chain = chainFrom(-1, "-");
  const follow = ([prev, leaf, seq, writer = "p"]: Row) => chain.follow({ prev, leaf, seq, writer });
  expect(START.map(follow)).toEqual([undefined, undefined, undefined]);
  expect(rows.map(follow)).toEqual(seen);
  expect(chain.forkedAt()).toBe(forkedAt);
});

test("a file of nothing but branches is no accident", () => {
  const chain = chainFrom(-1, "-");
  const link = (index: number) => chain.follow({ prev: "-", leaf: `leaf ${index}`, seq: 0, writer: `w${index}` });
  expect(Array.from({ length: 70 }, (_, index) => link(index)).at(-1)).toBe("wrong-prev");
});
