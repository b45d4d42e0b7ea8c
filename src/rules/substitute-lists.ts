import type { FilePlace } from "./load-context.ts";
import { placeInSources, type SourcedText } from "./sourced-text.ts";

const BLANKS = " \t\n\r";
const NEIGHBOURS = `${BLANKS}(),=`;
const WORDS = /[^ \t\n\r(),=]+/g;

/** A list as conditions see it: one level of other lists replaced by their items. */
export interface SubstitutableList {
  readonly name: string;
  readonly order: number;
  readonly items: readonly SourcedText[];
}

/** A replacement in a text, in the order they were made: offsets are those of the text just before it. */
interface Edit {
  readonly start: number;
  readonly removed: number;
  readonly inserted: string;
  readonly list: SubstitutableList;
}

/** A condition after its lists were put in. */
export interface ExpandedText {
  readonly source: SourcedText;
  readonly text: string;
  readonly edits: readonly Edit[];
  /** Names of the lists put in. */
  readonly lists: readonly string[];
}

const NONE: readonly never[] = [];

/** Lists of lists can double a text at every step: beyond this length it is refused. */
export const LONGEST_CONDITION = 1_000_000;

/**
 * The text with every list name replaced by the list's items, as Falco does it: on the bare text, before anything is
 * parsed, list by list in the order of their definition, wherever blanks, brackets, commas, equal signs or the text's
 * ends surround the name (so also inside quotes). `undefined` where the text would grow beyond 1,000,000 characters.
 * Source: falco userspace/engine/rule_loader_compiler.cpp resolve_list @13074749.
 */
export function substituteLists(source: SourcedText, lists: ListTable): ExpandedText | undefined {
  let text = source.text;
  const waiting = lists.namedIn(text);
  if (waiting === undefined) return { source, text, edits: NONE, lists: NONE };
  const edits: Edit[] = [];
  const used: string[] = [];
  for (let list = waiting.next(); list !== undefined; list = waiting.next()) {
    const replaced = replaceName(text, list, edits);
    if (replaced === undefined) continue;
    text = replaced;
    if (text.length > LONGEST_CONDITION) return undefined;
    used.push(list.name);
    waiting.put(list);
  }
  return { source, text, edits, lists: used };
}

/** Lists by name, and the search for those that a text may name. */
export interface ListTable {
  /** undefined where the text names none, as most do. */
  namedIn(text: string): Waiting | undefined;
}

interface Waiting {
  /** The next list, in the order of definition, that the text or the lists put into it may name. */
  next(): SubstitutableList | undefined;
  /** The list was put into the text, and with it whatever its items name. */
  put(list: SubstitutableList): void;
}

export function createListTable(lists: readonly SubstitutableList[]): ListTable {
  const byName = new Map(lists.map((list) => [list.name, list]));
  // A name with a neighbour character in it is no word of any text: only a search finds it.
  const odd = lists.filter(({ name }) => /[ \t\n\r(),=]/.test(name));
  const mentions = new Map<SubstitutableList, readonly SubstitutableList[]>();
  const mentionedIn = (text: string) => {
    const named: SubstitutableList[] = [];
    for (const word of text.match(WORDS) ?? []) {
      const list = byName.get(word);
      if (list !== undefined) named.push(list);
    }
    return named;
  };
  const mentionedBy = (list: SubstitutableList) => {
    const known = mentions.get(list) ?? list.items.flatMap((item) => mentionedIn(item.text));
    mentions.set(list, known);
    return known;
  };
  return {
    namedIn(text) {
      const named = mentionedIn(text);
      return named.length + odd.length === 0 ? undefined : waitingLists([...odd, ...named], mentionedBy);
    },
  };
}

function waitingLists(
  first: readonly SubstitutableList[],
  mentionedBy: (list: SubstitutableList) => readonly SubstitutableList[],
): Waiting {
  const known = new Set(first);
  let pending = [...known].sort((a, b) => b.order - a.order);
  let reached = -1;
  return {
    next() {
      const list = pending.pop();
      reached = list?.order ?? reached;
      return list;
    },
    put(list) {
      const fresh = mentionedBy(list).filter((other) => other.order > reached && !known.has(other));
      if (fresh.length === 0) return;
      for (const other of fresh) known.add(other);
      pending = [...pending, ...new Set(fresh)].sort((a, b) => b.order - a.order);
    },
  };
}

/** The text with one list's name replaced everywhere; undefined where it is not named. */
function replaceName(text: string, list: SubstitutableList, edits: Edit[]): string | undefined {
  const { name } = list;
  if (name === "" || !text.includes(name)) return undefined;
  const items = list.items.map((item) => quotedItem(item.text)).join(", ");
  const done = new TextEnd();
  let copied = 0;
  let at = text.indexOf(name);
  while (at !== -1) {
    const before = at > copied ? text.charAt(at - 1) : done.last;
    let end = at + name.length;
    if (!isNeighbour(before) || !isNeighbour(text.charAt(end))) {
      at = text.indexOf(name, at + 1);
      continue;
    }
    const oldLength = done.length;
    done.add(text.slice(copied, at));
    done.dropBlanks();
    while (end < text.length && BLANKS.includes(text.charAt(end))) end += 1;
    if (items === "") {
      if (done.last === ",") done.dropLast();
      else if (text.charAt(end) === ",") end += 1;
    }
    const start = done.length;
    const inserted = `${start > 0 ? " " : ""}${items} `;
    edits.push({ start, removed: oldLength + (end - copied) - start, inserted, list });
    done.add(inserted);
    copied = end;
    // At the very start of a text Falco looks one character too far ahead for the next name.
    at = text.indexOf(name, start > 0 ? end : end + 1);
  }
  return copied === 0 ? undefined : done.text + text.slice(copied);
}

function isNeighbour(character: string): boolean {
  return character === "" || NEIGHBOURS.includes(character);
}

/** A growing text whose end can be cut. */
class TextEnd {
  readonly #parts: string[] = [];
  length = 0;

  get text(): string {
    return this.#parts.join("");
  }

  get last(): string {
    return this.#parts.at(-1)?.at(-1) ?? "";
  }

  add(text: string): void {
    if (text !== "") this.#parts.push(text);
    this.length += text.length;
  }

  dropLast(): void {
    const last = this.#parts.pop() ?? "";
    this.length -= last.length;
    this.add(last.slice(0, -1));
  }

  dropBlanks(): void {
    while (this.last !== "" && BLANKS.includes(this.last)) this.dropLast();
  }
}

/** An item with blanks in it in quotes, unless it begins with a quote: nothing is escaped, as in Falco. */
export function quotedItem(item: string): string {
  return item.includes(" ") && !item.startsWith('"') && !item.startsWith("'") ? `"${item}"` : item;
}

/** Where the characters of an expanded text stand: in the condition itself, or in the list that put them there. */
export function placeInExpanded(expanded: ExpandedText, start: number, end: number): FilePlace | undefined {
  let from = start;
  let to = end;
  for (const edit of expanded.edits.toReversed()) {
    if (from < edit.start) continue;
    const insertedEnd = edit.start + edit.inserted.length;
    if (from < insertedEnd) return placeInList(edit, from - edit.start);
    from += edit.removed - edit.inserted.length;
    to += edit.removed - edit.inserted.length;
  }
  return placeInSources(expanded.source, from, Math.max(from, to));
}

function placeInList({ inserted, list }: Edit, offset: number): FilePlace | undefined {
  let start = inserted.startsWith(" ") ? 1 : 0;
  for (const item of list.items) {
    const length = quotedItem(item.text).length;
    if (offset < start + length + 2) return placeInSources(item, 0, item.text.length);
    start += length + 2;
  }
  return list.items[0] === undefined ? undefined : placeInSources(list.items[0], 0, 0);
}
