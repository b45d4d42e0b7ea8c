import type { Extracted, FieldSource } from "../../src/condition/field-access.ts";

/** An event as a plain object: field with argument to value; fields left out are absent. */
export type PlainEvent = Readonly<Record<string, Extracted>>;

/** A source over plain objects that counts how often each field was read. */
export function plainSource(): FieldSource<PlainEvent> & { readonly reads: Map<string, number> } {
  const reads = new Map<string, number>();
  return {
    reads,
    reader({ name, argument }) {
      const key = argument === undefined ? name : `${name}[${argument}]`;
      return (event) => {
        reads.set(key, (reads.get(key) ?? 0) + 1);
        return event[key];
      };
    },
  };
}
