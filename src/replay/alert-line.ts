import { createFormatter, type OutputValue } from "../condition/format-output.ts";
import type { ScapEvent } from "../event/event.ts";
import type { Rule } from "../rules/rule-set.ts";
import type { CaptureFields } from "../state/capture-fields.ts";
import { alertTimeText, timeText } from "../state/time-text.ts";

/** Writes the alert that a rule gives for the current event, as one line of Falco's JSON. */
export type AlertWriter = (event: ScapEvent) => string;

/**
 * The writer of a rule's alerts: keys in Falco's order, 64-bit numbers as they are, bytes that are no UTF-8 as U+FFFD.
 * `hostname` is what Falco would take from its own machine.
 */
export function alertWriter(rule: Rule, fields: CaptureFields, hostname: string): AlertWriter {
  const formatter = createFormatter(rule.outputParts, fields);
  const host = textJson(hostname);
  const { priority, name, source, tags } = rule;
  const tail = `"priority":${textJson(priority)},"rule":${textJson(name)},"source":${textJson(source)},"tags":${valueJson(tags)}`;
  return (event) => {
    const { timeNs } = event;
    const output = `${timeText(timeNs, { nanoseconds: true })}: ${priority} ${formatter.text(event)}`;
    const values = fieldsJson({ ...formatter.fields(event), "evt.time": timeNs });
    return `{"hostname":${host},"output":${textJson(output)},"output_fields":${values},${tail},"time":"${alertTimeText(timeNs)}"}`;
  };
}

/** An object of output fields as JSON, sorted by name. */
export function fieldsJson(fields: Readonly<Record<string, OutputValue>>): string {
  const names = Object.keys(fields).sort();
  return `{${names.map((name) => `${textJson(name)}:${valueJson(fields[name] ?? null)}`).join(",")}}`;
}

/** A value as JSON; numbers that a double cannot hold keep all their digits. */
export function valueJson(value: OutputValue): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return textJson(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `[${value.map(valueJson).join(",")}]`;
}

function textJson(text: string): string {
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, "\ufffd"));
}
