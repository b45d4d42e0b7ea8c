import { z } from "zod";
import type { Attestation } from "../compliance/attest.ts";
import { ATTESTABLE_STATES, type Checklist, type ChecklistItem } from "../compliance/checklist.ts";
import { attestAutomatic } from "../compliance/errors.ts";
import { findItem } from "../compliance/open-checklists.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { type Question, question } from "./questions.ts";
import type { ToolContext } from "./tool.ts";

const FORM = z.object({
  state: z.enum(ATTESTABLE_STATES).describe("What you vouch for"),
  name: z.string().min(1).max(200).describe("Your name"),
  role: z.string().max(200).optional().describe("Your role"),
  statement: z.string().min(1).max(2_000).describe("What you saw, in your own words"),
});

/**
 * A person's word for an item, asked for through the client: a question at first, the attested checklist once the person
 * has answered, undefined when the person would not. The model's arguments only name the item. Fails with
 * NO_PERSON_TO_ASK where the client shows no forms, ATTEST_NOT_A_PERSON for items that a test decides.
 */
export async function attestItem(
  checklist: Checklist,
  itemId: string,
  context: ToolContext,
): Promise<Question | { readonly checklist: Checklist; readonly warnings: readonly string[] } | undefined> {
  const { services, caller, canAsk, reply } = context;
  const item = findItem(checklist, itemId);
  if (item.kind === "auto") throw attestAutomatic(item.id, item.test ?? "");
  const about = `${checklist.id} ${item.id}`;
  if (reply !== undefined) {
    if (reply.action !== "accept" || reply.about !== about) return undefined;
    const said = reply.values as z.output<typeof FORM>;
    const attestation: Attestation = {
      item: item.id,
      state: said.state,
      name: said.name,
      statement: said.statement,
      method: "elicitation",
      ...(said.role === undefined ? {} : { role: said.role }),
    };
    return (await services.compliance()).attest(checklist.id, attestation, caller.session);
  }
  if (!canAsk) {
    throw new FalcoSkillsError("NO_PERSON_TO_ASK", "this client shows no forms, so nobody can attest through it", {
      fix: `Have a person run falco-skills attest ${checklist.id} ${item.id} at a terminal.`,
    });
  }
  return question(about, wording(checklist, item), FORM);
}

function wording(checklist: Checklist, { id, title, text }: ChecklistItem["template"]): string {
  const reported = checklist.items.find(({ template }) => template.id === id);
  return [
    `Do you vouch for ${id} ${title}, of ${checklist.title}?`,
    text,
    ...(reported?.note === undefined ? [] : [`Reported so far (${reported.state}): ${reported.note}`]),
    "Your name and words go into the audit trail and into every export. Decline if you have not looked yourself.",
  ].join("\n");
}
