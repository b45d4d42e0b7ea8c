import type { OrphanIntent } from "./verdict.ts";

const MAX_OPEN_INTENTS = 100_000;
const MAX_REMEMBERED = 1_000_000;
const ORPHANS_SHOWN = 100;
const CLOCK_SLACK_MS = 1_000;

type Fields = Readonly<Record<string, unknown>>;

/** What records say together that no single one says. Memory is capped whatever the trail holds. */
export interface Observations {
  observe(seq: number, record: Fields): void;
  /** Words for what was noticed; none of them is a failure. */
  notices(): string[];
  orphans(): { readonly shown: readonly OrphanIntent[]; readonly count: number };
  /** Half lines that were set aside. */
  readonly torn: () => number;
  /** SHA-256 of evidence that was added. */
  readonly evidence: ReadonlySet<string>;
  readonly commitments: ReadonlySet<string>;
}

interface OpenIntent {
  readonly session: string;
  readonly tool: string | undefined;
}

export function observations(startedAt: number): Observations {
  const open = new Map<number, OpenIntent>();
  const ended = new Set<string>();
  const evidence = new Set<string>();
  const commitments = new Set<string>();
  const noticed = new Set<string>();
  let torn = 0;
  let uncounted = 0;
  let newest = "";

  function observe(seq: number, record: Fields): void {
    noteTime(String(record.ts));
    for (const part of [record.args, record.details] as (Fields | undefined)[]) {
      if (typeof part?.commit === "string" && commitments.size < MAX_REMEMBERED) commitments.add(part.commit);
    }
    if (record.type === "tool.intent") noteIntent(seq, record);
    else if (typeof record.intent_seq === "number") closeIntent(record.intent_seq);
    if (record.type === "session.end") ended.add(String(record.session));
    if (record.type === "evidence.added") noteEvidence(record.evidence as Fields | undefined);
    if (record.type === "log.gap") noticed.add("gap");
    if (record.type === "log.recovered") {
      torn += 1;
      noticed.add("recovered");
    }
  }

  // The texts are all of one form, so they compare as times do.
  function noteTime(ts: string): void {
    if (ts >= newest) newest = ts;
    else if (Date.parse(newest) - Date.parse(ts) > CLOCK_SLACK_MS) noticed.add("clock-back");
  }

  function noteIntent(seq: number, { session, tool }: Fields): void {
    const intent = { session: String(session), tool: typeof tool === "string" ? tool : undefined };
    if (open.size < MAX_OPEN_INTENTS) open.set(seq, intent);
    else uncounted += 1;
  }

  function closeIntent(seq: number): void {
    if (!open.delete(seq) && seq >= startedAt && uncounted === 0) noticed.add("result-without-intent");
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
    notices: () => [...(open.size > 0 ? ["orphan-intent"] : []), ...noticed],
    orphans,
    torn: () => torn,
    evidence,
    commitments,
  };
}
