import { commitmentsOf } from "./erase-openings.ts";
import { type PruningObservations, pruningObservations } from "./observe-pruning.ts";
import type { OrphanIntent } from "./verdict.ts";

const MAX_OPEN_INTENTS = 100_000;
const MAX_REMEMBERED = 1_000_000;
const ORPHANS_SHOWN = 100;
const CLOCK_SLACK_MS = 1_000;

type Fields = Readonly<Record<string, unknown>>;

/** What records say together that no single one says. Memory is capped whatever the trail holds. */
export interface Observations {
  observe(seq: number, record: Fields): void;
  /** The same for records that were read elsewhere: their times together, then each that `noteOf` gave something for. */
  noteTimes(times: Times): void;
  note(seq: number, note: Fields): void;
  /** Words for what was noticed; none of them is a failure. */
  notices(): string[];
  orphans(): { readonly shown: readonly OrphanIntent[]; readonly count: number };
  /** Half lines that were set aside. */
  readonly torn: () => number;
  /** SHA-256 of evidence that was added. */
  readonly evidence: ReadonlySet<string>;
  readonly commitments: ReadonlySet<string>;
  readonly pruning: PruningObservations;
}

/** What a run of records says of time. */
export interface Times {
  readonly oldest: string;
  readonly newest: string;
  /** One of them is older than one before it by more than a second. */
  readonly back: boolean;
}

interface OpenIntent {
  readonly session: string;
  readonly tool: string | undefined;
}

/** The times of records in order. The texts are all of one form, so they compare as times do. */
export function timesOf(texts: readonly string[]): Times {
  let [oldest = "", newest = "", back] = [texts[0], texts[0], false];
  for (const ts of texts) {
    if (ts >= newest) newest = ts;
    else if (isBack(newest, ts)) back = true;
    if (ts < oldest) oldest = ts;
  }
  return { oldest, newest, back };
}

const isBack = (newest: string, ts: string): boolean => Date.parse(newest) - Date.parse(ts) > CLOCK_SLACK_MS;

/** The part of a record that together with others says something, but for its time; undefined when there is none. */
export function noteOf(record: Fields): Fields | undefined {
  const { type, session, tool, intent_seq, evidence, pruned, erased } = record;
  const commits = commitmentsOf(record);
  const told = typeof intent_seq === "number" || commits.length > 0 || TELLING.has(String(type));
  return told ? { type, session, tool, intent_seq, evidence, pruned, erased, commits } : undefined;
}

const TELLING: ReadonlySet<string> = new Set([
  "tool.intent",
  "session.end",
  "evidence.added",
  "evidence.pruned",
  "log.gap",
  "log.recovered",
  "log.pruned",
  "redaction.erased",
]);

export function observations(startedAt: number): Observations {
  const open = new Map<number, OpenIntent>();
  const ended = new Set<string>();
  const evidence = new Set<string>();
  const commitments = new Set<string>();
  const pruning = pruningObservations();
  const noticed = new Set<string>();
  let torn = 0;
  let uncounted = 0;
  let newest = "";

  function observe(seq: number, record: Fields): void {
    const ts = String(record.ts);
    if (ts >= newest) newest = ts;
    else if (isBack(newest, ts)) noticed.add("clock-back");
    const told = noteOf(record);
    if (told !== undefined) note(seq, told);
  }

  function note(seq: number, told: Fields): void {
    for (const commit of told.commits as string[]) if (commitments.size < MAX_REMEMBERED) commitments.add(commit);
    if (told.type === "tool.intent") noteIntent(seq, told);
    else if (typeof told.intent_seq === "number") closeIntent(told.intent_seq);
    if (told.type === "session.end") ended.add(String(told.session));
    if (told.type === "evidence.added") noteEvidence(told.evidence as Fields | undefined);
    if (told.type === "evidence.pruned") evidence.delete(String((told.evidence as Fields | undefined)?.sha256));
    if (told.type === "log.pruned") pruning.noteConfession(told.pruned as Fields | undefined);
    if (told.type === "redaction.erased") pruning.noteErasure(seq, told.erased as Fields | undefined);
    if (told.type === "log.gap") noticed.add("gap");
    if (told.type === "log.recovered") {
      torn += 1;
      noticed.add("recovered");
    }
  }

  function noteTimes(times: Times): void {
    if (times.back || (times.oldest < newest && isBack(newest, times.oldest))) noticed.add("clock-back");
    if (times.newest >= newest) newest = times.newest;
  }

  function noteIntent(seq: number, { session, tool }: Fields): void {
    const intent = { session: String(session), tool: typeof tool === "string" ? tool : undefined };
    if (open.size < MAX_OPEN_INTENTS) open.set(seq, intent);
    else uncounted += 1;
  }

  function closeIntent(seq: number): void {
    if (open.delete(seq) || seq < startedAt || uncounted > 0) return;
    if (!pruning.isPruned(seq)) noticed.add("result-without-intent");
  }

  function noteEvidence(added: Fields | undefined): void {
    if (typeof added?.sha256 === "string" && evidence.size < MAX_REMEMBERED) evidence.add(added.sha256);
  }

  function orphans(): { readonly shown: readonly OrphanIntent[]; readonly count: number } {
    const shown = [...open].slice(0, ORPHANS_SHOWN).map(([seq, { session, tool }]): OrphanIntent => {
      const cause = ended.has(session) ? "session-ended" : "no-end";
      return { seq, session, cause, ...(tool === undefined ? {} : { tool }) };
    });
    return { shown, count: open.size + uncounted };
  }

  return {
    observe,
    noteTimes,
    note,
    notices: () => [
      ...(open.size > 0 ? ["orphan-intent"] : []),
      ...(pruning.pruned.length > 0 ? ["pruned"] : []),
      ...(pruning.erasures.length > 0 ? ["erased"] : []),
      ...noticed,
    ],
    orphans,
    torn: () => torn,
    evidence,
    commitments,
    pruning,
  };
}
