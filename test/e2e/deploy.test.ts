import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { CLIENTS, type ClientKind, type Connection, connect, type Form, type FormReply } from "../support/connect.ts";
import { type RunningFalco, startRunningFalco } from "../support/running-falco.ts";

/** Rules of a running Falco changed through the server: by plan and a person's yes, or not at all. */

// Each deployment watches Falco's health for five seconds, and some tests make two.
vi.setConfig({ testTimeout: 120_000 });

const OLD = rule("shell", "evt.type = execve and proc.name in (bash, sh)");
const NEW = rule("shell", "evt.type = execve and proc.name = bash");

function rule(name: string, condition: string): string {
  return `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: "%proc.cmdline"\n  priority: WARNING\n`;
}

interface Place {
  readonly server: Connection;
  readonly falco: RunningFalco;
  readonly folder: string;
  readonly home: string;
  readonly forms: Form[];
  /** Makes the draft that is deployed. */
  write(text: string): void;
  inFolder(): Record<string, string>;
}

async function open(
  kind: ClientKind,
  reply: FormReply | undefined,
  flags: readonly string[] = ["--allow-changes"],
): Promise<Place> {
  const root = mkdtempSync(join(tmpdir(), "falco-skills-e2e-"));
  const [folder, home, drafts] = [join(root, "rules.d"), join(root, "home"), join(root, "drafts")];
  for (const path of [folder, drafts]) mkdirSync(path);
  writeFileSync(join(folder, "own.yaml"), OLD);
  const config = join(root, "falco.yaml");
  writeFileSync(config, `rules_files: [${folder}]\nwatch_config_files: true\nengine: {kind: nodriver}\n`);
  const falco = await startRunningFalco(folder);
  const forms: Form[] = [];
  const person =
    reply &&
    ((form: Form) => {
      forms.push(form);
      return reply;
    });
  const server = await connect(
    kind,
    [
      "--home",
      home,
      "--rules-root",
      drafts,
      "--deploy-into",
      folder,
      "--falco-url",
      falco.url,
      "--falco-config",
      config,
      ...flags,
    ],
    {},
    person,
  );
  onTestFinished(async () => {
    await server.close();
    await falco.close();
    rmSync(root, { recursive: true });
  });
  const write = (text: string) => writeFileSync(join(drafts, "own.yaml"), text);
  const inFolder = () =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  return { server, falco, folder, home, forms, write, inFolder };
}

async function planned({ server, write }: Place, text = NEW): Promise<Record<string, unknown>> {
  write(text);
  await server.answer("load_rules", { name: "own", paths: ["own.yaml"] });
  const { plan } = await server.answer("deploy_rules", {
    action: "plan",
    rules: "own",
    reason: "fewer false alarms",
    watch_seconds: 5,
  });
  return plan as Record<string, unknown>;
}

const YES: FormReply = { action: "accept", content: { approve: true, name: "Ada Kovács" } };

describe.each(CLIENTS)("a client of %s", (kind) => {
  test("with a person's yes the rules are switched, loaded, confirmed and told to the audit trail", async () => {
    const place = await open(kind, YES);
    const plan = await planned(place);
    expect(plan).toMatchObject({ fit: true, folder: place.folder });
    expect(place.inFolder()).toEqual({ "own.yaml": OLD });
    const done = await place.server.answer("deploy_rules", { action: "deploy", deployment: plan.id });
    expect(done).toMatchObject({ state: "confirmed" });
    expect(place.inFolder()).toEqual({ "own.yaml": NEW });
    expect(place.forms).toHaveLength(1);
    expect(place.forms[0]?.message).toContain("fewer false alarms");
    const again = await place.server.call("deploy_rules", { action: "deploy", deployment: plan.id });
    expect(again.isError).toBe(true);
    const { deployments } = await place.server.answer("deploy_rules", { action: "list" });
    expect(deployments).toMatchObject([{ id: plan.id, state: "confirmed" }]);
    const records = readFileSync(join(place.home, "audit/records.jsonl"), "utf8");
    expect(records).toContain(String(plan.digest));
    expect(records).toContain("Ada Kovács");
  });

  test.each([
    ["a no", { action: "accept", content: { approve: false, name: "Ada" } }],
    ["a form closed", { action: "cancel" }],
  ] as const)("with %s nothing changes", async (_name, reply) => {
    const place = await open(kind, reply as FormReply);
    const plan = await planned(place);
    const refused = await place.server.call("deploy_rules", { action: "deploy", deployment: plan.id });
    expect(refused.content[0]?.text).toContain("APPROVAL_REFUSED");
    expect(place.inFolder()).toEqual({ "own.yaml": OLD });
  });

  test("that shows no forms: the plan waits for a terminal, and an id made up by the model is worth nothing", async () => {
    const place = await open(kind, undefined);
    const plan = await planned(place);
    const waits = await place.server.call("deploy_rules", { action: "deploy", deployment: plan.id });
    expect(waits.content[0]?.text).toMatch(/APPROVAL_WAITING[\s\S]*falco-skills approve \w+/);
    const made = await place.server.call("deploy_rules", {
      action: "deploy",
      deployment: plan.id,
      approval: "deadbeef",
    });
    expect(made.content[0]?.text).toContain("APPROVAL_NOT_FOUND");
    expect(place.inFolder()).toEqual({ "own.yaml": OLD });
  });
});

test("a Falco that becomes unwell with the new rules gets the old ones back", async () => {
  const place = await open("2026-07-28", YES);
  const plan = await planned(place);
  place.falco.behave("unwell after a reload");
  const done = await place.server.answer("deploy_rules", { action: "deploy", deployment: plan.id });
  expect(done.state, JSON.stringify(done.steps)).toBe("rolled-back");
  expect(place.inFolder()).toEqual({ "own.yaml": OLD });
});

test("a rollback of a former deployment brings its bytes back", async () => {
  const place = await open("2025-11-25", YES);
  const plan = await planned(place);
  await place.server.answer("deploy_rules", { action: "deploy", deployment: plan.id });
  const back = await place.server.answer("deploy_rules", {
    action: "plan_rollback",
    deployment: plan.id,
    reason: "it was wrong",
    watch_seconds: 5,
  });
  const { id } = back.plan as { id: string };
  await expect(place.server.answer("deploy_rules", { action: "deploy", deployment: id })).resolves.toMatchObject({
    state: "confirmed",
  });
  expect(place.inFolder()).toEqual({ "own.yaml": OLD });
});

test("rules that Falco would not load are planned, told and not deployed", async () => {
  const place = await open("2026-07-28", YES);
  const plan = await planned(place, rule("shell", "evt.type = execve and"));
  expect(plan.fit).toBe(false);
  const refused = await place.server.call("deploy_rules", { action: "deploy", deployment: plan.id });
  expect(refused.content[0]?.text).toContain("DEPLOY_RULES_BROKEN");
  expect(place.forms).toEqual([]);
});

test.each([[[]], [["--allow-changes", "--read-only"]]])("a server started with %j does not deploy", async (flags) => {
  const place = await open("2026-07-28", YES, flags);
  const refused = await place.server.call("deploy_rules", { action: "list" });
  expect(refused.content[0]?.text).toContain("TOOL_WITHHELD");
});
