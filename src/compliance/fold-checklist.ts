import type { ChecklistItemKind, ChecklistItemTemplate } from "../skills/checklist-template.ts";
import type {
  Checklist,
  ChecklistAttestation,
  ChecklistChange,
  ChecklistItem,
  ChecklistProgress,
  ItemStanding,
  ItemState,
} from "./checklist.ts";
import {
  type AttestLine,
  attestLine,
  type ChangeLine,
  type CreationLine,
  changeLine,
  creationLine,
  type TestResult,
  type VerifyLine,
  verifyLine,
} from "./checklist-line.ts";

const NOT_TESTED = "no automatic test has run yet";
const MOST_WARNINGS = 20;

/**
 * The checklist that a file's text adds up to: the first line creates it, each later line changes or attests one
 * item or gives the results of all tests, the last one of an item decides its state. Lines that cannot be used (cut off, edited by hand, naming unknown items) are
 * left out and counted in `warnings`. Gives the reason as a text when the first line is unusable. Never throws.
 */
export function foldChecklist(text: string): Checklist | string {
  const lines = text.split("\n");
  const endsWhole = lines.pop() === "";
  if (!endsWhole) lines.push(text.slice(text.lastIndexOf("\n") + 1));
  const first = creationLine.safeParse(parsed(lines[0] ?? ""));
  if (!first.success) return "its first line is no creation of a checklist";
  const creation = first.data;
  const { changes, attestations, verification, unusable } = usableLines(lines.slice(1), creation);
  return {
    id: creation.id,
    title: creation.title,
    ...(creation.scope === undefined ? {} : { scope: creation.scope }),
    skill: creation.skill,
    createdAt: creation.at,
    createdBy: creation.by,
    template: creation.template,
    ...stateOf(creation, changes, verification),
    history: changes,
    attestations,
    ...(verification === undefined ? {} : { verification: runOf(verification) }),
    warnings: warningsFor(unusable, endsWhole ? undefined : lines.length),
  };
}

function usableLines(lines: readonly string[], { template }: CreationLine) {
  const kinds = new Map(template.items.map(({ id, kind }) => [id, kind]));
  const changes: ChecklistChange[] = [];
  const attestations: ChecklistAttestation[] = [];
  let verification: VerifyLine | undefined;
  const unusable: { line: number; why: string }[] = [];
  const seen = new Set<string>();
  lines.forEach((line, index) => {
    // Two processes that both mend a torn end leave an empty line between them.
    if (line === "") return;
    const read = readLine(parsed(line));
    const why = read === undefined ? "is no change of an item by an agent" : whyUnusable(read, kinds, seen);
    if (read === undefined || why !== undefined) {
      unusable.push({ line: index + 2, why: why ?? "" });
      return;
    }
    seen.add(read.id);
    if (read.op === "verify") verification = read;
    else changes.push(toChange(read));
    if (read.op === "attest") attestations.push(toAttestation(read));
  });
  return { changes, attestations, verification: verification as VerifyLine | undefined, unusable };
}

type Line = ChangeLine | VerifyLine | AttestLine;

function readLine(value: unknown): Line | undefined {
  const op = (value as { op?: unknown } | null)?.op;
  const read = (op === "verify" ? verifyLine : op === "attest" ? attestLine : changeLine).safeParse(value);
  return read.success ? read.data : undefined;
}

/** The rules `update` enforces before it writes, held again against what stands in the file. */
function whyUnusable(
  change: Line,
  kinds: ReadonlyMap<string, ChecklistItemKind>,
  seen: ReadonlySet<string>,
): string | undefined {
  if (change.op === "verify") return seen.has(change.id) ? "repeats a verification" : undefined;
  const kind = kinds.get(change.item);
  if (kind === undefined) return "names an item the checklist does not have";
  if (change.op === "attest") {
    if (kind === "auto") return "attests what a test decides";
    return seen.has(change.id) ? "repeats an attestation" : undefined;
  }
  if (kind === "auto" && decidedByTest(change.state)) return "sets by hand what a test decides";
  if (needsReason(change.state) && change.reason === undefined) return "lacks the reason its state needs";
  return seen.has(change.id) ? "repeats a change" : undefined;
}

/** Whether a state is a verdict, which on automatic items only a test can give. */
export function decidedByTest(state: ItemState): boolean {
  return state === "done" || state === "failed";
}

/** Whether a state says nothing without a reason. */
export function needsReason(state: ItemState): boolean {
  return state === "not-applicable" || state === "blocked";
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function toChange(line: ChangeLine | AttestLine): ChecklistChange {
  const { id, at, item, state } = line;
  if (line.op === "attest") {
    const { statement, by } = line;
    const why = state === "not-applicable" ? { reason: statement } : { note: statement };
    return { id, at, item, state, by: { kind: "person", name: by.name }, ...why, evidence: [] };
  }
  const { by, note, reason, evidence } = line;
  return {
    id,
    at,
    item,
    state,
    by,
    ...(note === undefined ? {} : { note }),
    ...(reason === undefined ? {} : { reason }),
    evidence,
  };
}

function toAttestation({ at, item, state, by, statement, method, record }: AttestLine): ChecklistAttestation {
  const { kind, name, role } = by;
  return { at, item, state, by: { kind, name, ...(role === undefined ? {} : { role }) }, statement, method, record };
}

function runOf({ at, by, window, blind_spots, record }: VerifyLine): NonNullable<Checklist["verification"]> {
  return { at, by, ...(window === undefined ? {} : { window }), blindSpots: blind_spots, record };
}

function stateOf({ template }: CreationLine, changes: readonly ChecklistChange[], run: VerifyLine | undefined) {
  const byItem = new Map<string, ChecklistChange[]>(template.items.map(({ id }) => [id, []]));
  for (const change of changes) byItem.get(change.item)?.push(change);
  const items = template.items.map((item) => {
    const result = run?.results.find((one) => one.item === item.id && one.test === item.test);
    return itemState(item, byItem.get(item.id) ?? [], run && result && { ...result, at: run.at });
  });
  return { items, progress: progressOf(items) };
}

type Result = TestResult & { readonly at: string };

function itemState(
  template: ChecklistItemTemplate,
  changes: readonly ChecklistChange[],
  result: Result | undefined,
): ChecklistItem {
  const last = changes.at(-1);
  const verdict = verdictOf(template, changes, result);
  const reason = verdict.reason ?? last?.reason;
  const { test } = template;
  return {
    template,
    state: verdict.state,
    standing: verdict.standing,
    ...(reason === undefined ? {} : { reason }),
    ...(last?.note === undefined ? {} : { note: last.note }),
    ...(last === undefined ? {} : { by: last.by, at: last.at }),
    evidence: [...new Set([...changes.flatMap(({ evidence }) => evidence), ...(result?.evidence ?? [])])],
    ...(test === undefined ? {} : { automatic: automaticOf(test, result) }),
  };
}

function automaticOf(test: string, result: Result | undefined): NonNullable<ChecklistItem["automatic"]> {
  if (result === undefined) return { test, state: "not-evaluated", reason: NOT_TESTED };
  const { state, reason, records, evidence } = result;
  return { test, state, reason, records, evidence };
}

interface Verdict {
  readonly state: ItemState;
  readonly standing: ItemStanding;
  readonly reason?: string;
}

const OF_TEST = { pass: "done", fail: "failed", "not-applicable": "not-applicable" } as const;

/**
 * What an item is worth: on automatic items the test decides and reports count only where it could not; on the others
 * the last word counts, except that a failed test contradicts an agent's "done". A person's word stands until somebody
 * says otherwise.
 */
function verdictOf(
  { kind }: ChecklistItemTemplate,
  changes: readonly ChecklistChange[],
  result: Result | undefined,
): Verdict {
  const last = changes.at(-1);
  const open = last === undefined || last.state === "open";
  if (kind === "auto") {
    if (result !== undefined && result.state !== "not-evaluated") {
      return { state: OF_TEST[result.state], standing: "tested", reason: result.reason };
    }
    if (open) {
      const standing = last === undefined ? "unset" : "reported";
      return { state: "not-evaluated", standing, reason: last?.reason ?? result?.reason ?? NOT_TESTED };
    }
  }
  if (last === undefined) return { state: "open", standing: "unset" };
  if (isAttested(changes)) return { state: last.state, standing: "attested" };
  if (last.state === "done" && result?.state === "fail" && result.at >= last.at) {
    return { state: "failed", standing: "tested", reason: result.reason };
  }
  return { state: last.state, standing: "reported" };
}

/** Whether a person said last what the state is; an agent's repetition of it takes nothing away. */
function isAttested(changes: readonly ChecklistChange[]): boolean {
  const state = changes.at(-1)?.state;
  for (const change of changes.toReversed()) {
    if (change.state !== state) return false;
    if (change.by.kind === "person") return true;
  }
  return false;
}

function progressOf(items: readonly ChecklistItem[]): ChecklistProgress {
  const byState: Record<ItemState, number> = {
    open: 0,
    "in-progress": 0,
    done: 0,
    failed: 0,
    "not-applicable": 0,
    blocked: 0,
    "not-evaluated": 0,
  };
  const byStanding: Record<ItemStanding, number> = { unset: 0, reported: 0, attested: 0, tested: 0 };
  for (const { state, standing } of items) {
    byState[state] += 1;
    byStanding[standing] += 1;
  }
  return { total: items.length, settled: byState.done + byState["not-applicable"], byState, byStanding };
}

function warningsFor(unusable: readonly { line: number; why: string }[], tornLine: number | undefined): string[] {
  const shown = unusable
    .filter(({ line }) => line !== tornLine)
    .slice(0, MOST_WARNINGS)
    .map(({ line, why }) => `line ${line} of the file was left out: it ${why}`);
  const more = unusable.length - MOST_WARNINGS;
  return [
    ...shown,
    ...(more > 0 ? [`${more} more lines were left out`] : []),
    ...(tornLine === undefined
      ? []
      : [`the last line of the file (${tornLine}) has no line end: its writing was cut off`]),
  ];
}
