import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SkillsClient } from "@modelcontextprotocol/client/ext/skills";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TOOLS } from "../../src/mcp/tools/index.ts";
import { type Connection, connect } from "../support/connect.ts";

const FIXTURES = resolve(import.meta.dirname, "../fixtures/alerts");
const SKILL = "performing-cloud-native-forensics-with-falco";

describe.each(["2026-07-28", "2025-11-25"] as const)("resources and prompts over %s", (kind) => {
  let home: string;
  let server: Connection;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "falco-skills-resources-"));
    server = await connect(kind, ["--home", home, "--alerts-root", FIXTURES]);
    await server.answer("ingest_alerts", { paths: ["."] });
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true });
  });

  test("an alert can be pinned by its id, and ids complete", async () => {
    const { alerts } = await server.answer("search_alerts", { limit: 1 });
    const [{ id } = { id: "" }] = alerts as { id: string }[];
    const { contents } = await server.client.readResource({ uri: `falco://alerts/${id}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({
      id,
      untrusted: "output and output_fields",
    });
    const ref = { type: "ref/resource" as const, uri: "falco://alerts/{id}" };
    const { completion } = await server.client.complete({ ref, argument: { name: "id", value: id.slice(0, 6) } });
    expect(completion.values).toContain(id);
  });

  test("an alert that does not exist is said to be missing", async () => {
    await expect(server.client.readResource({ uri: "falco://alerts/0000" })).rejects.toThrow();
  });

  test("a skill's files are the same bytes by tool, by resource and by the Skills extension", async () => {
    const loaded = await server.answer("grc_load_skill", { name: SKILL, file: "references/triage.md" });
    const plain = await server.client.readResource({ uri: `falco://skills/${SKILL}/references/triage.md` });
    expect((plain.contents[0] as { text: string }).text).toBe(loaded.body);
    const skills = new SkillsClient(server.client);
    const { skills: listed } = await skills.list();
    const entry = listed.find(({ uri }) => uri === `skill://${SKILL}/SKILL.md`);
    const files = entry?.resources as { uri: string; digest: string }[];
    const triage = files.find(({ uri }) => uri.endsWith("/references/triage.md"));
    const digest = createHash("sha256").update(String(loaded.body)).digest("hex");
    expect(triage?.digest).toBe(`sha256:${digest}`);
    const { contents } = await server.client.readResource({ uri: String(triage?.uri) });
    expect((contents[0] as { text: string }).text).toBe(loaded.body);
  });

  test("skill names and files complete", async () => {
    const ref = { type: "ref/resource" as const, uri: "falco://skills/{name}/{+file}" };
    const names = await server.client.complete({ ref, argument: { name: "name", value: "perf" } });
    expect(names.completion.values).toEqual([SKILL]);
    const files = await server.client.complete({
      ref,
      argument: { name: "file", value: "references/" },
      context: { arguments: { name: SKILL } },
    });
    expect(files.completion.values).toContain("references/triage.md");
  });

  test("triage_alerts leads through tools that exist", async () => {
    const { prompts } = await server.client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(["triage_alerts"]);
    const prompt = await server.client.getPrompt({ name: "triage_alerts", arguments: { since: "-6h" } });
    const text = JSON.stringify(prompt.messages);
    expect(text).toContain("from -6h with priority_at_least Notice");
    const { tools } = await server.client.listTools();
    for (const [name] of text.matchAll(/\b[a-z]+_(?:alerts?|skills?|checklist|audit|status)\b/g)) {
      expect(tools.map((tool) => tool.name)).toContain(name);
    }
  });

  test("tools/list is the table, without the alias", async () => {
    const { tools } = await server.client.listTools();
    const offered = TOOLS.filter(({ effect }) => effect !== "changes").map(({ name }) => name);
    expect(tools.map(({ name }) => name)).toEqual(offered);
    expect(tools.map(({ name }) => name)).not.toContain("grc.load_skill");
    for (const { annotations } of tools) expect(Object.keys(annotations ?? {}).length).toBe(5);
  });

  test("progress is told on long work to a client that asks for it", async () => {
    const told: string[] = [];
    const onprogress = ({ message }: { message?: string | undefined }): void => {
      told.push(String(message));
    };
    await server.client.callTool({ name: "ingest_alerts", arguments: { paths: ["."] } }, { onprogress });
    expect(told.join()).toMatch(/alerts added/);
  });
});
