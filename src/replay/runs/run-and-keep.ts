import { readAlertLine } from "../../alert/read-alert.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { StoredRuleSet } from "../../rules/library/rule-library.ts";
import type { RuleSetLoad } from "../../rules/load-rules.ts";
import type { AlertStore, NewAlert } from "../../store/alert-store.ts";
import { digestFile } from "./digest-file.ts";
import { replayableRules } from "./replayable-rules.ts";
import type { KeptRun, RunAlert, RunCaller, RunInput, RunOutcome, Runs } from "./run.ts";
import { type RunOptions, runRules } from "./run-rules.ts";

export interface KeepServices {
  readonly alerts: AlertStore;
  readonly runs: Runs;
  readonly nowMs: () => number;
}

export interface RunRequest {
  readonly set: StoredRuleSet;
  readonly input: RunInput;
  readonly caller: RunCaller;
  readonly options: Omit<RunOptions, "settle">;
  /** How many alerts the answer shows. */
  readonly show: number;
}

export interface KeptOutcome {
  readonly run: KeptRun;
  readonly outcome: RunOutcome;
  /** New in the store, and known to it already. */
  readonly added: number;
  readonly known: number;
  /** Alerts whose line the store does not take, with the reasons. */
  readonly refused: Readonly<Record<string, number>>;
  /** Ids of the first alerts, in order. */
  readonly firstIds: readonly string[];
}

const BATCH = 1_000;

/**
 * Runs a rule set over an input as a run that home keeps: written down before it begins, its alerts stored in batches
 * under its id while it goes on, its end written down whatever that is. Alerts from before a fault or a cancellation stay.
 * Fails with REPLAY_RULES_BROKEN for a set that Falco would not start with, and as runRules and the store do.
 */
export async function runAndKeep(services: KeepServices, request: RunRequest): Promise<KeptOutcome> {
  const { set, input, options } = request;
  const { ruleSet } = requireRunnable(set);
  const { matching, minPriority, limits = {}, signal } = options;
  const file = await digestFile(input.path, signal);
  const run = await services.runs.begin({
    mode: "replay",
    engine: "embedded",
    caller: request.caller,
    rules: { set: set.name, digest: set.digest, engineVersion: ruleSet.engineVersion },
    input: { kind: input.kind, path: input.path, ...file },
    options: { matching, limits, ...(minPriority === undefined ? {} : { minPriority }) },
  });
  const batches = alertBatches(services, run.id, request.show);
  try {
    const outcome = await runRules(input, ruleSet, batches.take, { ...options, settle: batches.storeFull });
    await batches.storeAll();
    const state = outcome.fault === undefined ? "finished" : "faulty";
    const ended = await services.runs.end(run, { state, ...resultOf(outcome) });
    return { run: ended, outcome, ...batches.counts(), firstIds: batches.firstIds };
  } catch (thrown) {
    await endBadly(services, run, batches, thrown);
    throw thrown;
  }
}

function resultOf({ source, events, alerts, alertsByRule, alertsByPriority, endedBy, fault }: RunOutcome) {
  return { source, events, alerts, alertsByRule, alertsByPriority, endedBy, ...(fault === undefined ? {} : { fault }) };
}

/** What was found before a cancellation is stored; the first failure is the one that is told. */
async function endBadly(services: KeepServices, run: KeptRun, batches: AlertBatches, thrown: unknown): Promise<void> {
  const isOurs = thrown instanceof FalcoSkillsError;
  const isCancelled = isOurs && thrown.code === "CANCELLED";
  try {
    if (isCancelled) await batches.storeAll();
    await services.runs.end(run, {
      state: isCancelled ? "cancelled" : "failed",
      alerts: batches.taken(),
      fault: { code: isOurs ? thrown.code : "INTERNAL", message: isOurs ? thrown.message : "a defect ended the run" },
    });
  } catch {
    // The disk that refused the alerts mostly refuses this too.
  }
}

/** The set as runs use it. Fails with REPLAY_RULES_BROKEN for one that Falco would not start with. */
export function requireRunnable(set: StoredRuleSet): RuleSetLoad {
  const rules = replayableRules(set);
  if (rules.ok) return rules;
  const errors = rules.diagnostics.filter(({ severity }) => severity === "error").length;
  throw new FalcoSkillsError(
    "REPLAY_RULES_BROKEN",
    `rule set ${JSON.stringify(set.name)} has ${errors} ${errors === 1 ? "error" : "errors"}: Falco would not start`,
    { fix: "Call run_falco with mode validate to see them, correct them and load the rules again with load_rules." },
  );
}

interface AlertBatches {
  readonly firstIds: readonly string[];
  take(alert: RunAlert): void;
  /** Stores what waits once it is enough for a batch. */
  storeFull(): Promise<void>;
  storeAll(): Promise<void>;
  taken(): number;
  counts(): Pick<KeptOutcome, "added" | "known" | "refused">;
}

function alertBatches({ alerts, nowMs }: KeepServices, runId: string, show: number): AlertBatches {
  const firstIds: string[] = [];
  const occurrences = new Map<string, number>();
  const refused: Record<string, number> = {};
  let waiting: NewAlert[] = [];
  let [taken, added, known] = [0, 0, 0];

  async function storeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      const result = await alerts.add(batch);
      waiting = waiting.slice(batch.length);
      added += result.added;
      known += result.known;
    }
  }

  return {
    firstIds,
    storeAll,
    taken: () => taken,
    counts: () => ({ added, known, refused }),
    async storeFull() {
      if (waiting.length >= BATCH) await storeAll();
    },
    take({ line }) {
      taken += 1;
      const read = readAlertLine(line);
      if (read.kind !== "alert") {
        const reason = read.reason;
        refused[reason] = (refused[reason] ?? 0) + 1;
        return;
      }
      const { alert } = read;
      const occurrence = (occurrences.get(alert.id) ?? 0) + 1;
      occurrences.set(alert.id, occurrence);
      if (firstIds.length < show && occurrence === 1) firstIds.push(alert.id);
      waiting.push({ alert, occurrence, runId, receivedAtMs: nowMs() });
    },
  };
}
