import { artefactsOf, type Check, type CheckInputs, fail, pass, restingOn, unknown, type WorkRecord } from "./check.ts";
import { evidenceComplete } from "./evidence-checks.ts";

/** The trail holds, and nothing of the work is missing from it. */
export const actionsRecorded: Check = (inputs) => {
  const { trail, records } = inputs;
  const seqs = { records: records.slice(-64).map(({ seq }) => seq) };
  if (trail.state !== "intact") return fail(`the audit trail is ${trail.state}: ${trail.reasonCodes.join(", ")}`, seqs);
  const gaps = records.filter(({ record }) => record.type === "log.gap");
  if (gaps.length > 0) {
    return fail(`${gaps.length} gaps in the trail: calls went on unrecorded`, { records: gaps.map(({ seq }) => seq) });
  }
  if (records.length === 0) return fail("no record of this work is in the trail");
  const { tier, signedSize } = trail;
  return pass(
    `the trail is intact at tier ${tier}, ${signedSize} records are signed; ${records.length} belong to this work`,
    seqs,
  );
};

/** Every announced call of the work has ended, and errors were followed by success of the same tool. */
export const criterionSteps: Check = (inputs) => {
  const { records, recordsCut } = inputs;
  const intents = records.filter(({ record }) => record.type === "tool.intent");
  if (intents.length === 0) return unknown("no call of this work is on record");
  const results = new Map(records.map((one) => [one.record.intent_seq, one]));
  const open = intents.filter(({ seq, record }) => !results.has(seq) && !isOwn(inputs, record));
  const failed = records.filter(
    ({ record }) => record.type === "tool.result" && record.outcome !== "ok" && record.outcome !== "denied",
  );
  const unexplained = failed.filter((one) => !laterSuccess(one, records));
  const seqs = [...open, ...unexplained].map(({ seq }) => seq).slice(0, 64);
  if (open.length > 0 || unexplained.length > 0) {
    return fail(
      `${open.length} calls never ended, ${unexplained.length} ended badly and were not repeated with success`,
      { records: seqs },
    );
  }
  if (recordsCut) return unknown(`only the newest ${records.length} records were read`);
  return pass(`${intents.length} calls, all ended; ${failed.length} failed first and worked later`, {
    records: intents.slice(-64).map(({ seq }) => seq),
  });
};

/** The verification itself is still running while it looks. */
function isOwn({ session }: CheckInputs, record: WorkRecord["record"]): boolean {
  return record.session === session && record.tool === "verify_checklist";
}

function laterSuccess({ seq, record }: WorkRecord, records: readonly WorkRecord[]): boolean {
  return records.some(
    ({ seq: later, record: other }) =>
      later > seq && other.type === "tool.result" && other.tool === record.tool && other.outcome === "ok",
  );
}

/** Searches over another dimension than the alert's own container. */
const REACH = ["image", "hostname", "namespace", "user", "fields", "text", "process", "pod"];

export const scopeSearched: Check = ({ records }) => {
  const searches = records.filter(({ record }) => {
    if (
      record.type !== "tool.intent" ||
      !["search_alerts", "summarize_alerts", "query_capture"].includes(String(record.tool))
    )
      return false;
    const given = (record.args as { value?: Record<string, unknown> } | undefined)?.value ?? {};
    return REACH.some((key) => given[key] !== undefined);
  });
  if (searches.length === 0) return fail("no search over image, host, namespace, user or destination is on record");
  const seqs = searches.map(({ seq }) => seq).slice(0, 64);
  return pass(`${searches.length} searches beyond one container are on record`, { records: seqs });
};

export const baselineDrift: Check = ({ records, ruleSets }) => {
  const set = records.filter(({ record }) => record.type === "baseline.set").at(-1);
  if (set === undefined) return unknown("no baseline was set, so nothing can be compared with it");
  const agreed = (set.record.falco as { rules_digest?: unknown } | undefined)?.rules_digest;
  if (agreed === undefined) return unknown("the baseline names no rules", { records: [set.seq] });
  const same = ruleSets?.some(({ ruleSet }) => ruleSet.digest === agreed) ?? false;
  return same
    ? pass("a loaded rule set means what the baseline's means", { records: [set.seq] })
    : fail("no loaded rule set means what the baseline's means", { records: [set.seq] });
};

/** A second party's verdict is brought in as an artefact: a trail cannot confirm itself. */
export const packageVerified: Check = (inputs) => {
  const verdicts = artefactsOf(inputs, { kinds: ["verification"] });
  if (verdicts.length === 0) return fail("no verdict of a second party was added as evidence of kind verification");
  const broken = verdicts.some(({ bytes }) => bytes !== "whole");
  return broken
    ? fail("a verdict no longer has its bytes", restingOn(verdicts))
    : pass(`${verdicts.length} verdicts`, restingOn(verdicts));
};

export const criterionEvidence: Check = async (inputs, before) => {
  const complete = before.get("evidence-complete") ?? (await evidenceComplete(inputs, before));
  if (complete.state !== "pass") return { ...complete, reason: `artefacts: ${complete.reason}` };
  const { trail } = inputs;
  if (trail.state !== "intact") return fail(`the audit trail is ${trail.state}`);
  const last = Math.max(-1, ...(complete.records ?? []));
  if (trail.signedSize <= last) return fail(`record ${last} is not under a signed head yet`, { records: [last] });
  return pass(`${complete.reason}; the trail is intact and signed up to record ${trail.signedSize - 1}`, complete);
};
