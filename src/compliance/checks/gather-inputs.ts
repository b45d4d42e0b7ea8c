import type { AuditTrail } from "../../audit/trail-interface.ts";
import type { AuditVerdict } from "../../audit/verdict.ts";
import type { RuleLibrary, StoredRuleSet } from "../../rules/library/rule-library.ts";
import type { AlertFilter, AlertStore } from "../../store/alert-store.ts";
import type { Checklist } from "../checklist.ts";
import type { EvidenceStore } from "../evidence/evidence.ts";
import type { CheckInputs, HeldArtefact, SensorSnapshot, WorkRecord } from "./check.ts";

export interface CheckSources {
  readonly alerts: AlertStore;
  readonly evidence: EvidenceStore;
  readonly audit: Pick<AuditTrail, "search" | "checkpoint">;
  readonly verifyTrail: () => Promise<AuditVerdict>;
  /** Absent where the server keeps no rule sets. */
  readonly rules?: RuleLibrary;
  readonly nowMs: () => number;
}

const DROP_RULES = ["Falco internal: syscall event drop"];
const SNAPSHOT_RULES = ["Falco internal: metrics snapshot"];
const MOST_RECORDS = 20_000;
const MOST_GROUPS = 5_000;
const MOST_SETS = 4;

export interface Scope {
  readonly window?: { readonly fromNs: bigint; readonly toNs: bigint };
  readonly session: string;
}

/** Everything the tests of a checklist look at, read once. */
export async function gatherInputs(sources: CheckSources, checklist: Checklist, scope: Scope): Promise<CheckInputs> {
  const { alerts, audit, nowMs } = sources;
  const { window } = scope;
  const filter: AlertFilter = window === undefined ? {} : { fromNs: window.fromNs, toNs: window.toNs };
  const [store, total, byRule, byPriority, drops] = await Promise.all([
    alerts.status(),
    alerts.summarize({ filter, by: [], limit: 1 }),
    alerts.summarize({ filter, by: ["rule"], limit: MOST_GROUPS }),
    alerts.summarize({ filter, by: ["priority"], limit: 100 }),
    alerts.summarize({ filter: { ...filter, rules: DROP_RULES }, by: [], limit: 1 }),
  ]);
  // The newest records must be under a signature before the trail is judged.
  await audit.checkpoint();
  const work = await recordsOfWork(audit, checklist);
  const ruleSets = sources.rules === undefined ? undefined : await loadedSets(sources.rules);
  return {
    checklist,
    nowMs: nowMs(),
    ...(window === undefined ? {} : { window }),
    filter,
    alerts,
    store,
    total,
    byRule,
    byPriority,
    drops,
    snapshots: await snapshotsIn(alerts, filter),
    ...(ruleSets === undefined ? {} : { ruleSets }),
    artefacts: await artefactsOf(sources.evidence, checklist.id),
    trail: await sources.verifyTrail(),
    ...work,
    session: scope.session,
  };
}

/** The artefacts added for a checklist, each with the state of its bytes. */
export async function artefactsOf(store: EvidenceStore, checklistId: string): Promise<HeldArtefact[]> {
  const { evidence } = await store.list();
  const own = evidence.filter(({ manifest }) => manifest.checklist?.id === checklistId);
  const held: HeldArtefact[] = [];
  for (const one of own) held.push({ evidence: one, bytes: await store.check(one) });
  return held;
}

/** The current version of each rule set, the most recently loaded ones. */
async function loadedSets(library: RuleLibrary): Promise<StoredRuleSet[]> {
  const { sets } = await library.list();
  const newest = [...sets].sort((a, b) => b.loadedAtMs - a.loadedAtMs).slice(0, MOST_SETS);
  const loaded: StoredRuleSet[] = [];
  for (const { name } of newest) {
    const set = await library.get(name).catch(() => undefined);
    if (set !== undefined) loaded.push(set);
  }
  return loaded;
}

/** Records since the checklist was made, of the sessions that name it; oldest first. */
async function recordsOfWork(
  audit: CheckSources["audit"],
  { id, createdAt }: Checklist,
): Promise<{ records: WorkRecord[]; recordsCut: boolean }> {
  const fromMs = Date.parse(createdAt);
  const all: WorkRecord[] = [];
  const sessions = new Set<unknown>();
  let cursor: string | undefined;
  do {
    const page = await audit.search({ fromMs }, { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    for (const { seq, record } of page.records) {
      if (record === undefined || seq === undefined) continue;
      all.push({ seq, record });
      if (names(record, id)) sessions.add(record.session);
    }
    cursor = page.cursor;
    if (page.records.length === 0) break;
  } while (cursor !== undefined && all.length < MOST_RECORDS);
  const records = all.filter(
    ({ record }) => sessions.has(record.session) || record.type === "log.gap" || record.type === "baseline.set",
  );
  return { records: records.reverse(), recordsCut: all.length >= MOST_RECORDS };
}

function names(record: Readonly<Record<string, unknown>>, id: string): boolean {
  if ((record.checklist as { id?: unknown } | undefined)?.id === id) return true;
  return (record.args as { value?: { checklist?: unknown } } | undefined)?.value?.checklist === id;
}

async function snapshotsIn(alerts: AlertStore, filter: AlertFilter): Promise<SensorSnapshot[]> {
  const wanted = { ...filter, rules: SNAPSHOT_RULES };
  const hosts = await alerts.summarize({ filter: wanted, by: ["hostname"], limit: 64 });
  const found: SensorSnapshot[] = [];
  for (const { values } of hosts.groups) {
    const hostname = values[0] ?? "";
    const page = await alerts.search({ ...wanted, hostnames: [hostname] }, { limit: 1, order: "newest" });
    const [newest] = page.alerts;
    if (newest === undefined) continue;
    const text = (name: string) =>
      newest.fields[name] === undefined ? undefined : String(newest.fields[name]).slice(0, 64);
    const number = (name: string) => Number(newest.fields[name] ?? Number.NaN);
    const version = text("falco.version");
    const engine = text("scap.engine_name");
    found.push({
      host: hostname,
      alertId: newest.id,
      ...(version === undefined ? {} : { version }),
      ...(engine === undefined ? {} : { engine }),
      ...(Number.isNaN(number("scap.n_drops_perc")) ? {} : { dropsPercent: number("scap.n_drops_perc") }),
      ...(Number.isNaN(number("falco.outputs_queue_num_drops"))
        ? {}
        : { queueDrops: number("falco.outputs_queue_num_drops") }),
    });
  }
  return found;
}
