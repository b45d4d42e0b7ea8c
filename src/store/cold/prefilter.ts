import type { AlertFilter, FieldCondition } from "../alert-store.ts";
import { wordsOf } from "../words.ts";
import { runsOf } from "./cold-alert.ts";
import type { ColdRows } from "./cold-rows.ts";

/** Says cheaply that an alert cannot match. */
export interface Prefilter {
  /** False where nothing but rule, priority, run and time is asked for, which the rows know without the lines. */
  readonly needsLines: boolean;
  /** False where what is known of the row rules it out. */
  readonly mayMatchRow: (rows: ColdRows) => (row: number) => boolean;
  /** False where a plain line lacks bytes that every matching one has. */
  readonly mayMatchLine: (line: Buffer) => boolean;
}

export function compilePrefilter(filter: AlertFilter): Prefilter {
  const needles: (readonly string[] | undefined)[] = [
    quoted(filter.sources),
    quoted(filter.hostnames),
    ...(filter.tags ?? []).map((tag) => quoted([tag])),
    ...(filter.fields ?? []).map(needlesOfCondition),
  ];
  const wanted = needles.flatMap((texts) => (texts === undefined ? [] : [texts.map((text) => Buffer.from(text))]));
  const words = wordsOf(filter.text ?? "").filter((word) => /^\w+$/.test(word));
  return {
    needsLines: needles.length > countAbsent(filter) || filter.text !== undefined,
    mayMatchRow: (rows) => rowTest(filter, rows),
    mayMatchLine: (line) => {
      if (!wanted.every((any) => any.some((bytes) => line.includes(bytes)))) return false;
      if (words.length === 0) return true;
      const lower = line.toString("latin1").toLowerCase();
      return words.every((word) => lower.includes(word));
    },
  };
}

/** Sources and hosts stand in the list even where the filter names none. */
function countAbsent({ sources = [], hostnames = [] }: AlertFilter): number {
  return (sources.length === 0 ? 1 : 0) + (hostnames.length === 0 ? 1 : 0);
}

function rowTest({ rules = [], priorities = [], runId }: AlertFilter, rows: ColdRows): (row: number) => boolean {
  const isRule = rows.rules.map((rule) => rules.length === 0 || rules.includes(rule));
  const isPriority = rows.priorities.map((name) => priorities.length === 0 || priorities.some((one) => one === name));
  return (row) =>
    isRule[rows.rule[row] as number] === true &&
    isPriority[rows.priority[row] as number] === true &&
    (runId === undefined || runsOf(rows, row).includes(runId));
}

/** What a plain line must hold any of; undefined where nothing can be said. */
function needlesOfCondition({ fields, operator, values }: FieldCondition): readonly string[] | undefined {
  switch (operator) {
    case "exists":
      return quoted(fields);
    case "=":
    case "in":
    case "contains":
    case "startswith":
      return anyOf(values);
    default:
      return undefined;
  }
}

/** Values that can only be strings. */
function quoted(values: readonly string[] | undefined): readonly string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values.map((value) => JSON.stringify(value));
}

function anyOf(values: readonly string[] | undefined): readonly string[] | undefined {
  if (values === undefined || values.length === 0) return undefined;
  const needles = values.map(needleOf);
  return needles.every((needle) => needle !== undefined) ? needles : undefined;
}

/** A text as a plain line writes it; undefined where it could be written in another way. */
function needleOf(text: string): string | undefined {
  // Lists and objects may be written with blanks.
  if (text === "" || /["[\]{}]/.test(text)) return undefined;
  return JSON.stringify(text).slice(1, -1);
}
