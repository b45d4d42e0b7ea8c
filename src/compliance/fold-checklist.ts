import type { ChecklistItemKind, ChecklistItemTemplate } from "../skills/checklist-template.ts";
import type {
  Checklist,
  ChecklistChange,
  ChecklistItem,
  ChecklistProgress,
  ItemStanding,
  ItemState,
} from "./checklist.ts";
import { type ChangeLine, type CreationLine, changeLine, creationLine } from "./checklist-line.ts";

const NOT_TESTED = "no automatic test has run yet";
const MOST_WARNINGS = 20;

/**
 * The checklist that a file's text adds up to: the first line creates it, each later line changes one item, the last
 * change of an item decides its state. Lines that cannot be used (cut off, edited by hand, naming unknown items) are
 * left out and counted in `warnings`. Gives the reason as a text when the first line is unusable. Never throws.
 */
export function foldChecklist(text: string): Checklist | string {
  const lines = text.split("\n");
  const endsWhole = lines.pop() === "";
  if (!endsWhole) lines.push(text.slice(text.lastIndexOf("\n") + 1));
  const first = creationLine.safeParse(parsed(lines[0] ?? ""));
  if (!first.success) return "its first line is no creation of a checklist";
  const creation = first.data;
  const { changes, unusable } = usableChanges(lines.slice(1), creation);
  return {
    id: creation.id,
    title: creation.title,
    ...(creation.scope === undefined ? {} : { scope: creation.scope }),
    skill: creation.skill,
    createdAt: creation.at,
    createdBy: creation.by,
    template: creation.template,
    ...stateOf(creation, changes),
    history: changes,
    warnings: warningsFor(unusable, endsWhole ? undefined : lines.length),
  };
}

function usableChanges(lines: readonly string[], { template }: CreationLine) {
  const kinds = new Map(template.items.map(({ id, kind }) => [id, kind]));
  const changes: ChecklistChange[] = [];
  const unusable: { line: number; why: string }[] = [];
  const seen = new Set<string>();
  lines.forEach((line, index) => {
    // Two processes that both mend a torn end leave an empty line between them.
    if (line === "") return;
    const read = changeLine.safeParse(parsed(line));
    const why = read.success ? whyUnusable(read.data, kinds, seen) : "is no change of an item by an agent";
    if (read.success && why === undefined) {
      seen.add(read.data.id);
      changes.push(toChange(read.data));
    } else {
      unusable.push({ line: index + 2, why: why ?? "" });
    }
  });
  return { changes, unusable };
}

/** The rules `update` enforces before it writes, held again against what stands in the file. */
function whyUnusable(
  change: ChangeLine,
  kinds: ReadonlyMap<string, ChecklistItemKind>,
  seen: ReadonlySet<string>,
): string | undefined {
  const kind = kinds.get(change.item);
  if (kind === undefined) return "names an item the checklist does not have";
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

function toChange({ id, at, item, state, by, note, reason, evidence }: ChangeLine): ChecklistChange {
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

function stateOf({ template }: CreationLine, changes: readonly ChecklistChange[]) {
  const byItem = new Map<string, ChecklistChange[]>(template.items.map(({ id }) => [id, []]));
  for (const change of changes) byItem.get(change.item)?.push(change);
  const items = template.items.map((item) => itemState(item, byItem.get(item.id) ?? []));
  return { items, progress: progressOf(items) };
}

function itemState(template: ChecklistItemTemplate, changes: readonly ChecklistChange[]): ChecklistItem {
  const last = changes.at(-1);
  const reopened = last === undefined || last.state === "open";
  const untested = template.kind === "auto" && reopened;
  const reason = last?.reason ?? (untested ? NOT_TESTED : undefined);
  const { test } = template;
  return {
    template,
    state: untested ? "not-evaluated" : (last?.state ?? "open"),
    standing: last === undefined ? "unset" : "reported",
    ...(reason === undefined ? {} : { reason }),
    ...(last?.note === undefined ? {} : { note: last.note }),
    ...(last === undefined ? {} : { by: last.by, at: last.at }),
    evidence: [...new Set(changes.flatMap(({ evidence }) => evidence))],
    ...(test === undefined ? {} : { automatic: { test, state: "not-evaluated", reason: NOT_TESTED } }),
  };
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
