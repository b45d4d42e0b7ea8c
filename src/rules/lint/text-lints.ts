import type { TransformerArgument } from "../../condition/ast.ts";
import { fieldText } from "../../condition/operand.ts";
import { parseOutput } from "../../condition/parse-output.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { readRuleTags } from "../attack/rule-tags.ts";
import type { TagFault } from "../attack/tag-fault.ts";
import { isDeprecated } from "./check-lints.ts";
import type { LintCode } from "./lint-codes.ts";
import { type LintDraft, type LintSubject, ownChecks, placeOfSpan, placeOfStep, placeOfWord } from "./lint-subject.ts";

const TAG_CODES: Readonly<Record<TagFault["kind"], LintCode>> = {
  "unknown-technique": "LINT_ATTACK_TAG",
  "unknown-tactic": "LINT_ATTACK_TAG",
  "retired-technique": "LINT_ATTACK_TAG",
  "tactic-mismatch": "LINT_ATTACK_TACTIC",
  "outdated-pci": "LINT_COMPLIANCE_TAG",
  "malformed-compliance": "LINT_COMPLIANCE_TAG",
};

/** Tags that name nothing, or not what they are meant to. */
export function lintTags(subject: LintSubject): LintDraft[] {
  return subject.ruleSet.rules.flatMap((rule) =>
    readRuleTags(rule.tags).faults.map((fault) => ({
      code: TAG_CODES[fault.kind],
      message: `tag ${JSON.stringify(fault.tag)} ${fault.message}`,
      fix: tagFix(fault),
      place: placeOfWord(subject, rule.history, fault.tag),
      within: [`rule ${JSON.stringify(rule.name)}`],
    })),
  );
}

function tagFix({ kind, tag, instead }: TagFault): string {
  if (kind === "tactic-mismatch") return `Tag the rule ${instead.join(" or ")}, or another technique.`;
  const [best] = kind === "unknown-tactic" ? nearestNames(tag, instead, 1) : [instead.join(" or ")];
  return best === undefined || best === "" ? "Remove the tag, or correct it." : `Write ${best}.`;
}

/** What an investigator asks of an alert, and the fields that answer. */
const WANTED: readonly { readonly what: string; readonly answers: RegExp; readonly add: string }[] = [
  { what: "the process", answers: /^proc\.(?:name|cmdline|exe|exeline|exepath)$/, add: "process=%proc.cmdline" },
  {
    what: "its parent",
    answers: /^proc\.(?:p(?:name|cmdline|exe|exepath)|a(?:name|exe|exepath|cmdline)(?:\[|$))/,
    add: "parent=%proc.pname",
  },
  { what: "the user", answers: /^user\.(?:name|uid|loginname|loginuid)$/, add: "user=%user.name" },
  { what: "the container", answers: /^container\.(?:id|full_id|name)$/, add: "container_id=%container.id" },
  { what: "its image", answers: /^container\.image/, add: "container_image=%container.image.repository" },
];

/** Outputs that leave out what the first questions about an alert are. */
export function lintOutputs(subject: LintSubject): LintDraft[] {
  return subject.ruleSet.rules.flatMap((rule) => {
    if (rule.source !== "syscall") return [];
    const { output } = parseOutput(rule.compiledOutput, { source: rule.source });
    if (output === undefined) return [];
    const names = output.fields.map(({ name }) => name);
    const lacking = WANTED.filter(({ answers }) => !names.some((name) => answers.test(name)));
    if (lacking.length === 0) return [];
    return [
      {
        code: "LINT_OUTPUT_LACKS",
        message: `the output does not name ${lacking.map(({ what }) => what).join(", ")}`,
        fix: `Add ${lacking.map(({ add }) => add).join(" ")} to the output.`,
        place: placeOfWord(subject, rule.history, rule.output.slice(0, 30).split("\n")[0] ?? ""),
        within: [`rule ${JSON.stringify(rule.name)}`],
      } as const,
    ];
  });
}

/** Fields that stay only for old rules, with what to write instead. */
export function lintDeprecatedFields(subject: LintSubject): LintDraft[] {
  const inConditions = subject.owners.flatMap((owner) =>
    ownChecks(owner.item.tree).flatMap(({ node }) => {
      const field = namesIn(node.left).find((name) => isDeprecated(name, owner.source));
      if (field === undefined) return [];
      const value = node.kind === "comparison" && node.right.kind === "value" ? node.right.text : "";
      return [deprecated(field, value, placeOfSpan(owner, node.span), owner.title)];
    }),
  );
  const inOutputs = subject.ruleSet.rules.flatMap((rule) => {
    const { output } = parseOutput(rule.output, { source: rule.source });
    const names = new Set((output?.fields ?? []).map(({ name }) => name));
    if (rule.output.includes("%container.info")) names.add("container.info");
    return [...names]
      .filter((name) => name === "container.info" || isDeprecated(name, rule.source))
      .map((name) => {
        const place = name === "" ? placeOfStep(rule.history[0]) : placeOfWord(subject, rule.history, `%${name}`);
        return deprecated(name, "", place, `rule ${JSON.stringify(rule.name)}`);
      });
  });
  return [...inConditions, ...inOutputs];
}

function namesIn(part: TransformerArgument): readonly string[] {
  if (part.kind === "field") return [fieldText(part)];
  if (part.kind === "transformer") return part.values.flatMap(namesIn);
  return part.kind === "transformer-list" ? part.items.flatMap(namesIn) : [];
}

function deprecated(field: string, value: string, place: LintDraft["place"], title: string): LintDraft {
  const message =
    field === "evt.dir" && value === ">"
      ? "evt.dir = > matches nothing any more: Falco sees only the end of calls"
      : `${field} is deprecated`;
  return { code: "LINT_DEPRECATED_FIELD", message, fix: rewrite(field, value), place, within: [title] };
}

function rewrite(field: string, value: string): string {
  if (field === "evt.dir") {
    return value === ">"
      ? "Remove the check, and compare what the call returned instead."
      : "Remove the check: every event is one that evt.dir = < meant.";
  }
  if (field.startsWith("evt.latency") || field === "evt.wait_latency") {
    return "Remove it: without events for the begin of calls there is no latency any more.";
  }
  if (field === "container.info") return "Write container_id=%container.id container_name=%container.name.";
  return `Remove ${field}, or write a field that says the same.`;
}
