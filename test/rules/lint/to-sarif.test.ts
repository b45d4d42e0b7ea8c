import { expect, test } from "vitest";
import { lintRuleSet } from "../../../src/rules/lint/lint-rule-set.ts";
import { skippedFile } from "../../../src/rules/lint/skipped-file.ts";
import { toSarif } from "../../../src/rules/lint/to-sarif.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";
import { rule } from "./lint-texts.ts";

const text = `${rule("r", "evt.type=execve and proc.name=docker-entrypoint")}${rule("broken", "evt.type=nosuch")}`;
const files = [{ name: "my rules/ä.yaml", text }];
const { ruleSet, diagnostics } = loadRules(files);
const findings = [
  skippedFile({ path: "/abs/x.txt", reason: "no" }),
  ...diagnostics,
  ...lintRuleSet(ruleSet, files).findings,
];
const log = toSarif(findings, "1.2.3", () => text);
const [run] = log.runs;

test("one run by one tool, whose rules are the codes that were found", () => {
  expect(log).toMatchObject({ version: "2.1.0", $schema: "https://json.schemastore.org/sarif-2.1.0.json" });
  expect(run.tool.driver).toMatchObject({ name: "falco-skills", version: "1.2.3" });
  expect(run.tool.driver.rules.map(({ id }) => id)).toEqual([
    "LINT_COMM_TOO_LONG",
    "LINT_FILE_SKIPPED",
    "LOAD_ERR_COMPILE_CONDITION",
  ]);
});

test("each result points at its rule, and at a region counted from 1", () => {
  expect(run.results).toHaveLength(3);
  for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
    expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(["error", "warning", "note"]).toContain(level);
    expect(message.text).toMatch(/\S\. \S/);
    for (const { physicalLocation } of locations) {
      const { startLine, startColumn, endLine, endColumn } = physicalLocation.region;
      for (const number of [startLine, startColumn, endLine, endColumn]) expect(number).toBeGreaterThanOrEqual(1);
      expect(endLine).toBeGreaterThanOrEqual(startLine);
      if (endLine === startLine) expect(endColumn).toBeGreaterThan(startColumn);
    }
  }
});

test("paths are encoded; absolute ones become file URIs", () => {
  const uris = run.results.map(({ locations }) => locations[0]?.physicalLocation.artifactLocation.uri);
  expect(uris).toContain("my%20rules/%C3%A4.yaml");
  expect(uris).toContain("file:///abs/x.txt");
});

test("the region is the marked text", () => {
  const found = run.results.find(({ ruleId }) => ruleId === "LINT_COMM_TOO_LONG");
  expect(found?.locations[0]).toMatchObject({
    physicalLocation: { region: { startLine: 3, startColumn: 44, endLine: 3, endColumn: 61 } },
    logicalLocations: [{ name: 'rule "r"' }],
  });
});
