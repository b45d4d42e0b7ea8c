import type { Checklist, ItemUpdate } from "./checklist.ts";

/**
 * What a change does out of order, in words: an item under way or done while an item that must precede it is unsettled.
 * The change itself is not refused, because in an incident containment may have to come first; it must only be said.
 */
export function orderWarnings(checklist: Checklist, { item, state }: Pick<ItemUpdate, "item" | "state">): string[] {
  if (state !== "done" && state !== "in-progress") return [];
  const unsettled = checklist.items.filter(
    ({ template, state: now }) => template.must_precede.includes(item) && now !== "done" && now !== "not-applicable",
  );
  if (unsettled.length === 0) return [];
  const names = unsettled.map(({ template, state: now }) => `${template.id} (${now})`).join(", ");
  return [`${item} is ${state} before what must precede it: ${names}; say why in a note, or settle those first`];
}
