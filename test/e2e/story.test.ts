import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIENTS, type Connection, connect } from "../support/connect.ts";

/** Rules, captures and proof over stdio, as each kind of client works with them. */

const CAPTURES = resolve(import.meta.dirname, "../fixtures/captures");
const SKILL = "performing-cloud-native-forensics-with-falco";
const CAPTURE = "web-intrusion.scap";

type Rows = Record<string, unknown>[];

describe.each(CLIENTS)("a client of %s", (kind) => {
  let home: string;
  let server: Connection;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "falco-skills-story-"));
    server = await connect(kind, ["--home", home, "--captures-root", CAPTURES, "--alerts-root", CAPTURES]);
    await server.answer("load_rules", { name: "forensics", builtin: true });
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true });
  });

  test("loaded rules are found, explained and held against ATT&CK", async () => {
    const found = await server.answer("search_rules", { set: "forensics" });
    expect((found.rules as Rows).length).toBe(7);
    const name = "Forensics shell spawned in container";
    expect(JSON.stringify(await server.answer("explain_rule", { rule: name }))).toContain("execve");
    expect(JSON.stringify(await server.answer("rule_coverage", { set: "forensics" }))).toContain("T1059.004");
  });

  test("the skill's rules over the capture give the intrusion's alerts, kept under the run", async () => {
    const run = await server.answer("run_falco", { mode: "replay", rules: "forensics", capture: CAPTURE });
    expect(run).toMatchObject({ alerts: 19, by_rule: { "Forensics sensitive file read in container": 3 } });
    const kept = await server.answer("search_alerts", { run_id: run.run_id, limit: 5 });
    expect(kept.matched).toBe(19);
    const [alert] = kept.alerts as Rows;
    expect((await server.answer("get_alert", { id: alert?.id })).rule).toMatchObject({ set: "forensics" });
  });

  test("what must and must not be caught is tested", async () => {
    const rule = "Forensics sensitive file read in container";
    const tested = await server.answer("test_rules", {
      rules: "forensics",
      cases: [
        { name: "reads are seen", capture: CAPTURE, must_hit: [{ rule }] },
        { name: "nothing escapes", capture: CAPTURE, must_not_hit: [{ rule }] },
      ],
      explain: { rule, event: 1999, capture: CAPTURE },
    });
    expect(tested).toMatchObject({ passed: 1, failed: 1, explained: { rule, event: 1999, holds: true } });
  });

  test("the capture says who read the secret and where the web server's children connected", async () => {
    const reads = await server.answer("query_capture", { capture: CAPTURE, question: "sensitive_reads" });
    expect(reads.files).toContainEqual(expect.objectContaining({ file: "/etc/shadow", process: "cat" }));
    const peers = await server.answer("query_capture", { capture: CAPTURE, question: "connections", limit: 100 });
    const outward = (peers.connections as Rows).filter(({ direction }) => direction === "out");
    expect(outward).toContainEqual(expect.objectContaining({ peer: "203.0.113.66", port: 4444 }));
    const part = await server.answer("export_capture", { capture: CAPTURE, process: "cat" });
    expect(JSON.stringify(part)).toMatch(/[0-9a-f]{64}/);
  });

  test("evidence, a tested checklist and a package that verifies without this program", async () => {
    const { id } = await server.answer("create_checklist", { skill: SKILL, title: "story" });
    const verified = await server.answer("verify_checklist", { checklist: id });
    expect(JSON.stringify(verified)).toContain("not-evaluated");
    const preview = await server.answer("export_evidence", { preview: true, controls: ["CC7.2"] });
    expect(preview.controls).toHaveLength(1);
    const exported = await server.answer("export_evidence", { checklist: id });
    const { folder } = exported.package as { folder: string };
    expect(execFileSync("python3", [join(folder, "verify.py"), folder], { encoding: "utf8" })).toMatch(/^holds/);
  });
});
