import { formatTimeNs } from "../../alert/time.ts";
import { lineOf, type ProcessLife } from "./process-book.ts";
import type { CaptureLook } from "./walk-capture.ts";

/** The part of every row that says who did it. All texts but pid and container were chosen by whoever ran the process. */
export interface ProcessRow {
  readonly pid: number;
  readonly process: string;
  readonly command: string;
  readonly path: string;
  /** Name where the capture knows it, else `uid N`. */
  readonly user: string;
  /** Container id, or `host`. */
  readonly container: string;
  /** Those above it, the parent first: `sh (20167) < httpd (20108)`. */
  readonly lineage: string;
}

/** Generations that a row names. */
const LINEAGE = 8;

export const NO_PROCESS: ProcessRow = {
  pid: -1,
  process: "",
  command: "",
  path: "",
  user: "",
  container: "host",
  lineage: "",
};

export function processRow(life: ProcessLife | undefined): ProcessRow {
  if (life === undefined) return NO_PROCESS;
  const { pid, name, command, path, container = "host" } = life;
  const line = lineOf(life, LINEAGE + 2).slice(1);
  const names = line.slice(0, LINEAGE).map((above) => `${above.name} (${above.pid})`);
  const lineage = [...names, ...(line.length > LINEAGE ? ["…"] : [])].join(" < ");
  return { pid, process: name, command, path, user: userText(life), container, lineage };
}

export const userText = ({ user, uid }: ProcessLife): string => user ?? `uid ${uid}`;

/** A page of rows that are told apart by the number of their first event. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Rows in all, before paging. */
  readonly matched: number;
  /** Where the next page begins; absent on the last one. */
  readonly next?: number;
}

/** Which rows of an answer are wanted: those whose first event comes after `after`, at most `limit`. */
export interface PageWishes {
  readonly after: number;
  readonly limit: number;
}

/** Groups that one answer counts at most. */
export const MAX_GROUPS = 20_000;

/** Things counted under a key while a capture is read, in the order of their first event; at most 20,000. */
export class Groups<Group extends { readonly event: number }> {
  readonly #groups = new Map<string, Group>();
  /** Events that belong to no group because there were too many groups. */
  leftOut = 0;

  /** The group of a key, made when it is new; undefined when there is no room for another one. */
  take(key: string, make: () => Group): Group | undefined {
    const known = this.#groups.get(key);
    if (known) return known;
    if (this.#groups.size >= MAX_GROUPS) {
      this.leftOut += 1;
      return undefined;
    }
    const group = make();
    this.#groups.set(key, group);
    return group;
  }

  page<Row>({ after, limit }: PageWishes, rowOf: (group: Group) => Row): Page<Row> {
    const rows: Row[] = [];
    let last = 0;
    for (const group of this.#groups.values()) {
      if (group.event <= after) continue;
      if (rows.length === limit) return { rows, matched: this.#groups.size, next: last };
      rows.push(rowOf(group));
      last = group.event;
    }
    return { rows, matched: this.#groups.size };
  }

  notices(what: string): string[] {
    return this.leftOut === 0
      ? []
      : [
          `only the first ${MAX_GROUPS} ${what} are counted; ${this.leftOut} events belong to others: narrow the filter`,
        ];
  }
}

/** Rows of single events: keeps one page, counts all. */
export class EventRows<Row> {
  readonly #rows: Row[] = [];
  readonly #wishes: PageWishes;
  #matched = 0;
  #last = 0;
  #hasMore = false;

  constructor(wishes: PageWishes) {
    this.#wishes = wishes;
  }

  add(number: number, make: () => Row): void {
    this.#matched += 1;
    if (number <= this.#wishes.after) return;
    if (this.#rows.length >= this.#wishes.limit) {
      this.#hasMore = true;
      return;
    }
    this.#rows.push(make());
    this.#last = number;
  }

  page(): Page<Row> {
    return { rows: this.#rows, matched: this.#matched, ...(this.#hasMore ? { next: this.#last } : {}) };
  }
}

export const timeText = (ns: bigint): string => formatTimeNs(ns);

/** A field of the current event as text; undefined where the event has none or Falco would show `<NA>`. */
export function textReader(
  { fields }: CaptureLook,
  name: string,
): (event: Parameters<ReturnType<typeof fields.reader>>[0]) => string | undefined {
  const read = fields.reader({ name });
  return (event) => {
    const value = read(event);
    if (value === undefined || value === "" || value === "<NA>" || typeof value === "object") return undefined;
    return String(value);
  };
}
