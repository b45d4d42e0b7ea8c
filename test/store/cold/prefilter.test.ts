import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AlertFilter } from "../../../src/store/alert-store.ts";
import {
  buildColdRows,
  type ColdRow,
  isPlainLine,
  packColdRows,
  packIds,
  rowOfId,
  unpackColdRows,
} from "../../../src/store/cold/cold-rows.ts";
import { compilePrefilter } from "../../../src/store/cold/prefilter.ts";
import { compileFilter } from "../../../src/store/compile-filter.ts";
import { fieldText, rowsPart } from "../../../src/store/part.ts";
import { selectRows } from "../../../src/store/select-rows.ts";
import { alertOf } from "../alert-store.suite.ts";

function matches(raw: string, filter: AlertFilter): boolean {
  const alert = alertOf(raw);
  const row = {
    alert: { ...alert, rawSha256: "", repeats: 1, receivedAtMs: 0, orderNs: 0n },
    orderNs: 0n,
    receivedAtMs: 0,
  };
  const part = rowsPart([row], { alertOf: () => row.alert, isOfRun: () => false });
  return selectRows(part, compileFilter(filter)).count === 1;
}

const mayMatch = (raw: string, filter: AlertFilter): boolean =>
  !isPlainLine(raw) || compilePrefilter(filter).mayMatchLine(Buffer.from(raw));

/** A line with what is given standing in it as it is written. */
function rawLine(value: string, more: { output?: string; tags?: string; hostname?: string } = {}): string {
  const { output = '"plain"', tags = "[]", hostname = '"h"' } = more;
  return `{"hostname":${hostname},"output":${output},"output_fields":{"f":${value}},"priority":"Warning","rule":"r","source":"syscall","tags":${tags},"time":"2024-05-01T00:00:00.000000001Z"}`;
}

describe("a line that matches is never passed over", () => {
  test.each<[string, AlertFilter]>([
    [rawLine('"b\\u0061sh"'), { fields: [{ fields: ["f"], operator: "=", values: ["bash"] }] }],
    [rawLine('"\\/etc\\/shadow"'), { fields: [{ fields: ["f"], operator: "startswith", values: ["/etc/"] }] }],
    [rawLine("1e3"), { fields: [{ fields: ["f"], operator: "=", values: ["1000"] }] }],
    [rawLine("1.50"), { fields: [{ fields: ["f"], operator: "=", values: ["1.5"] }] }],
    [rawLine("7.0"), { fields: [{ fields: ["f"], operator: "=", values: ["7"] }] }],
    [rawLine("-0"), { fields: [{ fields: ["f"], operator: "=", values: ["0"] }] }],
    [rawLine("12345678901234567890"), { fields: [{ fields: ["f"], operator: "=", values: ["12345678901234567890"] }] }],
    [rawLine("0.0000001"), { fields: [{ fields: ["f"], operator: "=", values: ["1e-7"] }] }],
    [rawLine("1234567890123456.7"), { fields: [{ fields: ["f"], operator: "=", values: ["1234567890123456.8"] }] }],
    [rawLine('"203.0.113.38"'), { fields: [{ fields: ["f"], operator: "=", values: ["203.0.113.38"] }] }],
    [rawLine("0.30000000000000001"), { fields: [{ fields: ["f"], operator: "contains", values: ["0.3"] }] }],
    [rawLine('["a", "b"]'), { fields: [{ fields: ["f"], operator: "=", values: ['["a","b"]'] }] }],
    [rawLine("[1, 2]"), { fields: [{ fields: ["f"], operator: "contains", values: ["1,2"] }] }],
    [rawLine('{"a": 1}'), { fields: [{ fields: ["f"], operator: "contains", values: [":1"] }] }],
    [
      rawLine('"say \\"hi\\" C:\\\\x\\n"'),
      { fields: [{ fields: ["f"], operator: "contains", values: ['"hi" C:\\x\n'] }] },
    ],
    [rawLine('""'), { fields: [{ fields: ["f"], operator: "=", values: [""] }] }],
    [rawLine("1", { output: '"\\n\\u212Aelvin"' }), { text: "kelvin" }],
    [rawLine("1", { output: '"\u212Aelvin"' }), { text: "kelvin" }],
    [rawLine("1", { output: '"Ünder/ETC"' }), { text: "ünder etc" }],
    [rawLine("1", { tags: '["t\\u0031"]' }), { tags: ["t1"] }],
    [rawLine("1", { hostname: '"h\\/1"' }), { hostnames: ["h/1"] }],
  ])("%s", (raw, filter) => {
    expect(matches(raw, filter)).toBe(true);
    expect(mayMatch(raw, filter)).toBe(true);
  });

  test("however it is written and whatever is asked", () => {
    fc.assert(
      fc.property(
        anyValue,
        fc.string(),
        anyCut,
        fc.constantFrom("=", "in", "contains", "startswith"),
        (value, other, cut, operator) => {
          const raw = rawLine(value.raw);
          const text = String(fieldText(alertOf(raw).fields.f) ?? "");
          const asked =
            operator === "=" || operator === "in"
              ? text
              : operator === "startswith"
                ? text.slice(0, cut[1])
                : text.slice(...cut);
          const filter: AlertFilter = { fields: [{ fields: ["f"], operator, values: [other, asked] }] };
          if (matches(raw, filter)) expect(mayMatch(raw, filter)).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("whatever its message says", () => {
    fc.assert(
      fc.property(anyText, anyCut, (text, cut) => {
        const raw = rawLine("1", { output: text.raw });
        const asked = text.value.slice(...cut);
        if (!/[\p{L}\p{N}_]/u.test(asked)) return;
        for (const filter of [
          { text: asked },
          { text: asked.toUpperCase() },
          { text: `"${asked.replaceAll('"', "")}"` },
        ]) {
          let isMatch = false;
          try {
            isMatch = matches(raw, filter);
          } catch {
            // Nothing in it is a word: the store refuses to search for it.
          }
          if (isMatch) expect(mayMatch(raw, filter), JSON.stringify(filter)).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});

test("most lines that cannot match are passed over", () => {
  const raw = rawLine('"/usr/bin/bash"', { output: '"Shell in container"', tags: '["container"]' });
  expect(isPlainLine(raw)).toBe(true);
  for (const filter of [
    { fields: [{ fields: ["f"], operator: "contains", values: ["zsh", "/etc"] }] },
    { fields: [{ fields: ["g"], operator: "exists", values: [] }] },
    { tags: ["container", "host"] },
    { fields: [{ fields: ["f"], operator: "=", values: ["203.0.113.38", "1.5", "7"] }] },
    { hostnames: ["x"] },
    { sources: ["internal"] },
    { text: "shell kubelet" },
  ] satisfies AlertFilter[]) {
    expect(mayMatch(raw, filter), JSON.stringify(filter)).toBe(false);
  }
});

const anyCut = fc.tuple(fc.nat(6), fc.nat(12)).map(([start, length]): [number, number] => [start, start + length]);

/** A text with the way in which it is written: letters may be escaped that need not be. */
const anyText = fc
  .array(fc.tuple(fc.constantFrom(...'aB/7.e-"\\\n\t:,[] é\u212a\u0130Σς\u0000日'), fc.nat(3)), { maxLength: 14 })
  .map((letters) => ({
    value: letters.map(([letter]) => letter).join(""),
    raw: `"${letters
      .map(([letter, way]) => {
        if (way === 0) return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
        return way === 1 && letter === "/" ? "\\/" : JSON.stringify(letter).slice(1, -1);
      })
      .join("")}"`,
  }));

const anyNumber = fc
  .constantFrom(
    "0",
    "-0",
    "7",
    "7.0",
    "1e3",
    "1.5E+2",
    "12.50",
    "0.1",
    "1e-7",
    "0.0000001",
    "-0.00000012",
    "1234567890123456.7",
    "123456789012.34567",
    "12345678901234.5",
    "5e-324",
    "99999999999999999999",
    "3.141592653589793238",
    "2.0e0",
  )
  .map((raw) => ({ raw }));

const anyValue = fc.oneof(
  anyText,
  anyNumber,
  fc.constantFrom("true", "null").map((raw) => ({ raw })),
  fc
    .tuple(fc.array(fc.oneof(anyText, anyNumber), { maxLength: 3 }), fc.constantFrom(",", ", "))
    .map(([items, comma]) => ({ raw: `[${items.map(({ raw }) => raw).join(comma)}]` })),
);

describe("what is kept beside the lines", () => {
  const anyRow: fc.Arbitrary<ColdRow> = fc.record({
    id: fc
      .array(fc.nat(15), { minLength: 32, maxLength: 32 })
      .map((digits) => digits.map((n) => n.toString(16)).join("")),
    orderNs: fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }),
    receivedAtMs: fc.nat(2 ** 42),
    repeats: fc.integer({ min: 1, max: 4_000_000_000 }),
    runs: fc.uniqueArray(fc.string(), { maxLength: 3 }),
    rule: fc.string(),
    priority: fc.constantFrom("Warning", "Critical"),
    raw: fc.string(),
  });

  test("comes back row by row", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 30 }), async (rows) => {
        const builder = buildColdRows();
        for (const row of rows) builder.add(row, Buffer.byteLength(row.raw));
        const back = await unpackColdRows(await packColdRows(builder.finish()));
        expect(back.count).toBe(rows.length);
        rows.forEach((row, at) => {
          expect(back.times[at]).toBe(row.orderNs);
          expect(back.received[at]).toBe(row.receivedAtMs);
          expect(back.repeats[at]).toBe(row.repeats);
          expect(back.lengths[at]).toBe(Buffer.byteLength(row.raw));
          expect(back.rules[back.rule[at] ?? -1]).toBe(row.rule);
          expect(back.priorities[back.priority[at] ?? -1]).toBe(row.priority);
          expect(back.runs[back.runsOf[at] ?? -1]).toEqual(row.runs);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("every id finds its row, and no other id does", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          anyRow.map(({ id }) => id),
          { maxLength: 60 },
        ),
        anyRow,
        (ids, other) => {
          const packed = packIds(ids);
          for (const [row, id] of ids.entries()) expect(rowOfId(packed, Buffer.from(id, "hex"))).toBe(row);
          if (!ids.includes(other.id)) expect(rowOfId(packed, Buffer.from(other.id, "hex"))).toBeUndefined();
        },
      ),
    );
  });

  test("ids that begin alike are told apart", () => {
    const ids = ["f", "0", "7", "1"].map((digit) => `${"ab".repeat(15)}0${digit}`);
    for (const [row, id] of ids.entries()) expect(rowOfId(packIds(ids), Buffer.from(id, "hex"))).toBe(row);
  });
});
