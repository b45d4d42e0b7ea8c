import { z } from "zod";
import { SETTABLE_STATES } from "../../compliance/checklist.ts";
import { CHECKLIST, checklistView } from "../checklist-view.ts";
import { defineTool } from "../tool.ts";

export const updateChecklist = defineTool({
  name: "update_checklist",
  title: "Update a checklist item",
  description:
    "Set the state of one item of a checklist, with a note, a reason and evidence references; or call it with only the checklist to see where it stands. " +
    "What you set counts as reported, not attested: a person attests. Items tested by the server itself cannot be set here.",
  effect: "records",
  toolset: "compliance",
  input: z.strictObject({
    checklist: z.string().min(1).max(100).describe("Checklist id as create_checklist gives it"),
    item: z.string().max(40).optional().describe("Item id, as V1; left out: show the checklist and change nothing"),
    state: z.enum(SETTABLE_STATES).optional().describe("New state; not-applicable and blocked need a reason"),
    note: z.string().max(2_000).optional().describe("What was done or found"),
    reason: z.string().max(2_000).optional().describe("Why it is not applicable or blocked"),
    evidence: z.array(z.string().max(512)).max(32).optional().describe("Ids of alerts or evidence it rests on"),
  }),
  output: CHECKLIST,
  cuttable: ["items"],

  async run({ checklist: id, item, state, ...rest }, { services, caller }) {
    if (item === undefined || state === undefined) {
      const checklist = await services.checklists.get(id);
      const half = (item === undefined) !== (state === undefined);
      return {
        data: checklistView(checklist),
        source: { kind: "checklists", looked_at: 1 },
        warnings: [...checklist.warnings, ...(half ? ["nothing was changed: item and state are needed together"] : [])],
        untrusted: ["items[].note", "items[].reason", "scope"],
      };
    }
    const change = { item, state, by: caller.client?.name ?? "unknown client", ...withoutAbsent(rest) };
    const { checklist, warnings } = await services.checklists.update(id, change);
    return {
      data: checklistView(checklist),
      source: { kind: "checklists", looked_at: 1 },
      warnings: [...warnings, ...checklist.warnings],
      untrusted: ["items[].note", "items[].reason", "scope"],
    };
  },
});

/** exactOptionalPropertyTypes: an absent part must be left out, not passed as undefined. */
function withoutAbsent<Part extends object>(part: Part): { [Key in keyof Part]: Exclude<Part[Key], undefined> } {
  const present = Object.entries(part).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [Key in keyof Part]: Exclude<Part[Key], undefined> };
}
