import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadSkills } from "@modelcontextprotocol/server/ext/skills/node";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { findField } from "../../src/fields/field-catalogue.ts";
import { checkSkill } from "../../src/skills/check-skill.ts";
import { readSkillCatalog, readSkillFile } from "../../src/skills/skill-catalog.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const SKILLS = join(ROOT, "skills");
const NAME = "performing-cloud-native-forensics-with-falco";
const FOLDER = join(SKILLS, NAME);
const pages = ["SKILL.md", ...readdirSync(join(FOLDER, "references")).map((name) => `references/${name}`)];
const read = (path: string) => readFileSync(join(FOLDER, path), "utf8");

/** Every tool the server has or will have. */
const TOOLS = [
  "falco_status",
  "load_rules",
  "search_rules",
  "explain_rule",
  "test_rules",
  "rule_coverage",
  "run_falco",
  "deploy_rules",
  "ingest_alerts",
  "search_alerts",
  "summarize_alerts",
  "get_alert",
  "query_capture",
  "grc_list_skills",
  "grc_load_skill",
  "create_checklist",
  "update_checklist",
  "verify_checklist",
  "add_evidence",
  "export_evidence",
  "search_audit",
  "verify_audit",
];

test("our own check finds nothing, not even a warning", async () => {
  const { skill, faults, warnings } = await checkSkill(FOLDER, "shipped");
  expect(faults).toEqual([]);
  expect(warnings).toEqual([]);
  expect(skill?.name).toBe(NAME);
});

test("the format's reference validator accepts it", () => {
  const out = execFileSync(process.execPath, [join(ROOT, "node_modules/skills-ref/dist/cli.js"), "validate", FOLDER]);
  expect(out.toString()).toContain("Valid skill");
});

test("the SDK's strict loader gives the same files, hashes and front matter as our catalogue", async () => {
  const [entry, ...others] = (await loadSkills(SKILLS, { strict: true })).entries;
  const { skills, faults } = await readSkillCatalog([{ path: SKILLS, origin: "shipped" }]);
  expect([others, faults, skills.length]).toEqual([[], [], 1]);
  expect(entry?.frontmatter).toEqual(skills[0]?.frontmatter);
  const ours = skills[0]?.files.map(({ path, sha256, sizeBytes }) => ({
    uri: `skill://${NAME}/${path}`,
    digest: `sha256:${sha256}`,
    size: sizeBytes,
  }));
  const byUri = (a: { uri: string }, b: { uri: string }) => (a.uri < b.uri ? -1 : 1);
  const theirs = (entry?.resources ?? []) as { uri: string }[];
  expect([...theirs].sort(byUri)).toEqual([...(ours ?? [])].sort(byUri));
});

test("every file is served as it lies on the disk", async () => {
  const { skills } = await readSkillCatalog([{ path: SKILLS, origin: "shipped" }]);
  for (const skill of skills) {
    for (const { path } of skill.files) {
      expect(Buffer.from(await readSkillFile(skill, path)).equals(readFileSync(join(skill.folder, path)))).toBe(true);
    }
  }
});

test.each(pages)("%s names only tools that exist", (page) => {
  const named = [...read(page).matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map((match) => match[1] ?? "");
  const falcoKeys =
    /^(?:json_|output_fields$|file_|http_|stdout_|program_|syscall_|outputs_|append_|base_|rule_matching|watch_|all_rules|capture_|required_)/;
  expect(named.filter((name) => !TOOLS.includes(name) && !falcoKeys.test(name))).toEqual([]);
});

test("SKILL.md names the tools of the way through", () => {
  const text = read("SKILL.md");
  const used = TOOLS.filter((tool) => tool !== "deploy_rules" && !tool.startsWith("grc_"));
  expect(used.filter((tool) => !text.includes(`\`${tool}\``))).toEqual([]);
});

test.each(pages)("%s links only to files of the skill", (page) => {
  const links = [...read(page).matchAll(/\]\(([^)]+)\)/g)].map((match) => join(dirname(page), match[1] ?? ""));
  for (const link of links) expect(() => read(link)).not.toThrow();
});

test("every reference and the rule file is reachable from SKILL.md", () => {
  for (const path of [...pages.slice(1), "rules/container-forensics.yaml"]) {
    expect(read("SKILL.md")).toContain(`](${path})`);
  }
});

test("the checklist has the items of the procedure, kinds that fit and controls with revisions", async () => {
  const checklist = (await checkSkill(FOLDER, "shipped")).skill?.checklist;
  expect(checklist?.items.map(({ id }) => id).join(" ")).toBe(
    "P1 P2 P3 P4 P5 D1 D2 D3 D4 D5 V1 V2 V3 V4 V5 V6 V7 V8 C1 C2 C3 A1 A2 A3 A4 A5 R1 R2 R3 R4 R5 Q1 Q2 Q3 Q4 Q5",
  );
  const tests = checklist?.items.flatMap(({ test: id }) => id ?? []) ?? [];
  expect(new Set(tests).size).toBe(tests.length);
  const revisions = { "nist-800-53": "5.2.0", "nist-csf": "2.0", "iso-27001": "2022", "soc2-tsc": "2017" };
  for (const { controls, evidence } of checklist?.items ?? []) {
    expect(evidence.length).toBeGreaterThan(0);
    expect(controls.length).toBeGreaterThan(0);
    for (const { framework, revision } of controls) expect(revisions).toHaveProperty(framework, revision);
  }
});

test("preservation comes before containment, and containment before repair", async () => {
  const items = (await checkSkill(FOLDER, "shipped")).skill?.checklist?.items ?? [];
  const before = (id: string) => items.filter(({ must_precede }) => must_precede.includes(id)).map((item) => item.id);
  expect(before("C1")).toEqual(["P1", "V1", "V2", "V3", "V4"]);
  expect(before("R1")).toEqual(["V1", "V2", "V3", "V4", "V5", "V7", "C1"]);
  expect(before("R5")).toEqual(["Q1", "Q2", "Q3", "Q4", "Q5"]);
});

test("the configuration it shows is YAML", () => {
  const blocks = [...read("references/falco-yaml.md").matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) =>
    parse(match[1] ?? ""),
  );
  expect(blocks.map((block) => Object.keys(block))).toEqual([
    expect.arrayContaining([
      "json_output",
      "file_output",
      "http_output",
      "metrics",
      "rule_matching",
      "syscall_event_drops",
    ]),
    ["capture"],
  ]);
});

test("no field that an attacker writes is called trusted in alert-fields.md", () => {
  const rows = read("references/alert-fields.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) => {
    const [, names = "", , writer = ""] = row.split("|");
    return [...names.matchAll(/`([a-z0-9_.]+)(?:\.\*|\[\w\])?`/g)].map((match) => ({ name: match[1] ?? "", writer }));
  });
  const known = named.filter(({ name }) => findField(name, "syscall") !== undefined);
  expect(known.length).toBeGreaterThan(30);
  const trusted = known.filter(({ name, writer }) => {
    return findField(name, "syscall")?.controller === "attacker" && !writer.includes("attacker");
  });
  expect(trusted).toEqual([]);
});
