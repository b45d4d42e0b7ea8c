import type { Actor, Checklist, ChecklistChange, ChecklistItem, ItemState } from "./checklist.ts";
import { escapeMarkdown } from "./escape-markdown.ts";

/** Longest text shown of one field; the checklist itself keeps all of it. */
const LONGEST = 1000;

const BOX: Readonly<Record<ItemState, string>> = {
  open: "[ ]",
  "in-progress": "[ ]",
  done: "[x]",
  failed: "[ ]",
  "not-applicable": "[x]",
  blocked: "[ ]",
  "not-evaluated": "[ ]",
};

/**
 * The checklist as a page of Markdown: what it is for, how far it is, every item by phase with state, reason, who and
 * when, and what could not be read. Made to be read on paper; all text that somebody typed is escaped.
 */
export function renderChecklistMarkdown(checklist: Checklist): string {
  const { title, template, history, warnings } = checklist;
  const phases = template.phases.flatMap((phase) => {
    const items = checklist.items.filter(({ template: item }) => item.phase === phase.id);
    return items.length === 0 ? [] : [`## ${shown(phase.title)}`, "", ...items.flatMap(itemLines)];
  });
  return [
    `# ${shown(title)}`,
    "",
    ...headLines(checklist),
    "",
    shown(template.summary),
    "",
    ...progressLines(checklist),
    "",
    ...blindLines(checklist),
    "",
    ...warnings.map((warning) => `> **Warning:** ${shown(warning)}\n`),
    ...phases,
    ...historyLines(history),
  ]
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trimEnd()
    .concat("\n");
}

function shown(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
  return escapeMarkdown(cut);
}

function headLines({ id, scope, skill, createdAt, createdBy }: Checklist): string[] {
  return [
    `- Checklist: ${shown(id)}`,
    `- Skill: ${shown(skill.name)}, ${skill.digest}`,
    `- Scope: ${scope === undefined ? "not stated" : shown(scope)}`,
    `- Started: ${time(createdAt)} by ${actor(createdBy)}`,
  ];
}

function progressLines({ progress, items }: Checklist): string[] {
  const { total, settled, byState, byStanding } = progress;
  const rows = (Object.keys(byState) as ItemState[]).filter((state) => byState[state] > 0);
  const critical = items.filter(({ template }) => template.severity === "critical");
  const unsettled = critical.filter(({ state }) => state !== "done" && state !== "not-applicable");
  const onlyReported = critical.filter((item) => !unsettled.includes(item) && item.standing === "reported");
  return [
    `**${settled} of ${total} items settled.** ${byStanding.reported} rest on an agent's report, ${byStanding.attested} on a person's attestation, ${byStanding.tested} on a test.`,
    "",
    "| state | items |",
    "| --- | ---: |",
    ...rows.map((state) => `| ${state} | ${byState[state]} |`),
    "",
    unsettled.length === 0 ? "No critical item is unsettled." : `Critical and unsettled: ${idsOf(unsettled)}.`,
    ...(onlyReported.length === 0 ? [] : [`Critical and settled by an agent's report alone: ${idsOf(onlyReported)}.`]),
  ];
}

function idsOf(items: readonly ChecklistItem[]): string {
  return items.map(({ template }) => template.id).join(", ");
}

function itemLines(item: ChecklistItem): string[] {
  const { template, state, standing, reason, note, by, at, evidence, automatic } = item;
  const standingWords = standing === "unset" ? "" : ` (${standing})`;
  const test = automatic === undefined ? "" : `; test ${shown(automatic.test)}: ${automatic.state}`;
  const controls = template.controls.map(({ framework, revision, control }) => `${framework} ${revision} ${control}`);
  return [
    `- ${BOX[state]} **${template.id} ${shown(template.title)}** — ${state}${standingWords}`,
    "",
    `  ${shown(template.text)}`,
    "",
    `  - ${template.severity}, ${template.kind}${test}`,
    ...(automatic?.records === undefined ? [] : [`  - Test found: ${shown(automatic.reason)}`]),
    ...(automatic?.records === undefined || automatic.records.length === 0
      ? []
      : [`  - Rests on records: ${automatic.records.join(", ")}`]),
    ...(reason === undefined ? [] : [`  - Reason: ${shown(reason)}`]),
    ...(note === undefined ? [] : [`  - Note: ${shown(note)}`]),
    ...(by === undefined || at === undefined ? [] : [`  - Set: ${time(at)} by ${actor(by)}`]),
    ...(template.evidence.length === 0 ? [] : [`  - Evidence asked for: ${template.evidence.map(shown).join("; ")}`]),
    ...(evidence.length === 0 ? [] : [`  - Evidence named: ${evidence.map(shown).join("; ")}`]),
    ...(controls.length === 0 ? [] : [`  - Controls: ${controls.map(shown).join("; ")}`]),
    ...(template.must_precede.length === 0 ? [] : [`  - Before: ${template.must_precede.map(shown).join(", ")}`]),
    "",
  ];
}

function blindLines({ verification }: Checklist): string[] {
  const head = "## What Falco could not see";
  if (verification === undefined) return [head, "", "Not determined yet: no test has run."];
  const { at, window, blindSpots, record } = verification;
  const span = window === undefined ? "no window was fixed" : `window ${time(window.from)} to ${time(window.to)}`;
  return [
    head,
    "",
    ...(blindSpots.length === 0 ? ["- Nothing was found."] : blindSpots.map((spot) => `- ${shown(spot)}`)),
    "",
    `Tested ${time(at)}, ${span}, record ${record.seq}.`,
  ];
}

function historyLines(history: readonly ChecklistChange[]): string[] {
  if (history.length === 0) return [];
  return [
    "## Changes",
    "",
    "| when | item | state | by |",
    "| --- | --- | --- | --- |",
    ...history.map(({ at, item, state, by }) => `| ${time(at)} | ${shown(item)} | ${state} | ${actor(by)} |`),
  ];
}

function actor({ kind, name }: Actor): string {
  return `${kind} ${shown(name)}`;
}

function time(at: string): string {
  return at.replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
