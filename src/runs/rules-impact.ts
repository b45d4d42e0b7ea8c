import { type KnownFields, narrowCondition } from "../condition/narrow-condition.ts";
import type { Impact } from "../falco/deploy/deployment.ts";
import { compareAlerts } from "../replay/rule-tests/run-rule-tests.ts";
import { type LoadedFiles, replayableRules } from "../replay/runs/replayable-rules.ts";
import type { RunInput } from "../replay/runs/run.ts";
import { type LoadOptions, loadRules, type RuleFile } from "../rules/load-rules.ts";
import type { Rule, RuleSet } from "../rules/rule-set.ts";
import type { AlertStore, StoredAlert } from "../store/alert-store.ts";

/** What new rules are tried on: captures or event files, and alerts that were stored. */
export interface ImpactBasis {
  readonly inputs: readonly RunInput[];
  /** Alerts from this time on; none where it is left out. */
  readonly storedFromNs?: bigint;
}

export interface ImpactPlace {
  readonly alerts: Pick<AlertStore, "search">;
  readonly load: LoadOptions;
  readonly signal?: AbortSignal;
}

const PAGE = 500;
const MAX_STORED = 20_000;

/**
 * Alerts that the new files gain and lose, by rule. Inputs are replayed with both sets. Of stored alerts only losses can be
 * told: an alert is lost when its rule is gone or switched off, or when the fields it carries decide the new condition;
 * where they do not, it counts as "cannot be told" in the notes. At most 20,000 stored alerts are looked at.
 */
export async function rulesImpact(
  before: readonly RuleFile[],
  after: readonly RuleFile[],
  { inputs, storedFromNs }: ImpactBasis,
  { alerts, load, signal }: ImpactPlace,
): Promise<Impact> {
  const [old, now] = [rulesOf(before, load), rulesOf(after, load)];
  const replayed = await onInputs(inputs, old, now, signal);
  const stored = storedFromNs === undefined ? undefined : await onStored(alerts, storedFromNs, old, now, signal);
  const basis = [
    ...(inputs.length === 0 ? [] : [`${inputs.length} ${inputs.length === 1 ? "capture" : "captures"}`]),
    ...(stored === undefined ? [] : [`${stored.looked} stored alerts`]),
  ].join(" and ");
  return {
    basis,
    gained: rows(replayed.gained),
    lost: rows(sum(replayed.lost, stored?.lost ?? new Map())),
    notes: [...replayed.notes, ...(stored?.notes ?? [])],
  };
}

type Counts = ReadonlyMap<string, number>;

function rulesOf(files: readonly RuleFile[], options: LoadOptions): RuleSet {
  const loaded: LoadedFiles = { ...loadRules(files, options), files, options };
  return replayableRules(loaded, ["events"]).ruleSet;
}

async function onInputs(inputs: readonly RunInput[], old: RuleSet, now: RuleSet, signal: AbortSignal | undefined) {
  const options = { matching: "first" as const, ...(signal === undefined ? {} : { signal }) };
  const { lostByRule, gainedByRule, faults } = await compareAlerts(inputs, old, now, options);
  return { lost: lostByRule, gained: gainedByRule, notes: faults };
}

async function onStored(
  alerts: ImpactPlace["alerts"],
  fromNs: bigint,
  old: RuleSet,
  now: RuleSet,
  signal: AbortSignal | undefined,
) {
  const lost = new Map<string, number>();
  const changed = changedRules(old, now);
  let [looked, untold] = [0, 0];
  let cursor: string | undefined;
  do {
    signal?.throwIfAborted();
    const page = await alerts.search(
      { fromNs },
      { limit: PAGE, order: "newest", ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const alert of page.alerts) {
      looked += 1;
      const left = changed.get(alert.rule);
      if (left === undefined) continue;
      const fate = left === "gone" ? false : narrowCondition(left.tree, knownFields(alert));
      if (fate === false) lost.set(alert.rule, (lost.get(alert.rule) ?? 0) + 1);
      else if (fate !== true) untold += 1;
    }
    cursor = looked >= MAX_STORED ? undefined : page.nextCursor;
  } while (cursor !== undefined);
  const notes = [
    "Of stored alerts only losses can be told: what the old rules passed over is not stored.",
    ...(untold === 0
      ? []
      : [`For ${untold} stored alerts of changed rules their fields do not decide the new condition.`]),
    ...(looked >= MAX_STORED ? [`Only the newest ${MAX_STORED} stored alerts were looked at.`] : []),
  ];
  return { looked, lost, notes };
}

/** Rules that raised alerts before and mean something else now, or nothing any more. */
function changedRules(old: RuleSet, now: RuleSet): ReadonlyMap<string, Rule | "gone"> {
  const active = new Map(now.rules.filter((rule) => rule.active).map((rule) => [rule.name, rule]));
  const changed = new Map<string, Rule | "gone">();
  for (const rule of old.rules) {
    const successor = active.get(rule.name);
    if (successor === undefined) changed.set(rule.name, "gone");
    else if (successor.compiled !== rule.compiled) changed.set(rule.name, successor);
  }
  return changed;
}

/** Texts alone: a number may have been written in more than one way. */
function knownFields({ fields }: StoredAlert): KnownFields {
  const texts = Object.entries(fields).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(texts) as KnownFields;
}

function sum(left: Counts, right: Counts): Counts {
  const all = new Map(left);
  for (const [rule, count] of right) all.set(rule, (all.get(rule) ?? 0) + count);
  return all;
}

const rows = (counts: Counts): Impact["gained"] =>
  [...counts].map(([rule, count]) => ({ rule, count })).sort((left, right) => right.count - left.count);
