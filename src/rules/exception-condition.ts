import { MODIFIERS, OPERATORS } from "../fields/operators.ts";
import { type CollectedException, type Entry, NO_ENTRY } from "./collected.ts";
import { reject } from "./load-context.ts";
import { joined, type SourcedText } from "./sourced-text.ts";
import { quotedItem } from "./substitute-lists.ts";

type Part = SourcedText | string;

const EQUALS: Entry = { kind: "text", text: { text: "=", pieces: [] } };

/**
 * The condition with its exceptions behind it, as text: `(condition) and not (field comp (values))…`. Values are put in
 * quotes where they hold a blank and escaped nowhere, so that they can change what the condition means: that is Falco's
 * way, and diagnostics warn of it. Fails where values do not fit their fields.
 * Source: falco userspace/engine/rule_loader_compiler.cpp build_rule_exception_infos @13074749.
 */
export function conditionWithExceptions(
  condition: SourcedText,
  exceptions: readonly CollectedException[],
): SourcedText {
  if (exceptions.length === 0) return condition;
  const parts: Part[] = ["(", condition, ")"];
  for (const exception of exceptions) {
    const clause = exception.fields.kind === "list" ? tuples(exception) : singleField(exception);
    if (clause.length > 0) parts.push(" and not ");
    // One by one: a call does not take a hundred thousand arguments.
    for (const part of clause) parts.push(part);
  }
  return joined(parts);
}

function singleField({ fields, comps, values, context }: CollectedException): Part[] {
  const parts: Part[] = [];
  for (const value of values) {
    if (value.kind === "list") {
      reject("LOAD_ERR_VALIDATE", "Expected values array to contain a list of strings", context);
    }
    if (parts.length === 0) parts.push("(", textOf(fields), " ", textOf(comps), " (");
    else parts.push(", ");
    parts.push(quoted(value.text));
  }
  return parts.length === 0 ? [] : [...parts, "))"];
}

function tuples({ fields, comps, values, context }: CollectedException): Part[] {
  const names = itemsOf(fields);
  const parts: Part[] = [];
  for (const value of values) {
    const elements = itemsOf(value);
    if (names.length !== elements.length) {
      reject("LOAD_ERR_VALIDATE", "Fields and values lists must have equal length", context);
    }
    parts.push(parts.length === 0 ? "((" : " or (");
    names.forEach((name, index) => {
      // Exceptions that replace others are never checked: an operator may still be missing here.
      const comp = textOf(itemsOf(comps)[index] ?? EQUALS);
      parts.push(index === 0 ? " " : " and  ", textOf(name), " ", comp, " ");
      for (const part of element(elements[index] ?? NO_ENTRY, comp.text)) parts.push(part);
    });
    parts.push(")");
  }
  return parts.length === 0 ? [] : [...parts, ")"];
}

function element(value: Entry, comp: string): Part[] {
  if (value.kind === "text") {
    if (!isListOperator(comp)) return [quoted(value.text)];
    return value.text.text.startsWith("(") ? [value.text] : ["(", value.text, ")"];
  }
  const texts = value.items.map((item) => quoted(textOf(item)));
  return ["(", ...texts.flatMap((text, index) => (index === 0 ? [text] : [", ", text])), ")"];
}

function quoted(text: SourcedText): SourcedText {
  return quotedItem(text.text) === text.text ? text : joined(['"', text, '"']);
}

function textOf(entry: Entry): SourcedText {
  return entry.kind === "text" ? entry.text : { text: "", pieces: [] };
}

function itemsOf(entry: Entry): readonly Entry[] {
  return entry.kind === "list" ? entry.items : [];
}

/** An operator that wants a list in brackets on its right: intersects, in, pmatch, or a string operator with a modifier. */
function isListOperator(comp: string): boolean {
  return OPERATORS.some(({ name, operand }) => name === comp && operand === "list") || isModifiedOperator(comp);
}

/** `startswith oneof`, `= anyof`…: a string operator, one blank, a modifier. */
export function isModifiedOperator(comp: string): boolean {
  const blank = comp.indexOf(" ");
  if (blank === -1) return false;
  const operator = comp.slice(0, blank);
  const modifier = comp.slice(blank + 1);
  const known = OPERATORS.some(({ name, operand }) => name === operator && operand === "string");
  return known && MODIFIERS.some((name) => name === modifier);
}
