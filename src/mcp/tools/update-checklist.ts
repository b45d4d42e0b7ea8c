import { z } from "zod";
import { type Checklist, SETTABLE_STATES } from "../../compliance/checklist.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { Answer } from "../answer.ts";
import { attestItem } from "../attest-item.ts";
import { CHECKLIST, checklistView } from "../checklist-view.ts";
import { defineTool } from "../tool.ts";

export const updateChecklist = defineTool({
  name: "update_checklist",
  title: "Update a checklist item",
  description:
    "Set the state of one item of a checklist, with a note, a reason and evidence references; or call it with only the checklist to see where it stands. " +
    "What you set counts as reported, not attested. With attest the person in front of the client is asked to vouch for the item in a form of the client; you cannot answer for them. Items tested by the server itself cannot be set or attested here.",
  effect: "records",
  toolset: "compliance",
  input: z.strictObject({
    checklist: z.string().min(1).max(100).describe("Checklist id as create_checklist gives it"),
    item: z.string().max(40).optional().describe("Item id, as V1; left out: show the checklist and change nothing"),
    state: z.enum(SETTABLE_STATES).optional().describe("New state; not-applicable and blocked need a reason"),
    note: z.string().max(2_000).optional().describe("What was done or found"),
    reason: z.string().max(2_000).optional().describe("Why it is not applicable or blocked"),
    attest: z.literal(true).optional().describe("Ask a person to vouch for the item; takes only checklist and item"),
    evidence: z.array(z.string().max(512)).max(32).optional().describe("Ids of alerts or evidence it rests on"),
  }),
  output: CHECKLIST,
  cuttable: ["items"],

  async run({ checklist: id, item, state, attest, ...rest }, context) {
    const { services, caller } = context;
    if (attest === true) {
      checkAlone(item, state, rest);
      const before = await services.checklists.get(id);
      const outcome = await attestItem(before, item ?? "", context);
      if (outcome === undefined) return view(before, ["nothing was attested: the person did not accept"]);
      return "kind" in outcome ? outcome : view(outcome.checklist, outcome.warnings);
    }
    if (item === undefined || state === undefined) {
      const half = (item === undefined) !== (state === undefined);
      return view(
        await services.checklists.get(id),
        half ? ["nothing was changed: item and state are needed together"] : [],
      );
    }
    const change = { item, state, by: caller.client?.name ?? "unknown client", ...withoutAbsent(rest) };
    const { checklist, warnings } = await services.checklists.update(id, change);
    return view(checklist, warnings);
  },
});

function view(checklist: Checklist, warnings: readonly string[]): Answer<z.input<typeof CHECKLIST>> {
  return {
    data: checklistView(checklist),
    source: { kind: "checklists", looked_at: 1 },
    warnings: [...warnings, ...checklist.warnings],
    untrusted: ["items[].note", "items[].reason", "scope"],
  };
}

/** What a person vouches for is the person's alone to say. */
function checkAlone(
  item: string | undefined,
  state: string | undefined,
  rest: Readonly<Record<string, unknown>>,
): void {
  if (item !== undefined && state === undefined && Object.values(rest).every((value) => value === undefined)) return;
  throw new FalcoSkillsError("INVALID_ARGUMENT", "attest takes checklist and item, and nothing that a person says", {
    fix: "Call update_checklist with checklist, item and attest alone.",
  });
}

/** exactOptionalPropertyTypes: an absent part must be left out, not passed as undefined. */
function withoutAbsent<Part extends object>(part: Part): { [Key in keyof Part]: Exclude<Part[Key], undefined> } {
  const present = Object.entries(part).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [Key in keyof Part]: Exclude<Part[Key], undefined> };
}
