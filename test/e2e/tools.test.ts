import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIENTS, type Connection, connect } from "../support/connect.ts";

/** Every tool, driven over stdio by each kind of client that hosts have. */

const FIXTURES = resolve(import.meta.dirname, "../fixtures/alerts");
const SKILL = "performing-cloud-native-forensics-with-falco";

type Rows = Record<string, unknown>[];

describe.each(CLIENTS)("a client of %s", (kind) => {
  let home: string;
  let server: Connection;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "falco-skills-e2e-"));
    server = await connect(kind, ["--home", home, "--alerts-root", FIXTURES]);
    await server.answer("ingest_alerts", { paths: ["node-2026-11-22.jsonl"] });
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true });
  });

  test("is told what the server is for", () => {
    expect(server.client.getServerVersion()?.name).toBe("falco-skills");
    expect(server.client.getInstructions()).toContain(SKILL);
  });

  test("falco_status says what is stored and what is withheld", async () => {
    const status = await server.answer("falco_status");
    expect(status.alerts).toMatchObject({ stored: 92, by_source: { syscall: 92 } });
    expect(status.withheld).toEqual([{ tool: "deploy_rules", by: "no --allow-changes" }]);
    expect(status.tools).toContain("search_alerts");
    expect(status.source).toEqual({ kind: "this server", looked_at: 92 });
  });

  test("ingest_alerts adds nothing the second time", async () => {
    const again = await server.answer("ingest_alerts", { paths: ["node-2026-11-22.jsonl"] });
    expect(again).toMatchObject({ added: 0, already_known: 92, lines: 92, rejected: {}, ignored: {} });
  });

  test("summarize_alerts counts by two keys, with times and a series", async () => {
    const summary = await server.answer("summarize_alerts", {
      by: ["field:container.name", "priority"],
      bucket: "10s",
    });
    expect(summary.matched).toBe(92);
    expect(sum(summary.groups as Rows)).toBe(92);
    expect(sum(summary.series as Rows)).toBe(92);
    expect(summary.groups).toContainEqual({
      keys: { "field:container.name": "shop-web", priority: "Critical" },
      count: 3,
      first_seen: "2026-11-22T02:49:15.270300298Z",
      last_seen: "2026-11-22T02:49:15.929248991Z",
    });
    const commands = await server.answer("summarize_alerts", { by: ["field:proc.cmdline"] });
    expect(commands.untrusted_fields).toEqual(["groups[].keys.field:proc.cmdline"]);
  });

  test("search_alerts filters before it limits, and pages to the end", async () => {
    const filter = { container: "shop-web", order: "oldest", limit: 7 };
    const ids: unknown[] = [];
    let cursor: unknown;
    do {
      const page = await server.answer("search_alerts", { ...filter, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.matched).toBe(25);
      ids.push(...(page.alerts as Rows).map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(ids).toHaveLength(25);
    expect(new Set(ids).size).toBe(25);
  });

  test("get_alert gives the raw line's hash and what is near", async () => {
    const found = await server.answer("search_alerts", {
      rule: "Drop and execute new binary in container",
      order: "oldest",
    });
    const [first] = found.alerts as Rows;
    const alert = await server.answer("get_alert", { id: first?.id });
    const line = readFileSync(join(FIXTURES, "node-2026-11-22.jsonl"), "utf8")
      .split("\n")
      .find((text) => text.includes("2026-11-22T02:49:15.270300298Z"));
    expect(alert.raw_sha256).toBe(createHash("sha256").update(String(line)).digest("hex"));
    expect(alert.alert).toMatchObject({
      priority: "Critical",
      output_fields: { "evt.time": "1795315755270300298", "proc.name": "tool", "container.name": "shop-web" },
    });
    expect((alert.neighbours as Rows).length).toBeGreaterThan(3);
    expect(alert.untrusted_fields).toContain("alert.output_fields.proc.cmdline");
  });

  test("grc_list_skills and grc_load_skill give the skill byte for byte", async () => {
    const { skills } = await server.answer("grc_list_skills");
    expect(skills).toContainEqual(expect.objectContaining({ name: SKILL, origin: "shipped" }));
    for (const name of ["grc_load_skill", "grc.load_skill"]) {
      const loaded = await server.answer(name, { name: SKILL });
      const path = resolve(import.meta.dirname, "../../skills", SKILL, "SKILL.md");
      expect(loaded.body).toBe(readFileSync(path, "utf8"));
      expect(loaded.sha256).toBe(createHash("sha256").update(readFileSync(path)).digest("hex"));
    }
  });

  test("create_checklist and update_checklist keep what was reported, by whom", async () => {
    const made = await server.answer("create_checklist", { skill: SKILL, title: "a test" });
    const items = made.items as Rows;
    const manual = items.find(({ kind: itemKind }) => itemKind === "manual");
    const auto = items.find(({ kind: itemKind }) => itemKind === "auto");
    const after = await server.answer("update_checklist", {
      checklist: made.id,
      item: manual?.id,
      state: "done",
      note: "seen",
    });
    expect((after.items as Rows).find(({ id }) => id === manual?.id)).toMatchObject({
      state: "done",
      standing: "reported",
      by: "agent test-client",
      note: "seen",
    });
    const refused = await server.call("update_checklist", { checklist: made.id, item: auto?.id, state: "done" });
    expect(refused).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("CHECKLIST_ITEM_AUTOMATIC") }],
    });
  });

  test("search_audit finds the calls and verify_audit believes them", async () => {
    const { records } = await server.answer("search_audit", { tool: "ingest_alerts", type: ["tool.result"] });
    expect((records as Rows).length).toBeGreaterThan(0);
    expect((records as Rows).map(({ record }) => record)).toContainEqual(expect.objectContaining({ outcome: "ok" }));
    const verdict = await server.answer("verify_audit");
    expect(verdict).toMatchObject({ state: "intact", tier: "SIGNED" });
    expect(verdict).not.toHaveProperty("first_bad");
    expect(verdict.records).toBeGreaterThan(5);
  });
});

const sum = (rows: Rows): number => rows.reduce((total, { count }) => total + Number(count), 0);
