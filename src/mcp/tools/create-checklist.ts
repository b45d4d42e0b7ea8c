import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { findSkill } from "../../skills/skill-catalog.ts";
import { CHECKLIST, checklistView } from "../checklist-view.ts";
import { defineTool } from "../tool.ts";

export const createChecklist = defineTool({
  name: "create_checklist",
  title: "Create a checklist",
  description:
    "Make a skill's checklist for one piece of work (an incident, a review) and get its id and items. " +
    "Do it right after loading the skill, before you touch anything; then report each step with update_checklist.",
  effect: "records",
  toolset: "compliance",
  input: z.strictObject({
    skill: z.string().min(1).max(100).describe("Skill whose checklist to use, as grc_list_skills gives it"),
    title: z.string().min(1).max(200).describe("The piece of work in a few words, as 'shop-web intrusion 2026-11-22'"),
    scope: z.string().max(2_000).optional().describe("Hosts, containers, time window: what the work covers"),
  }),
  output: CHECKLIST,
  cuttable: ["items"],

  async run({ skill: name, title, scope }, { services, caller }) {
    const skill = findSkill(await services.skills(), name);
    if (skill.checklist === undefined) {
      throw new FalcoSkillsError("SKILL_WITHOUT_CHECKLIST", `skill ${name} has no checklist.yaml`, {
        fix: "Call grc_list_skills and take a skill with checklist_items above 0.",
      });
    }
    const checklist = await services.checklists.create({
      template: skill.checklist,
      skill: { name: skill.name, digest: skill.digest },
      title,
      ...(scope === undefined ? {} : { scope }),
      createdBy: { kind: "agent", name: caller.client?.name ?? "unknown client" },
    });
    return {
      data: checklistView(checklist),
      source: { kind: "checklists", looked_at: 1 },
      warnings: checklist.warnings,
      untrusted: skill.origin === "added" ? ["items[].title"] : [],
    };
  },
});
