import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Comparison, Field, Part } from "../../src/condition/ast.ts";
import { parseCondition } from "../../src/condition/parse-condition.ts";
import { isEventName } from "../../src/event/event-types.ts";
import { lookUpField } from "../../src/fields/look-up-field.ts";
import { loadRules } from "../../src/rules/load-rules.ts";

const SKILL = resolve(import.meta.dirname, "../../skills/performing-cloud-native-forensics-with-falco");
const RULES = readFileSync(join(SKILL, "rules/container-forensics.yaml"), "utf8");
const BRIEF = readFileSync(join(SKILL, "references/rule-language.md"), "utf8");

interface Item {
  readonly rule?: string;
  readonly macro?: string;
  readonly list?: string;
  readonly condition?: string;
  readonly items?: readonly string[];
  readonly output?: string;
  readonly priority?: string;
  readonly tags?: readonly string[];
  readonly exceptions?: readonly { name: string; fields?: string[]; comps?: string[]; values?: string[][] }[];
  readonly required_engine_version?: string;
  readonly required_plugin_versions?: readonly { name: string; version: string }[];
  readonly override?: object;
}

const snippets = [...BRIEF.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
const sources = [
  { what: "the rule file", items: parse(RULES) as Item[] },
  ...snippets.map((text, at) => ({ what: `example ${at + 1} of rule-language.md`, items: parse(text) as Item[] })),
];
const rules = (parse(RULES) as Item[]).filter(({ rule }) => rule !== undefined);

/** Everything in the items that would keep a condition from meaning what it says. */
function faultsOf(items: readonly Item[]): string[] {
  const lists = new Map(items.flatMap(({ list, items: values = [] }) => (list === undefined ? [] : [[list, values]])));
  const macros = new Set(items.flatMap(({ macro }) => macro ?? []));
  return items.flatMap((item) => {
    if (item.condition === undefined) return [];
    const text = [...lists].reduce(
      (condition, [list, values]) => condition.replaceAll(`(${list})`, `(${values.join(", ")})`),
      item.condition.trim(),
    );
    const { node, error } = parseCondition(text);
    const name = item.rule ?? item.macro;
    if (error !== undefined) return [`${name}: ${error.message}`];
    return faultsIn(node, macros).map((fault) => `${name}: ${fault}`);
  });
}

function faultsIn(part: Part, macros: ReadonlySet<string>): string[] {
  if (part.kind === "macro") return macros.has(part.name) ? [] : [`no macro ${part.name}`];
  if (part.kind === "field") return faultsOfField(part);
  if (part.kind === "comparison") return [...faultsIn(part.left, macros), ...faultsOfComparison(part)];
  if (part.kind === "not") return faultsIn(part.child, macros);
  if (part.kind === "and" || part.kind === "or") return part.children.flatMap((child) => faultsIn(child, macros));
  return [];
}

function faultsOfField({ name, argument }: Field): string[] {
  const written = argument === undefined ? name : `${name}[${argument}]`;
  const found = lookUpField(written, "syscall");
  if (found.kind !== "found") return [`no field ${written}`];
  return found.field.row.isDeprecated || name === "evt.dir" ? [`${written} is deprecated`] : [];
}

function faultsOfComparison({ left, right }: Comparison): string[] {
  if (left.kind !== "field") return [];
  const values =
    right.kind === "value" ? [right.text] : right.kind === "list" ? right.values.map(({ text }) => text) : [];
  return values.flatMap((value) => {
    if (left.name === "evt.type" && !isEventName(value)) return [`no event ${value}`];
    // The kernel keeps 15 bytes of a name: a longer one can never be equal.
    if (/^proc\.p?name$/.test(left.name) && Buffer.byteLength(value) > 15)
      return [`name longer than 15 bytes: ${value}`];
    const found = lookUpField(left.name, "syscall");
    const isBool = found.kind === "found" && found.field.type === "BOOL";
    return isBool && !/^(?:true|false)$/.test(value) ? [`no boolean: ${value}`] : [];
  });
}

test.each(sources)("$what holds no condition that cannot match", ({ items }) => {
  expect(faultsOf(items)).toEqual([]);
});

test.each([
  { condition: "proc.nmae = x", fault: "r: no field proc.nmae" },
  { condition: "evt.dir = <", fault: "r: evt.dir is deprecated" },
  { condition: "evt.type = execv", fault: "r: no event execv" },
  { condition: "proc.pname in (docker-entrypoint.sh)", fault: "r: name longer than 15 bytes: docker-entrypoint.sh" },
  { condition: "evt.is_open_read = True", fault: "r: no boolean: True" },
  { condition: "nobody_defined_this", fault: "r: no macro nobody_defined_this" },
  { condition: "proc.name =", fault: expect.stringMatching(/^r: expected a string value/) },
])("the check sees $condition", ({ condition, fault }) => {
  expect(faultsOf([{ rule: "r", condition }])).toEqual([fault]);
});

test("engine and plugin are those the official rule files ask for", () => {
  const items = parse(RULES) as Item[];
  expect(items.find((item) => item.required_engine_version)?.required_engine_version).toBe("0.57.0");
  expect(items.find((item) => item.required_plugin_versions)?.required_plugin_versions).toEqual([
    { name: "container", version: "0.4.0" },
  ]);
});

test("every rule restricts the event type and stays inside containers", () => {
  for (const { condition = "" } of rules) {
    expect(condition).toMatch(/evt\.type (?:=|in)/);
    expect(condition).toContain("cf_in_container");
  }
});

const PRINTED = [
  "proc.name",
  "proc.cmdline",
  "proc.exepath",
  "proc.pid",
  "proc.pname",
  "proc.pexepath",
  "user.name",
  "user.uid",
  "user.loginuid",
  "container.id",
  "container.name",
  "container.image.repository",
  "container.image.tag",
  "container.image.digest",
  "k8s.ns.name",
  "k8s.pod.name",
  "evt.type",
  "evt.res",
];

test.each(rules)("$rule prints who, where and what, by fields that exist", ({ output = "" }) => {
  const printed = [...output.matchAll(/%([a-z0-9_.]+(?:\[\d+\])?)/g)].map((match) => match[1] ?? "");
  expect(printed).toEqual(expect.arrayContaining(PRINTED));
  expect(printed.filter((field) => lookUpField(field, "syscall").kind !== "found")).toEqual([]);
  expect(output.replace(/%[a-z0-9_.]+(?:\[\d+\])?/g, "")).not.toContain("%");
});

/** Techniques under the tactics they belong to in ATT&CK for Enterprise. */
const TECHNIQUES: Readonly<Record<string, readonly string[]>> = {
  mitre_execution: ["T1059.004"],
  mitre_credential_access: ["T1003.008"],
  mitre_command_and_control: ["TA0011"],
  mitre_privilege_escalation: ["T1548.001", "T1611", "T1055.008"],
};

test.each(rules)("$rule has one tactic and a technique of it", ({ tags = [] }) => {
  const tactics = tags.filter((tag) => tag.startsWith("mitre_"));
  const techniques = tags.filter((tag) => /^TA?\d{4}/.test(tag));
  expect(tags[0]).toBe("container");
  expect(tactics).toHaveLength(1);
  expect(techniques).toHaveLength(1);
  expect(TECHNIQUES[tactics[0] ?? ""]).toContain(techniques[0]);
});

test.each(rules)(
  "$rule takes exceptions by image and something the attacker cannot simply name",
  ({ exceptions = [] }) => {
    expect(exceptions.length).toBeGreaterThan(0);
    for (const { fields = [], comps = [], values } of exceptions) {
      expect(values).toBeUndefined();
      expect(comps).toHaveLength(fields.length);
      expect(fields[0]).toBe("container.image.repository");
      expect(fields.filter((field) => lookUpField(field, "syscall").kind !== "found")).toEqual([]);
      expect(fields).not.toContain("proc.name");
    }
  },
);

test("the five detections are all there", () => {
  expect(rules.map(({ rule }) => rule)).toEqual([
    "Forensics shell spawned in container",
    "Forensics sensitive file read in container",
    "Forensics unexpected outbound connection from container",
    "Forensics setuid or setgid bit set in container",
    "Forensics root identity taken in container",
    "Forensics mount in container",
    "Forensics ptrace of another process in container",
  ]);
});

test("every name is our own, so loading after the official files redefines nothing", () => {
  for (const { rule, macro, list } of parse(RULES) as Item[]) {
    const name = rule ?? macro ?? list;
    if (name !== undefined) expect(name).toMatch(/^(?:cf_|Forensics )/);
  }
});

const OWN = { name: "container-forensics.yaml", text: RULES };

test.each(["0.57.0", "0.58.0", "0.62.0", "0.63.0"])("engine %s loads the rule file without a word", (engineVersion) => {
  const { ok, diagnostics, ruleSet } = loadRules([OWN], { engineVersion });
  expect(diagnostics.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
  expect([ok, ruleSet.rules.length]).toEqual([true, 7]);
});

test("the examples of rule-language.md load without a word", () => {
  const files = snippets.map((text, at) => ({ name: `example-${at + 1}.yaml`, text }));
  const { ok, diagnostics } = loadRules(files);
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  expect(ok).toBe(true);
});

test("every rule takes values for its exceptions from a file loaded later", () => {
  const sample: Readonly<Record<string, unknown>> = { "fd.sip": "203.0.113.7", "fd.sport": [443, 5432] };
  const values = rules.map(({ rule, exceptions = [] }) => ({
    rule,
    exceptions: exceptions.map(({ name, fields = [] }) => ({
      name,
      values: [fields.map((field) => sample[field] ?? "registry.example.com/shop")],
    })),
    override: { exceptions: "append" },
  }));
  const { ok, diagnostics } = loadRules([OWN, { name: "local.yaml", text: JSON.stringify(values) }]);
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  expect(ok).toBe(true);
});

test("each rule can fire on the calls its text speaks of, and on no others", () => {
  const { ruleSet } = loadRules([OWN]);
  const fired = Object.fromEntries(ruleSet.rules.map(({ name, events }) => [name.replace("Forensics ", ""), events]));
  expect(fired).toMatchInlineSnapshot(`
    {
      "mount in container": [
        "asyncevent",
        "mount",
        "move_mount",
      ],
      "ptrace of another process in container": [
        "asyncevent",
        "ptrace",
      ],
      "root identity taken in container": [
        "asyncevent",
        "setgid",
        "setregid",
        "setresgid",
        "setresuid",
        "setreuid",
        "setuid",
      ],
      "sensitive file read in container": [
        "asyncevent",
        "open",
        "openat",
        "openat2",
      ],
      "setuid or setgid bit set in container": [
        "asyncevent",
        "chmod",
        "fchmod",
        "fchmodat",
      ],
      "shell spawned in container": [
        "asyncevent",
        "execve",
        "execveat",
      ],
      "unexpected outbound connection from container": [
        "asyncevent",
        "connect",
      ],
    }
  `);
});
