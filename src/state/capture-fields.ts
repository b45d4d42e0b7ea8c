import type { CaptureState } from "./capture-state.ts";
import type { FieldReader, FieldTable } from "./field-reader.ts";
import { callFields } from "./fields-call.ts";
import { containerFields } from "./fields-container.ts";
import { descriptorFields } from "./fields-descriptor.ts";
import { generalFields } from "./fields-general.ts";
import { pathFields } from "./fields-path.ts";
import { processFields } from "./fields-process.ts";
import { userFields } from "./fields-user.ts";

/** Fields that name their argument behind a dot instead of in brackets. */
const DOTTED = ["evt.arg", "evt.rawarg", "evt.type.is", "evt.abspath", "thread.cgroup", "container.label"];

/** Fields of a capture's events, as conditions and outputs read them. */
export interface CaptureFields {
  /** The reader of a field; one that never has a value for fields that captures do not have. */
  reader(field: { readonly name: string; readonly argument?: string }): FieldReader;
}

const nothing: FieldReader = () => undefined;

/** Fields over `state`, which must have taken in an event before they are read. */
export function captureFields(state: CaptureState): CaptureFields {
  const tables: readonly FieldTable[] = [
    generalFields(state),
    callFields(state),
    processFields(state),
    userFields(state),
    descriptorFields(state),
    pathFields(state),
    containerFields(state),
  ];
  const plain = new Map(tables.flatMap((table) => Object.entries(table.plain)));
  const made = new Map(tables.flatMap((table) => Object.entries(table.made ?? {})));
  return {
    reader({ name, argument }) {
      const found = plain.get(name) ?? made.get(name)?.(argument);
      if (found) return found;
      const prefix = DOTTED.find((candidate) => name.startsWith(`${candidate}.`));
      return (prefix && made.get(prefix)?.(name.slice(prefix.length + 1))) || nothing;
    },
  };
}
