import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { buildCompliance } from "../../../src/cli/build-compliance.ts";
import { buildServices } from "../../../src/cli/build-services.ts";
import type { ComplianceServices } from "../../../src/compliance/compliance.ts";
import { buildResult } from "../../../src/mcp/answer.ts";
import type { Services } from "../../../src/mcp/services.ts";
import { answerSchema, type Tool } from "../../../src/mcp/tool.ts";
import { findSkill } from "../../../src/skills/skill-catalog.ts";

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
    const context = {
      services,
      caller,
      signal: new AbortController().signal,
      progress: () => {},
      room: 17_500,
      withheld: [],
      offered: [],
    };
    const answer = await tool.run(tool.input.parse(input), context);
    return answerSchema(tool).parse(buildResult(answer, tool, 20_000).structuredContent);
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
