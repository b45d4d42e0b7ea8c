import type { Priority } from "../alert/alert.ts";
import type { LoadContext } from "./load-context.ts";
import type { Step } from "./rule-set.ts";
import type { SourcedText } from "./sourced-text.ts";

/** A value of an exception: one text, or a list. What is missing or no such value is the empty text. */
export type Entry = TextEntry | ListEntry;

interface TextEntry {
  readonly kind: "text";
  readonly text: SourcedText;
}

interface ListEntry {
  readonly kind: "list";
  readonly items: readonly Entry[];
}

export const NO_ENTRY: Entry = { kind: "text", text: { text: "", pieces: [] } };

export function isGiven(entry: Entry): boolean {
  return entry.kind === "list" ? entry.items.length > 0 : entry.text.text !== "";
}

export interface CollectedException {
  readonly name: string;
  readonly context: LoadContext;
  readonly fields: Entry;
  readonly comps: Entry;
  readonly values: Entry[];
}

/** What appends, overrides and macros' order need to know: when an item was first defined and last changed. */
interface Collected {
  readonly name: string;
  context: LoadContext;
  index: number;
  visibility: number;
  readonly history: Step[];
}

export interface CollectedList extends Collected {
  items: SourcedText[];
}

export interface CollectedMacro extends Collected {
  condition: SourcedText;
  conditionContext: LoadContext;
}

export interface RuleContent {
  condition: SourcedText;
  output: SourcedText;
  description: string;
  tags: string[];
  exceptions: CollectedException[];
  priority: Priority;
  capture: boolean;
  captureDurationMs: number;
  enabled: boolean;
  warnEventTypes: boolean;
  skipIfUnknownFilter: boolean;
}

export interface CollectedRule extends Collected, RuleContent {
  source: string;
  unknownSource: boolean;
  conditionContext: LoadContext;
  outputContext: LoadContext;
}

/** A part of a rule that an append or an override gives. */
export interface RuleUpdate extends Partial<RuleContent> {
  readonly name: string;
  readonly context: LoadContext;
  /** Empty where the item names none. */
  readonly source: string;
}

/** Texts whose UTF-16 units are their bytes. */
function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

/** The tags with more among them, in their order; changes the list, since a file may append one tag ten thousand times. */
export function addTags(tags: string[], more: readonly string[]): void {
  for (const tag of more) {
    let [low, high] = [0, tags.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byBytes(tags[middle] ?? "", tag) < 0) low = middle + 1;
      else high = middle;
    }
    if (tags[low] !== tag) tags.splice(low, 0, tag);
  }
}

function byBytes(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Tags without repeats, in the order of their bytes as Falco keeps them. */
export function sortedTags(tags: Iterable<string>): string[] {
  const sorted = [...new Set(tags)];
  if (sorted.every(isAscii)) return sorted.sort();
  return sorted.sort(byBytes);
}
