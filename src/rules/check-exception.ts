import { OPERATORS } from "../fields/operators.ts";
import type { CollectedException, Entry } from "./collected.ts";
import { isModifiedOperator } from "./exception-condition.ts";
import { leftHandVerdict } from "./left-hand-field.ts";
import { fileContext, reject } from "./load-context.ts";
import type { SourcedText } from "./sourced-text.ts";

/**
 * The exception with its comparison operators filled in (`=` for each of several fields, `in` for one) and without blanks
 * around them. Fails where fields and operators do not fit, or where the source has no such field; with no source (one
 * that is not loaded) fields are not looked at.
 */
export function checkedException(exception: CollectedException, source: string | undefined): CollectedException {
  return exception.fields.kind === "list"
    ? checkedList(exception, exception.fields.items, source)
    : checkedSingle(exception, exception.fields, source);
}

function checkedList(
  exception: CollectedException,
  fields: readonly Entry[],
  source: string | undefined,
): CollectedException {
  const { comps, context } = exception;
  const given = comps.kind === "list" || comps.text.text !== "";
  const isEmpty = comps.kind === "list" && comps.items.length === 0;
  const items = !given || isEmpty ? fields.map(() => plain("=")) : comps.kind === "list" ? comps.items : [];
  if (fields.length !== items.length) {
    reject("LOAD_ERR_VALIDATE", "Fields and comps lists must have equal length", context);
  }
  const checked = items.map((item) => stripped(item));
  for (const comp of checked.map(wordOf)) {
    if (!OPERATORS.some(({ name }) => name === comp) && !isModifiedOperator(comp)) {
      reject("LOAD_ERR_VALIDATE", `'${comp}' is not a supported comparison operator`, context);
    }
  }
  for (const field of fields) checkField(wordOf(field), source, exception);
  return { ...exception, comps: { kind: "list", items: checked } };
}

function checkedSingle(exception: CollectedException, field: Entry, source: string | undefined): CollectedException {
  const { context } = exception;
  const given = exception.comps.kind === "list" ? exception.comps.items.length > 0 : exception.comps.text.text !== "";
  const comps = given ? exception.comps : plain("in");
  if (comps.kind === "list") reject("LOAD_ERR_VALIDATE", "Fields and comps must both be strings", context);
  const checked = stripped(comps);
  const comp = wordOf(checked);
  if (!["in", "pmatch", "intersects"].includes(comp) && !isModifiedOperator(comp)) {
    const message =
      "When fields is a single value, comps must be one of (in, pmatch, intersects) or a modifier operator (e.g. startswith oneof)";
    reject("LOAD_ERR_VALIDATE", message, context);
  }
  checkField(wordOf(field), source, exception);
  return { ...exception, comps: checked };
}

function checkField(field: string, source: string | undefined, { context }: CollectedException): void {
  if (source === undefined) return;
  const verdict = leftHandVerdict(field, source);
  if ("message" in verdict) reject("LOAD_ERR_VALIDATE", verdict.message, fileContext(context.file));
  if (!verdict.known) reject("LOAD_ERR_VALIDATE", `'${field}' is not a supported filter field`, context);
}

function plain(text: string): Entry {
  return { kind: "text", text: { text, pieces: [] } };
}

function wordOf(entry: Entry): string {
  return entry.kind === "text" ? entry.text.text : "";
}

function stripped(entry: Entry): Entry {
  if (entry.kind === "list") return entry;
  const text: SourcedText = { ...entry.text, text: entry.text.text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "") };
  return { kind: "text", text };
}
