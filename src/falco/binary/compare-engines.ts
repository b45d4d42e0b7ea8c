import type { Alert, FieldValue } from "../../alert/alert.ts";
import type { FalcoFinding } from "../../rules/falco-finding.ts";
import type { FalcoLoadResult } from "../../rules/falco-load-results.ts";

/** What an engine says of rule files: a `FalcoVerdict` and a `FalcoValidation` both are one. */
export interface ComparedVerdict {
  readonly results?: readonly FalcoLoadResult[];
  /** The words with which an engine ended in place of results. */
  readonly fatal?: string;
}

/** How many there are, and the first of them. */
export interface Examples<T> {
  readonly count: number;
  readonly first: readonly T[];
}

export interface VerdictDifference {
  /** The file; empty for what concerns all of them. */
  readonly file: string;
  readonly what: "fatal" | "presence" | "ok" | "errors" | "warnings" | "schema";
  readonly falco: readonly string[];
  readonly embedded: readonly string[];
}

export interface VerdictComparison {
  readonly same: boolean;
  readonly files: number;
  readonly differences: Examples<VerdictDifference>;
}

export type ComparedAlert = Pick<Alert, "rule" | "time" | "priority" | "output" | "fields">;
type AlertPlace = Pick<Alert, "rule" | "time" | "output">;

export interface ChangedAlert {
  readonly rule: string;
  readonly time: string;
  /** "priority", "output" or "output_fields.<name>"; undefined where one side lacks the field. */
  readonly changes: readonly { readonly what: string; readonly falco?: FieldValue; readonly embedded?: FieldValue }[];
}

export interface AlertComparison {
  readonly same: boolean;
  readonly falco: number;
  readonly embedded: number;
  /** Alerts that are alike in rule, time, priority, output and output_fields. */
  readonly alike: number;
  /** Falco gave them and the embedded engine did not. */
  readonly missing: Examples<AlertPlace>;
  /** The embedded engine gave them and Falco did not. */
  readonly extra: Examples<AlertPlace>;
  /** Same rule and time, other content. */
  readonly changed: Examples<ChangedAlert>;
  /** False where both gave the same rules at the same times in another order. */
  readonly sameOrder: boolean;
}

export interface CompareOptions {
  /** Most examples of each kind; 10 by default. */
  readonly examples?: number;
  /** Output fields that are left out of the comparison, with the text of `output` where there are any. */
  readonly ignoreFields?: readonly string[];
}

const MAX_FIELD_CHANGES = 20;

/** Where two engines say different things of the same rule files: presence, verdict, errors, warnings, schema. */
export function compareVerdicts(
  falco: ComparedVerdict,
  embedded: ComparedVerdict,
  { examples = 10 }: CompareOptions = {},
): VerdictComparison {
  const found: VerdictDifference[] = [];
  const differ = (file: string, what: VerdictDifference["what"], left: string[], right: string[]): void => {
    if (JSON.stringify(left) !== JSON.stringify(right)) found.push({ file, what, falco: left, embedded: right });
  };
  const fatalOf = ({ fatal }: ComparedVerdict): string[] => (fatal === undefined ? [] : [fatal]);
  differ("", "fatal", fatalOf(falco), fatalOf(embedded));
  const [left, right] = [falco.results ?? [], embedded.results ?? []];
  const files = Math.max(left.length, right.length);
  for (let index = 0; index < files; index += 1) {
    const [one, other] = [left[index], right[index]];
    const name = one?.name ?? other?.name ?? "";
    // Where one side ended without results, that is the difference, and not every file of the other.
    const isWhole = falco.fatal === undefined && embedded.fatal === undefined;
    if (one === undefined || other === undefined) {
      if (isWhole)
        differ(name, "presence", one === undefined ? [] : [one.name], other === undefined ? [] : [other.name]);
      continue;
    }
    differ(name, "presence", [one.name], [other.name]);
    differ(name, "ok", [String(one.successful)], [String(other.successful)]);
    differ(name, "errors", one.errors.map(findingText), other.errors.map(findingText));
    differ(name, "warnings", one.warnings.map(findingText), other.warnings.map(findingText));
    differ(name, "schema", schemaText(one), schemaText(other));
  }
  return { same: found.length === 0, files, differences: { count: found.length, first: found.slice(0, examples) } };
}

/**
 * Where two runs over the same events differ. Alerts are told apart by rule and time; of several with the same rule and time
 * those that are alike are matched first, the others in the order they came. Memory grows with the alerts of both sides.
 */
export function compareAlerts(
  falco: readonly ComparedAlert[],
  embedded: readonly ComparedAlert[],
  { examples = 10, ignoreFields = [] }: CompareOptions = {},
): AlertComparison {
  const ignored = new Set(ignoreFields);
  const { alike, unlike, left } = matchAlike(falco, embedded, (alert) => contentOf(alert, ignored));
  const missing: AlertPlace[] = [];
  const changed: ChangedAlert[] = [];
  const others = queues(left);
  for (const alert of unlike) {
    const other = others(keyOf(alert));
    if (other === undefined) missing.push(placeOf(alert));
    else changed.push({ rule: alert.rule, time: alert.time, changes: changesOf(alert, other.alert, ignored) });
  }
  const extra = left.filter(({ isPaired }) => !isPaired).map(({ alert }) => placeOf(alert));
  const isComplete = missing.length === 0 && extra.length === 0;
  return {
    same: isComplete && changed.length === 0,
    falco: falco.length,
    embedded: embedded.length,
    alike,
    missing: { count: missing.length, first: missing.slice(0, examples) },
    extra: { count: extra.length, first: extra.slice(0, examples) },
    changed: { count: changed.length, first: changed.slice(0, examples) },
    sameOrder: !isComplete || falco.every((alert, at) => keyOf(alert) === keyOf(embedded[at])),
  };
}

interface Waiting {
  readonly alert: ComparedAlert;
  isPaired: boolean;
}

/** Pairs the alerts that are alike in all that is compared, and gives those of both sides that are left, in their order. */
function matchAlike(
  falco: readonly ComparedAlert[],
  embedded: readonly ComparedAlert[],
  content: (alert: ComparedAlert) => string,
): { readonly alike: number; readonly unlike: readonly ComparedAlert[]; readonly left: readonly Waiting[] } {
  const textOf = (alert: ComparedAlert): string => `${keyOf(alert)}\0${content(alert)}`;
  const texts = falco.map(textOf);
  const given = new Map<string, number>();
  for (const text of texts) given.set(text, (given.get(text) ?? 0) + 1);
  const left: Waiting[] = [];
  for (const alert of embedded) {
    const text = textOf(alert);
    const count = given.get(text) ?? 0;
    if (count > 0) given.set(text, count - 1);
    else left.push({ alert, isPaired: false });
  }
  // What is left of each count had no partner: the last ones of several equal alerts.
  const unlike: ComparedAlert[] = [];
  for (const [at, alert] of [...falco.entries()].reverse()) {
    const text = texts[at] ?? "";
    const count = given.get(text) ?? 0;
    if (count === 0) continue;
    given.set(text, count - 1);
    unlike.push(alert);
  }
  return { alike: falco.length - unlike.length, unlike: unlike.reverse(), left };
}

/** Gives, for a key, the next alert of it that has no partner yet, and pairs it. */
function queues(left: readonly Waiting[]): (key: string) => Waiting | undefined {
  const byKey = new Map<string, { readonly waiting: Waiting[]; next: number }>();
  for (const waiting of left) {
    const key = keyOf(waiting.alert);
    const queue = byKey.get(key) ?? { waiting: [], next: 0 };
    queue.waiting.push(waiting);
    byKey.set(key, queue);
  }
  return (key) => {
    const queue = byKey.get(key);
    const waiting = queue?.waiting[queue.next];
    if (queue === undefined || waiting === undefined) return undefined;
    queue.next += 1;
    waiting.isPaired = true;
    return waiting;
  };
}

function findingText({ code, message, context }: FalcoFinding): string {
  const place = context.locations.at(-1)?.position;
  return `${code}: ${message}${place === undefined ? "" : ` (${place.line}:${place.column})`}`;
}

/** Places read alike however Falco's schema library writes them: `[key]` before valijson 1.1, `["key"]` since. */
function schemaText({ schema_valid, schema_warnings = [] }: FalcoLoadResult): string[] {
  if (schema_valid === undefined) return [];
  return [String(schema_valid), ...schema_warnings.map((words) => words.replaceAll(/\["([^"\]]{1,200})"\]/g, "[$1]"))];
}

function keyOf(alert: ComparedAlert | undefined): string {
  return alert === undefined ? "" : `${alert.time} ${alert.rule}`;
}

function placeOf({ rule, time, output }: ComparedAlert): AlertPlace {
  return { rule, time, output };
}

/** What is compared of an alert beyond its key, as one text. */
function contentOf({ priority, output, fields }: ComparedAlert, ignored: ReadonlySet<string>): string {
  const names = Object.keys(fields).filter((name) => !ignored.has(name));
  const values = names.sort().map((name) => [name, canonical(fields[name])]);
  return JSON.stringify([priority, ignored.size > 0 ? "" : output, values]);
}

function changesOf(
  falco: ComparedAlert,
  embedded: ComparedAlert,
  ignored: ReadonlySet<string>,
): ChangedAlert["changes"] {
  const changes: ChangedAlert["changes"][number][] = [];
  const compare = (what: string, left: FieldValue | undefined, right: FieldValue | undefined): void => {
    if (canonical(left) === canonical(right) || changes.length >= MAX_FIELD_CHANGES) return;
    changes.push({
      what,
      ...(left === undefined ? {} : { falco: left }),
      ...(right === undefined ? {} : { embedded: right }),
    });
  };
  compare("priority", falco.priority, embedded.priority);
  const names = new Set([...Object.keys(falco.fields), ...Object.keys(embedded.fields)]);
  for (const name of [...names].sort()) {
    if (!ignored.has(name)) compare(`output_fields.${name}`, falco.fields[name], embedded.fields[name]);
  }
  if (ignored.size === 0) compare("output", falco.output, embedded.output);
  return changes;
}

/** JSON with sorted keys; undefined is told apart from null. */
function canonical(value: FieldValue | undefined): string {
  if (value === undefined) return "";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: FieldValue) => canonical(item)).join(",")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
}
