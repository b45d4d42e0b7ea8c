import type { Comparison, Field, Value } from "../../condition/ast.ts";
import { fieldText } from "../../condition/operand.ts";
import { lookUpField } from "../../fields/look-up-field.ts";
import type { LintCode } from "./lint-codes.ts";
import { type LintDraft, type LintSubject, type Owner, ownChecks, placeOfSpan } from "./lint-subject.ts";

/** Names the kernel keeps 15 bytes of. */
const COMM_FIELDS: ReadonlySet<string> = new Set([
  "proc.name",
  "proc.pname",
  "proc.aname",
  "proc.sname",
  "proc.pgid.name",
  "proc.vpgid.name",
]);
const COMM_BYTES = 15;

/** Fields that many events of their source lack: metadata that comes late or not at all, and keys that a document may lack. */
const OFTEN_ABSENT =
  /^(?:container\.(?:image|name|mount|healthcheck)|k8s\.|k8smeta\.|ka\.|jevt\.|json\.|ct\.|gcp\.|github\.|okta\.|fd\.(?:s|c|r|l)ip\.name$)/;

const ANCESTORS: ReadonlySet<string> = new Set([
  "proc.aname",
  "proc.aexe",
  "proc.aexepath",
  "proc.acmdline",
  "proc.aargs",
  "proc.apid",
]);

const BOTH_ENDS: ReadonlySet<string> = new Set(["fd.ip", "fd.net", "fd.port"]);
const ONE_END_NETWORKS: ReadonlySet<string> = new Set(["fd.snet", "fd.cnet", "fd.lnet", "fd.rnet"]);

/** What single checks do otherwise than they read. */
export function lintChecks(subject: LintSubject): LintDraft[] {
  return subject.owners.flatMap((owner) =>
    ownChecks(owner.item.tree).flatMap(({ node, negated }) => {
      if (node.kind === "exists" || node.left.kind !== "field") return [];
      const check = node as FieldCheck;
      return [
        ...longNames(check, owner),
        ...wildcards(check, owner),
        ...ancestors(check, owner),
        ...defects(check, owner),
        ...(negated ? [] : absent(check, owner)),
      ];
    }),
  );
}

type FieldCheck = Comparison & { readonly left: Field };

function valuesOf({ right }: Comparison): readonly Value[] {
  return right.kind === "list" ? right.values : right.kind === "value" ? [right] : [];
}

function draft(
  code: LintCode,
  owner: Owner,
  at: { span: Comparison["span"] },
  message: string,
  fix: string,
): LintDraft {
  return { code, message, fix, place: placeOfSpan(owner, at.span), within: [owner.title] };
}

const COMPARED_WHOLE: ReadonlySet<string> = new Set(["=", "==", "!=", "in", "intersects", "startswith"]);

function longNames(check: FieldCheck, owner: Owner): LintDraft[] {
  if (!COMM_FIELDS.has(check.left.name) || !COMPARED_WHOLE.has(check.operator)) return [];
  return valuesOf(check).flatMap((value) => {
    const bytes = Buffer.from(value.text);
    if (bytes.length <= COMM_BYTES) return [];
    const kept = bytes
      .subarray(0, COMM_BYTES)
      .toString()
      .replace(/\ufffd+$/, "");
    const message = `${check.left.name} never holds ${quote(value.text)}: that is ${bytes.length} bytes, and the kernel keeps ${COMM_BYTES}`;
    return [draft("LINT_COMM_TOO_LONG", owner, value, message, `Write ${quote(kept)}, or compare proc.exepath.`)];
  });
}

const TAKEN_LITERALLY: ReadonlySet<string> = new Set(["=", "==", "!=", "in", "startswith", "endswith"]);

function wildcards(check: FieldCheck, owner: Owner): LintDraft[] {
  if (!TAKEN_LITERALLY.has(check.operator)) return [];
  return valuesOf(check).flatMap((value) => {
    if (!/[^*]\*|\*[^*]/.test(value.text)) return [];
    const message = `${check.operator} takes the * of ${quote(value.text)} as a plain character`;
    return [draft("LINT_WILDCARD_LITERAL", owner, value, message, wildcardFix(check, value.text))];
  });
}

function wildcardFix({ left, operator }: FieldCheck, text: string): string {
  const field = fieldText(left);
  const bare = text.replaceAll("*", "");
  const [starts, ends] = [text.endsWith("*"), text.startsWith("*")];
  if (operator === "!=") return `Write not ${field} glob ${quote(text)}.`;
  if (text.length - bare.length > (starts && ends ? 2 : 1)) return `Write ${field} glob ${quote(text)}.`;
  if (starts && ends) return `Write ${field} contains ${quote(bare)}.`;
  if (starts) return `Write ${field} startswith ${quote(bare)}.`;
  return ends ? `Write ${field} endswith ${quote(bare)}.` : `Write ${field} glob ${quote(text)}.`;
}

function ancestors(check: FieldCheck, owner: Owner): LintDraft[] {
  const { left, operator } = check;
  if (!ANCESTORS.has(left.name) || left.argument !== undefined || operator !== "!=") return [];
  const message = `${left.name} != is true as soon as one ancestor differs, which is nearly always`;
  const value = valuesOf(check)[0]?.text ?? "";
  const fix = `Write not ${left.name} = ${quote(value)}, or name one ancestor as ${left.name}[2].`;
  return [draft("LINT_ANCESTOR_NOT_EQUAL", owner, check, message, fix)];
}

function absent(check: FieldCheck, owner: Owner): LintDraft[] {
  const { left, operator } = check;
  if (operator !== "!=" || !OFTEN_ABSENT.test(left.name)) return [];
  const values = valuesOf(check);
  if (values.every(({ text }) => ["", "<NA>", "N/A"].includes(text))) return [];
  const field = fieldText(left);
  const message = `${field} != is false for every event that has no ${field}`;
  const value = quote(values[0]?.text ?? "");
  const fix = `Write not ${field} = ${value} to match events without ${field} too, or add ${field} exists to say that they are left out.`;
  return [draft("LINT_ABSENT_NOT_EQUAL", owner, check, message, fix)];
}

/** Source: observed with Falco 0.44 and read in libs userspace/libsinsp/sinsp_filtercheck_fd.cpp @48dfd53c. */
function defects(check: FieldCheck, owner: Owner): LintDraft[] {
  const { left, operator, modifier } = check;
  const values = valuesOf(check);
  const field = left.name;
  const alternatives = `(${values.map(({ text }) => `${field} = ${quote(text)}`).join(" or ")})`;
  const rewrite = values.length <= 4 ? `Write ${alternatives}.` : `Write one ${field} = for every value, joined by or.`;
  if (operator === "intersects" && (field === "fd.ip" || field === "fd.port")) {
    const fix = field === "fd.port" ? "Write fd.port in with the same list." : rewrite;
    return [
      draft("LINT_OPERATOR_STOPS_FALCO", owner, check, `${field} intersects ends Falco at the first socket event`, fix),
    ];
  }
  const never =
    (field === "fd.ip" && operator === "in") ||
    (field === "proc.apid" && operator === "in" && left.argument === undefined);
  if (never || (ONE_END_NETWORKS.has(field) && modifier !== undefined)) {
    const words = modifier === undefined ? operator : `${operator} ${modifier}`;
    const fix = ONE_END_NETWORKS.has(field) ? `Write ${field} in with the same list.` : rewrite;
    return [draft("LINT_OPERATOR_NEVER_MATCHES", owner, check, `${field} ${words} is always false`, fix)];
  }
  const first = (field === "fd.net" && operator === "in") || (BOTH_ENDS.has(field) && modifier !== undefined);
  if (!first || values.length < 2) return [];
  const message = `${field} ${modifier === undefined ? operator : `${operator} ${modifier}`} looks at ${quote(values[0]?.text ?? "")} alone, the first of ${values.length} values`;
  return [draft("LINT_OPERATOR_FIRST_VALUE_ONLY", owner, check, message, rewrite)];
}

/** Whether a field of that source is kept for old rules only. */
export function isDeprecated(field: string, source: string): boolean {
  const found = lookUpField(field, source);
  return found.kind === "found" && found.field.row.isDeprecated;
}

export function quote(text: string): string {
  return /^[^\s()"'=,]+$/.test(text) ? text : JSON.stringify(text);
}
