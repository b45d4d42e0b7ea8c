import { join } from "node:path";
import type { DeploymentPlan, FileChange } from "./deployment.ts";
import { lineDiff } from "./line-diff.ts";
import { readBytes } from "./plan-files.ts";

const MAX_RULES = 200;
const MAX_DIFF_LINES = 400;
const MAX_LINE_CHARS = 1_000;
const MAX_ALL_LINES = 4_500;

/**
 * The plan for the person who decides on it: what changes, in files and in meaning, what the engines and lints say, what
 * happens afterwards, and the changed lines themselves. What is cut says so and where the whole is. It quotes rules as they
 * are: whoever shows it makes hidden characters visible.
 */
export function describePlan(home: string, plan: DeploymentPlan): { readonly title: string; readonly lines: string[] } {
  const { changes, folder, reason, rollbackOf, warnings, verdicts } = plan;
  const count = (action: FileChange["action"]): number => changes.filter((change) => change.action === action).length;
  const what = `${count("add")} added, ${count("replace")} replaced, ${count("remove")} removed`;
  const lines = [
    `Folder: ${folder}`,
    `Reason: ${reason}`,
    ...(rollbackOf === undefined ? [] : [`Brings back what deployment ${rollbackOf} changed.`]),
    "",
    "Files, in this order:",
    ...changes.flatMap(fileLines),
    "",
    "Verdicts on the whole rule set:",
    ...verdicts.map(({ engine, ok, errors }) => `  ${engine}: ${ok ? "loads" : `REFUSED: ${errors.join("; ")}`}`),
    ...section("Warnings:", warnings),
    ...ruleLines(plan),
    ...section(
      "New lints:",
      plan.newLints.map(({ code, severity, message, where }) => `${severity} ${code}: ${message} (${where})`),
    ),
    ...impactLines(plan),
    "",
    `Afterwards the running Falco, where there is one, is watched for ${plan.watchSeconds} s;`,
    "if it does not load the files, is not healthy, drops more or floods alerts,",
    "the old files are put back.",
    ...changes.flatMap((change) => diffLines(home, plan.id, change)),
  ].map(cutLine);
  return { title: `change rules in ${folder}: ${what}`.slice(0, 300), lines: cutLines(lines, join(home, plan.id)) };
}

/** A hash has a line of its own, so that it can be compared by eye. */
function fileLines({ action, name, before, after }: FileChange): string[] {
  return [
    `  ${action} ${name}${after === undefined ? "" : `, ${after.bytes} bytes`}`,
    ...(before === undefined ? [] : [`    from ${before.sha256}`]),
    ...(after === undefined ? [] : [`    to   ${after.sha256}`]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

function ruleLines({ diff, fit }: DeploymentPlan): string[] {
  // What a refused file says is not in the set: the difference would tell of rules that are left, and nothing of its own.
  if (!fit) return section("Rules:", ["not compared, since the new set does not load"]);
  const rows = diff.rules
    .slice(0, MAX_RULES)
    .flatMap(({ rule, change, details, lost, gained }) => [
      `${change} ${JSON.stringify(rule)}: ${details.join("; ")}`,
      ...(lost.length > 0 ? [`  no longer caught, for example: ${lost.join(", ")}`] : []),
      ...(gained.length > 0 ? [`  caught now, for example: ${gained.join(", ")}`] : []),
    ]);
  const more = diff.rules.length - MAX_RULES;
  return section(`Rules (${diff.rules.length} changed, ${diff.unchanged} unchanged):`, [
    ...(rows.length === 0 ? ["no rule means anything else than before"] : rows),
    ...(more > 0 ? [`… and ${more} more`] : []),
    ...(diff.moved.length > 0 ? [`evaluated in another order: ${diff.moved.slice(0, 20).join(", ")}`] : []),
  ]);
}

function impactLines({ impact }: DeploymentPlan): string[] {
  if (impact === undefined) return [];
  const rows = (sign: string, alerts: typeof impact.gained) =>
    alerts.slice(0, 50).map(({ rule, count }) => `${sign}${count} ${JSON.stringify(rule)}`);
  const all = [...rows("+", impact.gained), ...rows("-", impact.lost)];
  const none = all.length === 0 ? ["the same alerts as before"] : [];
  return section(`Alerts on ${impact.basis}:`, [...all, ...none, ...impact.notes]);
}

function diffLines(home: string, id: string, change: FileChange): string[] {
  const text = (side: "before" | "after"): string =>
    change[side] === undefined ? "" : readBytes(home, id, side, change).toString("utf8");
  const lines = lineDiff(text("before"), text("after"));
  const more = lines.length - MAX_DIFF_LINES;
  const rest =
    more > 0 ? [`… ${more} more lines: see ${join(home, id, change.after ? "after" : "before", change.name)}`] : [];
  return ["", `${change.name}:`, ...lines.slice(0, MAX_DIFF_LINES), ...rest];
}

function cutLine(line: string): string {
  if (line.length <= MAX_LINE_CHARS) return line;
  return `${line.slice(0, MAX_LINE_CHARS)}… (${line.length - MAX_LINE_CHARS} more characters)`;
}

function cutLines(lines: readonly string[], where: string): string[] {
  if (lines.length <= MAX_ALL_LINES) return [...lines];
  return [...lines.slice(0, MAX_ALL_LINES), `… ${lines.length - MAX_ALL_LINES} more lines: see the files in ${where}`];
}
