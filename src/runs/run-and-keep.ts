import { readAlertLine } from "../alert/read-alert.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { RunInput, RunOutcome } from "../replay/runs/run.ts";
import type { StoredRuleSet } from "../rules/library/rule-library.ts";
import type { AlertStore, NewAlert } from "../store/alert-store.ts";
import { digestFile } from "./digest-file.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import type { FalcoEngine } from "./falco-engine.ts";
import type { KeptRun, RunCaller, RunFacts, Runs } from "./kept-run.ts";

export interface KeepServices {
  readonly alerts: AlertStore;
  readonly runs: Runs;
  readonly nowMs: () => number;
}

interface Request {
  readonly set: StoredRuleSet;
  readonly caller: RunCaller;
  readonly options: Omit<EngineOptions, "settle">;
  /** How many alerts the answer shows. */
  readonly show: number;
  /** Sees every alert as it comes, beside the store. */
  readonly onLine?: (line: string) => void;
}

export interface ReplayRequest extends Request {
  readonly engine: Engine;
  readonly input: RunInput;
}

export interface LiveRequest extends Request {
  readonly engine: FalcoEngine;
  readonly seconds: number;
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
 * Fails with REPLAY_RULES_BROKEN for a set that Falco would not start with, and as the engine and the store do.
 */
export async function runAndKeep(services: KeepServices, request: ReplayRequest): Promise<KeptOutcome> {
  const { engine, set, input, options } = request;
  const file = await digestFile(input.path, options.signal);
  const facts = { ...factsOf("replay", request), input: { kind: input.kind, path: input.path, ...file } };
  return keep(services, facts, request, (take, settle) => engine.replay(set, input, take, { ...options, settle }));
}

/** The same for what this host does during `seconds`, watched by a Falco binary. */
export async function watchAndKeep(services: KeepServices, request: LiveRequest): Promise<KeptOutcome> {
  const { engine, set, seconds, options } = request;
  return keep(services, factsOf("live", request), request, (take, settle) =>
    engine.live(set, seconds, take, { ...options, settle }),
  );
}

function factsOf(mode: "replay" | "live", { engine, set, caller, options }: ReplayRequest | LiveRequest): RunFacts {
  const { matching, minPriority, limits = {} } = options;
  return {
    mode,
    engine: engine.name,
    ...(engine.falcoVersion === undefined ? {} : { falcoVersion: engine.falcoVersion }),
    caller,
    rules: { set: set.name, digest: set.digest, engineVersion: engine.engineVersion },
    options: { matching, limits, ...(minPriority === undefined ? {} : { minPriority }) },
  };
}

type Work = (take: (line: string) => void, settle: () => Promise<void>) => Promise<RunOutcome>;

async function keep(
  services: KeepServices,
  facts: RunFacts,
  { show, onLine }: Request,
  work: Work,
): Promise<KeptOutcome> {
  const run = await services.runs.begin(facts);
  const batches = alertBatches(services, run.id, show);
  const take = (line: string): void => {
    onLine?.(line);
    batches.take(line);
  };
  try {
    const outcome = await work(take, batches.storeFull);
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
  return {
    source,
    alerts,
    alertsByRule,
    alertsByPriority,
    endedBy,
    ...(events === undefined ? {} : { events }),
    ...(fault === undefined ? {} : { fault }),
  };
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

interface AlertBatches {
  readonly firstIds: readonly string[];
  take(line: string): void;
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
    take(line) {
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
