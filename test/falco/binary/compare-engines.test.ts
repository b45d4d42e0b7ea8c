import fc from "fast-check";
import { expect, test } from "vitest";
import { type ComparedAlert, compareAlerts, compareVerdicts } from "../../../src/falco/binary/compare-engines.ts";
import { falcoLoadResults } from "../../../src/rules/falco-load-results.ts";

const alert = (rule: string, second: number, more: Partial<ComparedAlert> = {}): ComparedAlert => ({
  rule,
  time: `2026-11-22T01:31:${String(second).padStart(2, "0")}.000000000Z`,
  priority: "Notice",
  output: `${rule} ${second}`,
  fields: { "proc.name": "sh", "evt.time": "1795311096417597113" },
  ...more,
});
const [a, b, c] = [alert("a", 1), alert("b", 2), alert("c", 3)];

test.each([
  ["the same", [a, b], [a, b], { same: true, alike: 2, missing: 0, extra: 0, changed: 0, sameOrder: true }],
  ["none at all", [], [], { same: true, alike: 0, missing: 0, extra: 0, changed: 0, sameOrder: true }],
  ["another order", [a, b], [b, a], { same: true, alike: 2, missing: 0, extra: 0, changed: 0, sameOrder: false }],
  ["one missing", [a, b, c], [a, c], { same: false, alike: 2, missing: 1, extra: 0, changed: 0, sameOrder: true }],
  ["one extra", [a], [a, b], { same: false, alike: 1, missing: 0, extra: 1, changed: 0, sameOrder: true }],
  [
    "twice on one side",
    [a, a, b],
    [a, b, b],
    { same: false, alike: 2, missing: 1, extra: 1, changed: 0, sameOrder: true },
  ],
  [
    "a priority changed",
    [a],
    [{ ...a, priority: "Error" as const }],
    { same: false, alike: 0, missing: 0, extra: 0, changed: 1, sameOrder: true },
  ],
])("alerts: %s", (_, falco, embedded, expected) => {
  const { missing, extra, changed, same, alike, sameOrder } = compareAlerts(falco, embedded);
  expect({
    same,
    alike,
    missing: missing.count,
    extra: extra.count,
    changed: changed.count,
    sameOrder,
  }).toEqual(expected);
});

test("a changed alert names every part that differs, and null is not the same as absent", () => {
  const other = { ...a, output: "else", fields: { "proc.name": null, "fd.num": 3, "evt.time": "1795311096417597113" } };
  expect(compareAlerts([a], [other]).changed.first).toEqual([
    {
      rule: "a",
      time: a.time,
      changes: [
        { what: "output_fields.fd.num", embedded: 3 },
        { what: "output_fields.proc.name", falco: "sh", embedded: null },
        { what: "output", falco: "a 1", embedded: "else" },
      ],
    },
  ]);
});

test("ignored fields do not count, nor does the output that holds them", () => {
  const other = { ...a, output: "else", fields: { ...a.fields, "container.name": "x" } };
  expect(compareAlerts([a], [other], { ignoreFields: ["container.name"] }).same).toBe(true);
  expect(compareAlerts([a], [other]).same).toBe(false);
});

test("examples are capped, counts are not", () => {
  const many = Array.from({ length: 50 }, (_, index) => alert("many", index));
  const { missing } = compareAlerts(many, [], { examples: 3 });
  expect([missing.count, missing.first.length]).toEqual([50, 3]);
});

test("law: counts add up, and every list is the same as itself in any order", () => {
  const alerts = fc.array(
    fc
      .record({ rule: fc.constantFrom("x", "y"), second: fc.nat(3), value: fc.nat(2) })
      .map(({ rule, second, value }) => alert(rule, second, { fields: { value } })),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(alerts, alerts, (left, right) => {
      const compared = compareAlerts(left, right);
      expect(compared.alike + compared.changed.count + compared.missing.count).toBe(left.length);
      expect(compared.alike + compared.changed.count + compared.extra.count).toBe(right.length);
      expect(compareAlerts(left, left.toReversed()).same).toBe(true);
    }),
  );
});

test("twenty thousand alerts of one rule at one time are compared in linear work", () => {
  const left = Array.from({ length: 20_000 }, (_, index) => alert("same", 1, { fields: { index } }));
  const right = Array.from({ length: 20_000 }, (_, index) => alert("same", 1, { fields: { index: index + 10_000 } }));
  expect(compareAlerts(left, right)).toMatchObject({
    alike: 10_000,
    changed: { count: 10_000 },
    missing: { count: 0 },
  });
});

const good = {
  name: "good.yaml",
  text: "- rule: r\n  desc: d\n  condition: evt.type=execve\n  output: x\n  priority: INFO\n",
};
const bad = { name: "bad.yaml", text: good.text.replace("execve", "execve and") };
const verdict = (...files: (typeof good)[]) => falcoLoadResults(files);
const needy = {
  name: "needy.yaml",
  text: `- required_plugin_versions: [{name: k8saudit, version: 0.7.0}]\n${good.text}`,
};

test("a verdict is the same as itself", () => {
  for (const files of [[good], [bad], [good, bad], [needy]]) {
    expect(compareVerdicts(verdict(...files), verdict(...files))).toEqual({
      same: true,
      files: files.length === 1 && files[0] === needy ? 0 : files.length,
      differences: { count: 0, first: [] },
    });
  }
});

test.each([
  ["a file that one side lacks", verdict(good), verdict(good, bad), ["presence"]],
  ["a verdict that differs", verdict(good), verdict({ ...bad, name: "good.yaml" }), ["ok", "errors"]],
  ["an engine that ended without results", verdict(good), verdict(needy), ["fatal"]],
])("verdicts: %s", (_, falco, embedded, expected) => {
  const { same, differences } = compareVerdicts(falco, embedded);
  expect(same).toBe(false);
  expect(differences.first.map(({ what }) => what)).toEqual(expected);
});

const schemaSays = (place: string, words = "Value type not permitted by 'type' constraint.") => ({
  results: [
    { name: "a.yaml", successful: true, schema_valid: false, errors: [], warnings: [] },
    { name: "b.yaml", successful: true, schema_valid: false, errors: [], warnings: [] },
  ].map((result) => ({ ...result, schema_warnings: [`failed for <root>[0]${place}: ${words}`] })),
});

test.each([
  ["written by two versions of its library", schemaSays("[override][output]"), [`["override"]["output"]`], 0],
  ["at another key", schemaSays("[override][output]"), [`["override"]["priority"]`], 2],
  ["at another item", schemaSays("[1]"), ["[2]"], 2],
  ["for another reason", schemaSays("[rule]"), [`["rule"]`, "Missing required property 'desc'."], 2],
] as const)("places of the schema: %s", (_, falco, [place, words], count) => {
  const { differences } = compareVerdicts(falco, schemaSays(place, words));
  expect(differences).toMatchObject({ count, first: Array(count).fill({ what: "schema" }) });
});
