import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { attestItem } from "../../src/compliance/attest.ts";
import { CHECKS } from "../../src/compliance/checks/run-checks.ts";
import { collectEvidence } from "../../src/compliance/evidence/collect-evidence.ts";
import { openChecklists } from "../../src/compliance/open-checklists.ts";
import { verifyChecklist } from "../../src/compliance/verify-checklist.ts";
import { openRuleLibrary } from "../../src/rules/library/open-rule-library.ts";
import { skillCatalogReader } from "../../src/skills/skill-catalog.ts";
import { AGENT, type AlertLine, addAlerts, alertLine, openTestHome } from "./evidence/support.ts";

const NS = 1_000_000_000n;
const DAY = BigInt(Date.UTC(2026, 10, 24)) * 1_000_000n;
const WINDOW = { fromNs: DAY, toNs: DAY + 86_400n * NS };

async function openCase(options: { readonly rules?: string } = {}) {
  const home = await openTestHome();
  const { skills } = await skillCatalogReader([
    { path: resolve(import.meta.dirname, "../../skills"), origin: "shipped" },
  ])();
  const checklists = openChecklists({ folder: join(home.home, "checklists"), nowMs: home.nowMs, newId: home.newId });
  const { id } = await checklists.create({
    template: skills[0]!.checklist!,
    skill: { name: skills[0]!.name, digest: skills[0]!.digest },
    title: "Case",
    createdBy: AGENT.by,
  });
  const rules = openRuleLibrary({ folder: join(home.home, "rules"), nowMs: home.nowMs, newId: home.newId });
  if (options.rules !== undefined) await rules.load("default", [{ name: "r.yaml", text: options.rules } as never]);
  const place = {
    ...home,
    checklists,
    rules,
    verifyTrail: () => verifyAuditTrail(join(home.home, "audit")),
  };
  const verify = async (window: typeof WINDOW | "none" = WINDOW) => {
    const verified = await verifyChecklist(place, id, window === "none" ? {} : { window }, AGENT);
    const state = (item: string) => verified.results.find((result) => result.item === item)!;
    const item = (wanted: string) => verified.checklist.items.find(({ template }) => template.id === wanted)!;
    return { ...verified, state, item };
  };
  const add = (kind: Parameters<typeof collectEvidence>[1]["kind"], ...items: string[]) =>
    collectEvidence(
      { store: home.evidence, ...home },
      { kind, controls: [], checklist: { id, items }, from: { text: `${kind} text` } },
      AGENT,
    );
  return { ...home, id, checklists, place, verify, add };
}

const SNAPSHOT: AlertLine = {
  rule: "Falco internal: metrics snapshot",
  priority: "Informational",
  source: "internal",
  tags: [],
  fields: {
    "falco.version": "0.44.0",
    "scap.engine_name": "modern_bpf",
    "scap.n_drops_perc": 0,
    "falco.outputs_queue_num_drops": 0,
  },
};

test("every test that the shipped checklist names exists", async () => {
  const { checklists, id } = await openCase();
  const named = (await checklists.get(id)).items.flatMap(({ template }) => template.test ?? []);
  expect(named.filter((name) => !(name in CHECKS) && name !== "criteria-settled")).toEqual([]);
});

test("on an empty home nothing passes that was not looked at", async () => {
  const { verify } = await openCase();
  const { results, checklist, blindSpots, warnings } = await verify();
  const passed = results.filter(({ state }) => state === "pass").map(({ test }) => test);
  // Two sums over no alerts are equal; everything else has nothing to rest on.
  expect(passed.sort()).toEqual(["alerts-grouped", "counts-reconcile", "techniques-assigned"]);
  for (const { reason } of results) expect(reason).not.toBe("");
  expect(blindSpots.join("\n")).toContain("no metrics snapshot");
  expect(checklist.verification?.blindSpots).toEqual(blindSpots);
  expect(warnings).toEqual([]);
});

test("without a window the tests over alerts are not evaluated, and the next run keeps the window it was given", async () => {
  const { verify } = await openCase();
  const without = await verify("none");
  expect(without.state("D1")).toMatchObject({ state: "not-evaluated" });
  expect(without.warnings[0]).toContain("pass from and to");
  await verify();
  const again = await verify("none");
  expect(again.state("D1").state).toBe("pass");
});

test.each([
  { what: "a healthy sensor", alerts: [SNAPSHOT], state: "pass" },
  { what: "no sensor's word", alerts: [{}], state: "not-evaluated" },
  {
    what: "a driverless Falco",
    alerts: [{ ...SNAPSHOT, fields: { ...SNAPSHOT.fields, "scap.engine_name": "nodriver" } }],
    state: "fail",
  },
  {
    what: "lost events in the kernel",
    alerts: [{ ...SNAPSHOT, fields: { ...SNAPSHOT.fields, "scap.n_drops_perc": 7.5 } }],
    state: "fail",
  },
  {
    what: "lost alerts",
    alerts: [{ ...SNAPSHOT, fields: { ...SNAPSHOT.fields, "falco.outputs_queue_num_drops": 3 } }],
    state: "fail",
  },
  {
    what: "a drop message",
    alerts: [SNAPSHOT, { rule: "Falco internal: syscall event drop", source: "internal" }],
    state: "fail",
  },
])("$what: sensor-health is $state", async ({ alerts, state }) => {
  const { verify, alerts: store } = await openCase();
  await addAlerts(
    store,
    alerts.map((one) => alertLine(one as AlertLine)),
  );
  expect((await verify()).state("P4").state).toBe(state);
});

const RULE = (off: string) => `
- rule: Shell
  desc: d
  condition: evt.type = execve and proc.name = bash
  output: o
  priority: WARNING
  tags: [T1059]
${off}`;

test("the fourth criterion judges the sensor: an intrusion does not fail it, a rule switched off does", async () => {
  const intrusion = alertLine({ priority: "Critical", rule: "Mount", fields: { "evt.type": "mount" } });
  const healthy = await openCase({ rules: RULE("") });
  await addAlerts(healthy.alerts, [alertLine(SNAPSHOT), intrusion]);
  expect((await healthy.verify()).state("Q4")).toMatchObject({ state: "pass" });
  const weakened = await openCase({
    rules: RULE("\n- rule: Shell\n  enabled: false\n  override: { enabled: replace }\n"),
  });
  await addAlerts(weakened.alerts, [alertLine(SNAPSHOT), intrusion]);
  const { state, blindSpots } = await weakened.verify();
  expect(state("Q4")).toMatchObject({ state: "fail", reason: expect.stringContaining("Shell") });
  expect(blindSpots.join("\n")).toContain("off: Shell");
});

test("the five detections are answered yes, no or not visible, with alert ids", async () => {
  const { verify, alerts } = await openCase({ rules: RULE("") });
  await addAlerts(alerts, [alertLine({ rule: "Mount", fields: { "evt.type": "mount" } })]);
  const { state, evidence, reason } = (await verify()).state("A2");
  expect(state).toBe("pass");
  expect(evidence).toHaveLength(1);
  expect(reason).toContain("escape by mount or ptrace: yes, 1 alerts");
  expect(reason).toContain("shell where none belongs: no");
  expect(reason).toContain("sensitive file read: not visible");
});

test("techniques are checked against the catalogue", async () => {
  const { verify, alerts } = await openCase();
  await addAlerts(alerts, [alertLine({ tags: ["T9999"] }), alertLine({ rule: "Bare", tags: ["container"] })]);
  const { state, reason } = (await verify()).state("D3");
  expect([state, reason]).toEqual(["fail", "Bare has no technique; Shell: T9999 is unknown"]);
});

test("a clock that runs ahead is found", async () => {
  const { verify, alerts } = await openCase();
  await addAlerts(alerts, [alertLine({ time: "2026-11-24T12:00:10.000000000Z" })]);
  expect((await verify()).state("P2")).toMatchObject({ state: "fail", reason: "clocks run ahead: node-1 by 10000 ms" });
});

test("artefacts settle what they were added for; changed bytes fail it", async () => {
  const { verify, add, evidence } = await openCase();
  const pod = await add("pod", "V4");
  const first = await verify();
  expect(first.state("V4")).toMatchObject({ state: "pass", evidence: [pod.manifest.id], records: [pod.receipt?.seq] });
  expect(first.state("V8").state).toBe("pass");
  expect(first.state("Q5").state).toBe("pass");
  expect(first.item("V8")).toMatchObject({ state: "done", standing: "tested", evidence: [pod.manifest.id] });
  const path = evidence.bytesPath(pod.manifest.sha256);
  chmodSync(path, 0o600);
  writeFileSync(path, "another pod");
  const second = await verify();
  for (const item of ["V4", "V8", "Q5"]) expect(second.state(item).state).toBe("fail");
  expect(second.item("V8")).toMatchObject({ state: "failed", standing: "tested" });
});

test("an agent's done is contradicted by a failed test, a person's is not", async () => {
  const { verify, checklists, id, place } = await openCase();
  await checklists.update(id, { item: "V4", state: "done", by: "agent" });
  expect((await verify()).item("V4")).toMatchObject({ state: "failed", standing: "tested" });
  const attestation = {
    item: "V4",
    state: "done",
    name: "Ana",
    statement: "kept on paper",
    method: "terminal",
  } as const;
  await attestItem(place, id, attestation, "command-line");
  const { item, warnings } = await verify();
  expect(item("V4")).toMatchObject({ state: "done", standing: "attested", automatic: { state: "fail" } });
  expect(warnings.filter((warning) => warning.includes("attestation"))).toEqual([]);
});

test("containment before preservation is named", async () => {
  const { verify, checklists, id } = await openCase();
  await checklists.update(id, { item: "C1", state: "done", by: "agent" });
  const { warnings } = await verify();
  expect(warnings).toContain("C1 is done before V1, which must precede it");
});

test("nobody attests what a test decides", async () => {
  const { id, place, audit } = await openCase();
  const attestation = { item: "V8", state: "done", name: "Ana", statement: "s", method: "terminal" } as const;
  await expect(attestItem(place, id, attestation, "s")).rejects.toMatchObject({ code: "ATTEST_NOT_A_PERSON" });
  expect((await audit.search({ types: ["checklist.item"] }, { limit: 5 })).records).toEqual([]);
});

test("an attestation that somebody wrote into the file is named", async () => {
  const { id, place, verify, home } = await openCase();
  const attestation = { item: "P1", state: "done", name: "Ana", statement: "s", method: "terminal" } as const;
  await attestItem(place, id, attestation, "command-line");
  const file = join(home, "checklists", `${id}.jsonl`);
  const line = readFileSync(file, "utf8").trim().split("\n").at(-1)!;
  appendFileSync(file, `${line.replace('"P1"', '"D5"').replace(/"id":"[^"]+"/, '"id":"forged"')}\n`);
  expect((await verify()).warnings).toContain("the attestation of D5 is not in the audit trail: do not rely on it");
});

test("a call without an end fails the second criterion; one that failed and was repeated does not", async () => {
  const { verify, audit, id } = await openCase();
  const call = async (outcome: "ok" | "tool_error") => {
    const { seq } = await audit.append({
      type: "tool.intent",
      session: "s1",
      tool: "search_alerts",
      arguments: { checklist: id },
    });
    await audit.append({ type: "tool.result", session: "s1", tool: "search_alerts", intentSeq: seq, outcome });
  };
  await call("tool_error");
  expect((await verify()).state("Q2").state).toBe("fail");
  await call("ok");
  expect((await verify()).state("Q2")).toMatchObject({ state: "pass" });
  await audit.append({ type: "tool.intent", session: "s1", tool: "get_alert", arguments: {} });
  expect((await verify()).state("Q2")).toMatchObject({
    state: "fail",
    reason: expect.stringContaining("1 calls never ended"),
  });
});
