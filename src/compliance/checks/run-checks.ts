import { describeError } from "../../errors/describe-error.ts";
import type { TestResult } from "../checklist-line.ts";
import { alertsGrouped, clockOffset, countsReconcile, fiveDetections, techniquesAssigned } from "./alert-checks.ts";
import { blindSpotsStated } from "./blind-spots.ts";
import { type Check, type CheckInputs, type Finding, fail, unknown } from "./check.ts";
import { artefactForItem, artefactOfKind, evidenceComplete, ruleChangeTested } from "./evidence-checks.ts";
import { criterionOutput, criterionPrerequisites, criterionSensor, sensorHealth } from "./sensor-checks.ts";
import {
  actionsRecorded,
  baselineDrift,
  criterionEvidence,
  criterionSteps,
  packageVerified,
  scopeSearched,
} from "./trail-checks.ts";

/** Every test that a checklist item can name; those that sum up others come after them. */
export const CHECKS: Readonly<Record<string, Check>> = {
  "clock-offset": clockOffset,
  "baseline-drift": baselineDrift,
  "sensor-health": sensorHealth,
  "counts-reconcile": countsReconcile,
  "alerts-grouped": alertsGrouped,
  "techniques-assigned": techniquesAssigned,
  "verdict-per-group": artefactForItem("D4"),
  "evidence-of-capture": artefactOfKind("capture"),
  "evidence-of-live-state": artefactOfKind("live-state"),
  "evidence-of-pod": artefactOfKind("pod"),
  "evidence-of-image": artefactOfKind("image"),
  "evidence-of-audit-log": artefactOfKind("audit-log"),
  "evidence-complete": evidenceComplete,
  "actions-recorded": actionsRecorded,
  "timeline-built": artefactOfKind("timeline"),
  "five-detections": fiveDetections,
  "scope-searched": scopeSearched,
  "blind-spots": blindSpotsStated,
  "rule-change-tested": ruleChangeTested,
  "package-verified": packageVerified,
  "criterion-prerequisites": criterionPrerequisites,
  "criterion-steps": criterionSteps,
  "criterion-output": criterionOutput,
  "criterion-sensor": criterionSensor,
  "criterion-evidence": criterionEvidence,
};

const SUMS_UP = "criteria-settled";

/** What the test of each automatic or hybrid item finds now. A test that breaks is not evaluated; the others still run. */
export async function runChecks(inputs: CheckInputs): Promise<TestResult[]> {
  const wanted = inputs.checklist.items.flatMap(({ template: { id, test } }) =>
    test === undefined ? [] : [{ id, test }],
  );
  const found = new Map<string, Finding>();
  for (const [test, check] of Object.entries(CHECKS)) {
    if (!wanted.some((item) => item.test === test)) continue;
    found.set(
      test,
      await Promise.resolve()
        .then(() => check(inputs, found))
        .catch(broken),
    );
  }
  found.set(SUMS_UP, criteriaSettled(inputs, found));
  return wanted.map(({ id, test }) => {
    const { state, reason, records = [], evidence = [] } = found.get(test) ?? unknown(`no test is called ${test}`);
    const cut = { records: records.slice(0, 64), evidence: evidence.slice(0, 32) };
    return { item: id, test, state, reason: reason.slice(0, 4_000), ...cut };
  });
}

function broken(error: unknown): Finding {
  const { code, message } = describeError(error);
  return unknown(`the test could not run: ${code}: ${message}`);
}

/** The criteria have passed, or a person has vouched for them. */
function criteriaSettled({ checklist }: CheckInputs, found: ReadonlyMap<string, Finding>): Finding {
  const criteria = checklist.items.filter(({ template }) => template.test?.startsWith("criterion-"));
  if (criteria.length === 0) return unknown("the checklist has no criteria");
  const open = criteria.filter(({ template, standing, state }) => {
    const attested = standing === "attested" && (state === "done" || state === "not-applicable");
    const tested = found.get(template.test ?? "")?.state === "pass";
    return !attested && !tested;
  });
  const names = open.map(({ template }) => template.id).join(", ");
  return open.length === 0
    ? { state: "pass", reason: `${criteria.length} criteria are settled` }
    : fail(`not settled: ${names}`);
}
