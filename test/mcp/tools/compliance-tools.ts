import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { buildCompliance } from "../../../src/cli/build-compliance.ts";
import { buildServices } from "../../../src/cli/build-services.ts";
import type { ComplianceServices } from "../../../src/compliance/compliance.ts";
import type { Services } from "../../../src/mcp/services.ts";
import type { Tool } from "../../../src/mcp/tool.ts";
import { findSkill } from "../../../src/skills/skill-catalog.ts";
import { answerOf } from "./answer-of.ts";

/** A home with real services; `call` goes the way of the server: input schema, handler, answer, output schema. */
export async function openServer() {
  const home = mkdtempSync(join(tmpdir(), "falco-skills-test-"));
  const roots = [home];
  const built = await buildServices({ home, alertRoots: roots });
  const services: Services & ComplianceServices = {
    ...built.services,
    compliance: async () => buildCompliance(built.services, roots),
  };
  onTestFinished(async () => {
    await built.close();
    rmSync(home, { recursive: true, force: true });
  });
  const caller = { session: "s1", client: { name: "test client", version: "1" } };
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs by tool and the schema has just checked it
  async function call(tool: Tool, input: Record<string, unknown>): Promise<Record<string, any>> {
    return answerOf(tool, input, { services, caller });
  }
  const name = "performing-cloud-native-forensics-with-falco";
  const skill = findSkill(await services.skills(), name);
  const { id } = await services.checklists.create({
    template: skill.checklist!,
    skill: { name, digest: skill.digest },
    title: "Case",
    createdBy: { kind: "agent", name: "test client" },
  });
  await services.audit.append({
    type: "tool.intent",
    ...caller,
    tool: "create_checklist",
    arguments: { checklist: id },
  });
  return { home, services, call, checklist: id };
}
