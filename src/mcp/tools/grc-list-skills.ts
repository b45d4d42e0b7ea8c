import { z } from "zod";
import { defineTool } from "../tool.ts";

export const grcListSkills = defineTool({
  name: "grc_list_skills",
  title: "List skills",
  description:
    "List the skills this server has: worked-out procedures with references, rules and a checklist for a kind of work. " +
    "Gives name, what each is for and when, its digest, and folders that were refused with the reason. Load one with grc_load_skill before you start that work.",
  effect: "reads",
  toolset: "skills",
  input: z.strictObject({}),
  output: z.strictObject({
    skills: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        origin: z.enum(["shipped", "added"]).describe("shipped with falco-skills, or added by the person who runs it"),
        digest: z.string().describe("SHA-256 over all files of the skill"),
        files: z.int(),
        checklist_items: z.int().describe("0 where the skill has no checklist"),
      }),
    ),
    refused: z.array(z.strictObject({ folder: z.string(), code: z.string(), message: z.string() })),
  }),
  cuttable: ["refused", "skills"],

  async run(_input, { services }) {
    const { skills, faults } = await services.skills();
    return {
      data: {
        skills: skills.map((skill) => ({
          name: skill.name,
          description: skill.description,
          origin: skill.origin,
          digest: skill.digest,
          files: skill.files.length,
          checklist_items: skill.checklist?.items.length ?? 0,
        })),
        refused: faults.map(({ folder, code, message }) => ({ folder, code, message })),
      },
      source: { kind: "skills", looked_at: skills.length + faults.length },
      untrusted: skills.some(({ origin }) => origin === "added") ? ["skills[].description", "refused[].message"] : [],
    };
  },
});
