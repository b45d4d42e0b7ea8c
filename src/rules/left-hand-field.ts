import { checkCondition } from "../condition/check-condition.ts";
import { parseCondition } from "../condition/parse-condition.ts";
import { lookUpField } from "../fields/look-up-field.ts";

/** Whether an exception may compare a field: yes, no, or refused in words of its own (a bad argument). */
export type LeftHandVerdict = { readonly known: boolean } | { readonly message: string };

/** A field that the source has, or one in transformers that compiles. */
export function leftHandVerdict(field: string, source: string): LeftHandVerdict {
  if (field.includes("(")) {
    const { node } = parseCondition(`${field} exists`);
    const compiles =
      node !== undefined && checkCondition(node, { source }).every(({ severity }) => severity !== "error");
    return { known: compiles };
  }
  const found = lookUpField(field, source);
  return found.kind === "refused" ? { message: found.message } : { known: found.kind === "found" };
}
