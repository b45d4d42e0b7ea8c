import type { core } from "zod";
import { type ChecklistTemplate, checklistTemplate } from "./checklist-template.ts";
import * as wrong from "./errors.ts";
import { type PlainYaml, parsePlainYaml } from "./plain-yaml.ts";
import { quote } from "./quote.ts";
import type { SkillProblem } from "./skill.ts";

const FILE = "checklist.yaml";

/** A skill's checklist.yaml, checked strictly: the template, or every fault with its line and column. */
export function parseChecklist(text: string): { template?: ChecklistTemplate; faults: readonly SkillProblem[] } {
  const yaml = parsePlainYaml(text);
  if (!("value" in yaml)) {
    return { faults: yaml.map(({ message, position }) => wrong.problemAt("SKILL_CHECKLIST", FILE, message, position)) };
  }
  const parsed = checklistTemplate.safeParse(yaml.value);
  if (!parsed.success) {
    const faults = parsed.error.issues.slice(0, 50).map((issue) => {
      const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
      return fault(yaml, path, inWords(issue));
    });
    return { faults };
  }
  const faults = referenceFaults(parsed.data, yaml);
  return faults.length === 0 ? { template: parsed.data, faults } : { faults };
}

function fault(yaml: PlainYaml, path: readonly PropertyKey[], message: string): SkillProblem {
  return wrong.problemAt("SKILL_CHECKLIST", FILE, message, yaml.positionOf(path));
}

function inWords(issue: core.$ZodIssue): string {
  const place = issue.path.length === 0 ? "the file" : issue.path.map(String).join(".");
  const message = issue.code === "unrecognized_keys" ? `unknown key ${quote(issue.keys.join(", "))}` : issue.message;
  return `${place}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

/** What a schema cannot say: ids are unique, references hit, tests stand where a test decides, order has no circle. */
function referenceFaults(template: ChecklistTemplate, yaml: PlainYaml): SkillProblem[] {
  const faults: SkillProblem[] = [];
  const report = (path: readonly PropertyKey[], message: string) => faults.push(fault(yaml, path, message));
  const phases = template.phases.map(({ id }) => id);
  const ids = template.items.map(({ id }) => id);
  repeated(phases).forEach((at) => {
    report(["phases", at, "id"], `phase ${quote(phases[at] ?? "")} is defined twice`);
  });
  repeated(ids).forEach((at) => {
    report(["items", at, "id"], `item ${quote(ids[at] ?? "")} is defined twice`);
  });
  template.items.forEach((item, at) => {
    if (!phases.includes(item.phase)) report(["items", at, "phase"], `no phase is called ${quote(item.phase)}`);
    if (item.kind === "manual" && item.test !== undefined) {
      report(["items", at, "test"], `item ${quote(item.id)} is manual and cannot have a test`);
    }
    if (item.kind !== "manual" && item.test === undefined) {
      report(["items", at, "kind"], `item ${quote(item.id)} is ${item.kind} and needs a test`);
    }
    item.must_precede.forEach((target, index) => {
      if (!ids.includes(target)) report(["items", at, "must_precede", index], `no item has the id ${quote(target)}`);
    });
  });
  const circle = faults.length === 0 ? firstCircle(template) : undefined;
  if (circle !== undefined) report(["items", circle], `item ${quote(ids[circle] ?? "")} must precede itself`);
  return faults;
}

function repeated(values: readonly string[]): number[] {
  const seen = new Set<string>();
  return values.flatMap((value, at) => {
    if (seen.has(value)) return [at];
    seen.add(value);
    return [];
  });
}

/** The first item from which must_precede leads back to it; each item is left behind once, so this ends in linear time. */
function firstCircle({ items }: ChecklistTemplate): number | undefined {
  const waiting = new Map(items.map(({ id }) => [id, 0]));
  for (const { must_precede } of items)
    for (const id of new Set(must_precede)) waiting.set(id, (waiting.get(id) ?? 0) + 1);
  const free = items.filter(({ id }) => waiting.get(id) === 0);
  for (let next = free.pop(); next !== undefined; next = free.pop()) {
    waiting.delete(next.id);
    for (const id of new Set(next.must_precede)) {
      const left = (waiting.get(id) ?? 0) - 1;
      waiting.set(id, left);
      const item = items.find((candidate) => candidate.id === id);
      if (left === 0 && item !== undefined) free.push(item);
    }
  }
  const at = items.findIndex(({ id }) => waiting.has(id));
  return at === -1 ? undefined : at;
}
