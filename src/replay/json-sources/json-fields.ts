import type { FieldReader, FieldReference, FieldSource } from "../../condition/field-access.ts";
import { timeText } from "../../state/time-text.ts";
import type { JsonEvent, JsonField, JsonSource } from "./json-event.ts";
import { type Json, textOf, valueAt } from "./json-value.ts";

const nothing: FieldReader<JsonEvent> = () => undefined;

const SECOND_NS = 1_000_000_000n;

/** The value at a JSON pointer (RFC 6901), as text. */
const atPointer: JsonField = (value, pointer = "") => {
  if (pointer === "") return textOf(value);
  if (!pointer.startsWith("/")) return undefined;
  const keys = pointer.slice(1).split("/");
  return textOf(valueAt(value, ...keys.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))));
};

const whole: JsonField = (value: Json) => JSON.stringify(value);

/** Fields of the json plugin, which reads events of every source. */
const JSON_FIELDS: Readonly<Record<string, JsonField>> = {
  "json.value": atPointer,
  "json.obj": whole,
  "jevt.value": atPointer,
  "jevt.obj": whole,
};

/** Fields of plugin events of `source`, for conditions and outputs; the event's own time stands for all times. */
export function jsonFields(source: JsonSource): FieldSource<JsonEvent> {
  const general = generalFields(source);
  return {
    reader({ name, argument }: FieldReference) {
      const known = general[name];
      if (known !== undefined) return known;
      const fields = Object.hasOwn(source.fields, name) ? source.fields : JSON_FIELDS;
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return field === undefined ? nothing : ({ value }) => field(value, argument);
    },
  };
}

function generalFields(source: JsonSource): Readonly<Record<string, FieldReader<JsonEvent>>> {
  const fields: Record<string, FieldReader<JsonEvent>> = {
    "evt.num": ({ number }) => number,
    "evt.time": ({ timeNs }) => timeText(timeNs, { nanoseconds: true }),
    "evt.time.s": ({ timeNs }) => timeText(timeNs, {}),
    "evt.time.iso8601": ({ timeNs }) => `${timeText(timeNs, { date: true, nanoseconds: true }).replace(" ", "T")}+0000`,
    "evt.datetime": ({ timeNs }) => timeText(timeNs, { date: true, nanoseconds: true }),
    "evt.datetime.s": ({ timeNs }) => timeText(timeNs, { date: true }),
    "evt.rawtime": ({ timeNs }) => timeNs,
    "evt.rawtime.s": ({ timeNs }) => timeNs / SECOND_NS,
    "evt.rawtime.ns": ({ timeNs }) => timeNs % SECOND_NS,
    "evt.pluginname": () => source.plugin,
    "evt.plugininfo": ({ value }) => source.fields["ct.info"]?.(value, undefined) ?? JSON.stringify(value),
    "evt.source": () => source.name,
    "evt.is_async": () => false,
    "json.rawtime": ({ timeNs }) => timeNs.toString(),
    "jevt.rawtime": ({ timeNs }) => timeNs.toString(),
  };
  return Object.assign(Object.create(null), fields);
}
