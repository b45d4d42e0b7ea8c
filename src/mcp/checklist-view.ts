import { z } from "zod";
import type { Checklist } from "../compliance/checklist.ts";

/** A checklist as tools show it: every item in one short row, so that the whole list fits one answer. */
export const CHECKLIST = z.strictObject({
  id: z.string().describe("Pass to update_checklist"),
  title: z.string(),
  scope: z.string().optional(),
  skill: z.string(),
  skill_digest: z.string().describe("Digest the skill had when the checklist was made"),
  created_at: z.string(),
  settled: z.int().describe("Items that are done or not applicable"),
  total: z.int(),
  items: z.array(
    z.strictObject({
      id: z.string(),
      phase: z.string(),
      title: z.string(),
      kind: z.enum(["auto", "manual", "hybrid"]).describe("auto: tested by the server; manual: done by people or you"),
      state: z.string(),
      standing: z.string().optional().describe("reported: an agent said so; attested: a person vouches; tested: by us"),
      before: z.array(z.string()).optional().describe("Items that must not be done before this one"),
      reason: z.string().optional(),
      note: z.string().optional(),
      by: z.string().optional(),
      at: z.string().optional(),
      evidence: z.array(z.string()).optional(),
    }),
  ),
});

export function checklistView(checklist: Checklist): z.input<typeof CHECKLIST> {
  return {
    id: checklist.id,
    title: checklist.title,
    ...(checklist.scope === undefined ? {} : { scope: checklist.scope }),
    skill: checklist.skill.name,
    skill_digest: checklist.skill.digest,
    created_at: checklist.createdAt,
    settled: checklist.progress.settled,
    total: checklist.progress.total,
    items: checklist.items.map(({ template, state, standing, reason, note, by, at, evidence }) => ({
      id: template.id,
      phase: template.phase,
      title: template.title,
      kind: template.kind,
      state,
      ...(standing === "unset" ? {} : { standing }),
      ...(template.must_precede.length === 0 ? {} : { before: template.must_precede }),
      ...(reason === undefined ? {} : { reason }),
      ...(note === undefined ? {} : { note }),
      ...(by === undefined ? {} : { by: `${by.kind} ${by.name}` }),
      ...(at === undefined ? {} : { at }),
      ...(evidence.length === 0 ? {} : { evidence: [...evidence] }),
    })),
  };
}
