import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import picocolors from "picocolors";

/**
 * The main job, as an agent does it, over real MCP on real alerts: a node's Falco alerts of one morning, with an
 * intrusion in one container among them. Prints what a person wants to read; ends 0 only when every step answered.
 */

const ROOT = resolve(import.meta.dirname, "../..");
const FIXTURES = join(ROOT, "test/fixtures");
const SKILL = "performing-cloud-native-forensics-with-falco";
const home = process.env.FALCO_SKILLS_HOME ?? mkdtempSync(join(tmpdir(), "falco-skills-demo-"));
const { bold, cyan, dim, green, red, yellow } = picocolors;

type Json = Record<string, unknown>;
type Row = Record<string, string>;

const client = new Client({ name: "demo", version: "1.0.0" });
let step = 0;
let packageFolder = "";

function say(title: string): void {
  step += 1;
  console.log(`\n${cyan(`${step}.`)} ${bold(title)}`);
}

/** Calls a tool and gives its structured answer; a failing tool ends the demo. */
async function call(name: string, input: Json): Promise<Json> {
  console.log(dim(`   ${name} ${JSON.stringify(input)}`));
  const result = await client.callTool({ name, arguments: input });
  if (result.isError === true) throw new Error(JSON.stringify(result.content));
  return result.structuredContent as Json;
}

const colour = (priority: string) =>
  /Emerg|Alert|Crit/.test(priority) ? red : /Err|Warn/.test(priority) ? yellow : dim;

async function story(): Promise<void> {
  say("Load the skill: how this work is done");
  const skill = await call("grc_load_skill", { name: SKILL });
  console.log(`   ${SKILL}: ${(skill.files as Json[]).length} files, ${skill.digest}`);

  say("Make its checklist, before anything is touched");
  const checklist = await call("create_checklist", { skill: SKILL, title: "Alerts of 22 November", scope: "one node" });
  console.log(`   checklist ${checklist.id}: ${checklist.total} items`);

  say("Read the node's alerts into the store");
  const read = await call("ingest_alerts", { paths: ["node-2026-11-22.jsonl"] });
  console.log(
    `   ${read.lines} lines: ${read.added} new alerts, ${read.already_known} known already, rejected ${JSON.stringify(read.rejected)}`,
  );

  say("What fired, and where?");
  const where = await call("summarize_alerts", { by: ["field:container.name", "priority"], limit: 12 });
  for (const { keys, count, first_seen } of where.groups as (Json & { keys: Row })[]) {
    const priority = keys.priority ?? "";
    console.log(
      `   ${String(count).padStart(4)}  ${(keys["field:container.name"] ?? "").padEnd(14)} ${colour(priority)(priority.padEnd(13))} since ${first_seen}`,
    );
  }

  say("One container has critical alerts: what happened in it, in order?");
  const incident = await call("search_alerts", { container: "shop-web", order: "oldest", limit: 40 });
  const alerts = incident.alerts as Row[];
  for (const { time = "", priority = "", rule = "", command = "" } of alerts) {
    console.log(
      `   ${time.slice(11, 23)}  ${colour(priority)(priority.padEnd(13))} ${rule}\n${dim(`                 ${command.slice(0, 100)}`)}`,
    );
  }

  say("Open the most telling one");
  const critical = alerts.find(({ priority }) => priority === "Critical");
  const opened = await call("get_alert", { id: critical?.id ?? "", neighbours: 3 });
  const fields = (opened.alert as Json).output_fields as Json;
  for (const name of [
    "proc.cmdline",
    "proc.pcmdline",
    "proc.pname",
    "user.name",
    "container.id",
    "container.image.repository",
  ]) {
    if (fields[name] !== undefined && fields[name] !== null)
      console.log(`   ${name.padEnd(28)} ${JSON.stringify(fields[name])}`);
  }
  console.log(`   ${"raw line".padEnd(28)} sha256 ${opened.raw_sha256}`);
  console.log(`   ${"neighbours".padEnd(28)} ${(opened.neighbours as Row[]).map(({ rule }) => rule).join("; ")}`);
  console.log(
    `   ${yellow("an attacker may have written:")} ${(opened.untrusted_fields as string[]).slice(0, 4).join(", ")}, …`,
  );

  say("The node kept a capture: run the skill's own rules over it, without Falco");
  await call("load_rules", { name: "forensics", builtin: true });
  const replayed = await call("run_falco", { mode: "replay", rules: "forensics", capture: "web-intrusion.scap" });
  console.log(`   run ${replayed.run_id}: ${replayed.events} events, ${replayed.alerts} alerts, ${replayed.engine}`);
  for (const [rule, count] of Object.entries(replayed.by_rule as Json))
    console.log(`   ${String(count).padStart(4)}  ${rule}`);

  say("Who read the secret, who started that, and where did it connect?");
  const reads = await call("query_capture", { capture: "web-intrusion.scap", question: "sensitive_reads" });
  for (const { time = "", file, process: name, pid, lineage } of reads.files as Row[]) {
    console.log(
      `   ${time.slice(11, 23)}  ${red(String(file))} by ${name} (${pid})\n${dim(`                 < ${lineage}`)}`,
    );
  }
  const peers = await call("query_capture", { capture: "web-intrusion.scap", question: "connections", limit: 100 });
  for (const { time = "", peer, port, direction, command = "" } of peers.connections as Row[]) {
    if (direction === "out")
      console.log(`   ${time.slice(11, 23)}  to ${yellow(`${peer}:${port}`)} by ${command.slice(0, 80)}`);
  }

  say("Report a step on the checklist");
  const manual = (checklist.items as Row[]).find(({ kind }) => kind === "manual");
  const note = `intrusion through the web server of shop-web, seen in ${alerts.length} alerts`;
  const after = await call("update_checklist", {
    checklist: checklist.id,
    item: manual?.id,
    state: "in-progress",
    note,
  });
  console.log(`   ${manual?.id} ${manual?.title}: in progress; ${after.settled} of ${after.total} items settled`);

  say("Can the record of all this be believed?");
  const verdict = await call("verify_audit", {});
  console.log(
    `   ${green(String(verdict.state))}, ${verdict.tier}: ${verdict.records} records, root ${String(verdict.root ?? "").slice(0, 16)}…`,
  );
  if (verdict.state !== "intact") throw new Error(`the audit trail is ${verdict.state}`);

  say("Hand it over: a package that anybody can verify offline");
  const exported = (await call("export_evidence", { checklist: checklist.id })).package as Json;
  console.log(`   ${exported.folder}`);
  console.log(
    `   ${exported.kind}: records ${exported.from_record} to ${exported.to_record} of ${exported.total_records}, manifest ${String(exported.sha256).slice(0, 16)}…`,
  );
  packageFolder = String(exported.folder);
}

await client.connect(
  new StdioClientTransport({
    command: process.execPath,
    args: [
      join(ROOT, "dist/cli/main.js"),
      "serve",
      "--home",
      home,
      "--alerts-root",
      join(FIXTURES, "alerts"),
      "--captures-root",
      join(FIXTURES, "captures"),
    ],
    stderr: "inherit",
  }),
);
console.log(bold("falco-skills: an agent's morning with Falco alerts"));
try {
  await story();
} finally {
  await client.close();
}
console.log(`\n${green("Done.")} Everything is in ${home}. Next:
  node dist/cli/main.js status --home ${home}
  node dist/cli/main.js audit verify --home ${home}
  python3 ${packageFolder}/verify.py ${packageFolder}
  and put falco-skills into your MCP host: the README has the lines for six of them.`);
