import { z } from "zod";
import { PRIORITIES, type Priority } from "../alert/alert.ts";
import { parseTimeBound } from "../alert/time.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { findField } from "../fields/field-catalogue.ts";
import type { AlertFilter, AlertStore, FieldCondition } from "../store/alert-store.ts";
import { nearestNames } from "../text/nearest-names.ts";

const text = z.string().min(1).max(1_000);
const oneOrMany = (what: string) => z.union([text, z.array(text).min(1).max(50)]).describe(what);
const priority = z.string().max(20);

const fieldCondition = z.strictObject({
  field: text.describe("Name of an output field, as proc.cmdline or fd.name"),
  op: z.enum(["=", "!=", "in", "contains", "startswith", "exists"]).describe("Comparison; exists takes no value"),
  value: z
    .union([z.string().max(4_000), z.number(), z.boolean(), z.array(z.string().max(4_000)).max(200)])
    .optional()
    .describe("Value to compare with; a list for in"),
});

/** The filter of search_alerts and summarize_alerts; all parts must hold. */
export const FILTER = {
  from: text.optional().describe("Earliest time, inclusive: RFC 3339, Unix seconds, or relative as -24h, -15m, -7d"),
  to: text.optional().describe("Latest time, exclusive; same forms; default now and later"),
  priority_at_least: priority
    .optional()
    .describe(`This priority or more urgent. Urgent first: ${PRIORITIES.join(", ")}`),
  priority_at_most: priority.optional().describe("This priority or less urgent"),
  priority: z
    .union([priority, z.array(priority).min(1).max(8)])
    .optional()
    .describe("Exactly this priority, or one of these"),
  rule: oneOrMany("Exact rule name, or one of these").optional(),
  source: oneOrMany("Event source: syscall, k8s_audit, aws_cloudtrail, internal, …").optional(),
  hostname: oneOrMany("Host that raised the alert").optional(),
  tags: oneOrMany("Tags the alert must all have, as T1059 or mitre_execution").optional(),
  container: oneOrMany("Container id (12 characters) or name").optional(),
  image: oneOrMany("Image repository, with or without :tag, exactly as in the alert").optional(),
  pod: oneOrMany("Kubernetes pod name").optional(),
  namespace: oneOrMany("Kubernetes namespace").optional(),
  user: oneOrMany("User name or numeric uid").optional(),
  process: oneOrMany("Process name or executable path").optional(),
  fields: z.array(fieldCondition).max(20).optional().describe("Conditions on any output field"),
  text: text.optional().describe("Words or a phrase in the alert's message, case-insensitive"),
  run_id: text.optional().describe("Only alerts that this run gave"),
};

type FilterInput = z.output<z.ZodObject<typeof FILTER>>;

/** Which output fields each short filter looks in; any of them may match. */
const SHORTHANDS = {
  container: ["container.id", "container.name", "container.full_id"],
  pod: ["k8s.pod.name"],
  namespace: ["k8s.ns.name", "ka.target.namespace"],
  user: ["user.name", "user.uid", "user.loginname", "ka.user.name"],
  process: ["proc.name", "proc.exepath", "proc.exe"],
} as const;

/** A time window as it was asked for and as it was understood. */
export interface Window {
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
}

/** The window the caller means now. Fails with INVALID_TIME or INVALID_ARGUMENT. */
export function resolveWindow({ from, to }: Pick<FilterInput, "from" | "to">, nowNs: bigint): Window {
  const fromNs = from === undefined ? undefined : parseTimeBound(from, nowNs);
  const toNs = to === undefined ? undefined : parseTimeBound(to, nowNs);
  if (fromNs !== undefined && toNs !== undefined && fromNs >= toNs) {
    throw new FalcoSkillsError(
      "INVALID_ARGUMENT",
      `from ${JSON.stringify(from)} is not before to ${JSON.stringify(to)}`,
      {
        fix: "Pass a from that lies before to.",
      },
    );
  }
  return { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }) };
}

/** The store's filter for what the caller asked. Fails with INVALID_ARGUMENT or UNKNOWN_FIELD. */
export async function toAlertFilter(input: FilterInput, alerts: AlertStore, window: Window): Promise<AlertFilter> {
  const conditions = [...shorthandConditions(input), ...(input.fields ?? []).map(toCondition)];
  await checkFields(conditions, alerts);
  const priorities = wantedPriorities(input);
  return {
    ...window,
    ...(priorities === undefined ? {} : { priorities }),
    ...(input.rule === undefined ? {} : { rules: many(input.rule) }),
    ...(input.source === undefined ? {} : { sources: many(input.source) }),
    ...(input.hostname === undefined ? {} : { hostnames: many(input.hostname) }),
    ...(input.tags === undefined ? {} : { tags: many(input.tags) }),
    ...(conditions.length === 0 ? {} : { fields: conditions }),
    ...(input.text === undefined ? {} : { text: input.text }),
    ...(input.run_id === undefined ? {} : { runId: input.run_id }),
  };
}

const many = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

function shorthandConditions(input: FilterInput): FieldCondition[] {
  const conditions: FieldCondition[] = [];
  for (const [key, fields] of Object.entries(SHORTHANDS) as [keyof typeof SHORTHANDS, readonly string[]][]) {
    const wanted = input[key];
    if (wanted !== undefined) conditions.push({ fields, operator: "in", values: many(wanted) });
  }
  if (input.image !== undefined) conditions.push(...imageConditions(many(input.image)));
  return conditions;
}

/** `repo:tag` is two fields in an alert; several images are compared by their repository. */
function imageConditions(images: readonly string[]): FieldCondition[] {
  const split = images.map((image) => /^(.*[^/]):([^:/]+)$/.exec(image));
  const repositories = images.map((image, at) => split[at]?.[1] ?? image);
  const fields = ["container.image.repository", "container.image"];
  const conditions: FieldCondition[] = [{ fields, operator: "in", values: [...images, ...repositories] }];
  const tag = images.length === 1 ? split[0]?.[2] : undefined;
  if (tag !== undefined) conditions.push({ fields: ["container.image.tag"], operator: "=", values: [tag] });
  return conditions;
}

function toCondition({ field, op, value }: z.output<typeof fieldCondition>): FieldCondition {
  const values = value === undefined ? [] : Array.isArray(value) ? value : [String(value)];
  const wants = op === "exists" ? 0 : op === "in" ? undefined : 1;
  if (wants === undefined ? values.length === 0 : values.length !== wants) {
    const expected = op === "exists" ? "no value" : op === "in" ? "a list of values" : "one value";
    throw new FalcoSkillsError(
      "INVALID_ARGUMENT",
      `condition on ${JSON.stringify(field)} has ${values.length} values`,
      {
        fix: `Pass ${expected} with op ${JSON.stringify(op)}.`,
      },
    );
  }
  return { fields: [field], operator: op, values };
}

/** A name that neither Falco nor any stored alert knows is a slip, and an empty answer would hide it. */
async function checkFields(conditions: readonly FieldCondition[], alerts: AlertStore): Promise<void> {
  const doubtful = conditions
    .flatMap(({ fields }) => (fields.length > 1 ? [] : fields))
    .filter((name) => !isKnown(name));
  if (doubtful.length === 0) return;
  const stored = (await alerts.fieldNames()).map(({ name }) => name);
  const unknown = doubtful.find((name) => !stored.includes(name));
  if (unknown === undefined) return;
  const near = nearestNames(unknown, [...new Set([...stored, ...FREQUENT])], 3);
  throw new FalcoSkillsError("UNKNOWN_FIELD", `no output field is called ${JSON.stringify(unknown)}`, {
    fix: `Use ${near.join(" or ")}, or another field that get_alert shows.`,
  });
}

const FREQUENT = ["proc.name", "proc.cmdline", "proc.pname", "proc.exepath", "fd.name", "user.name", "container.id"];

const isKnown = (name: string): boolean => findField(name.replace(/\[.*\]$/s, "")) !== undefined;

function wantedPriorities(input: FilterInput): readonly Priority[] | undefined {
  if (input.priority === undefined && input.priority_at_least === undefined && input.priority_at_most === undefined) {
    return undefined;
  }
  const least = input.priority_at_least === undefined ? PRIORITIES.length - 1 : rank(input.priority_at_least);
  const most = input.priority_at_most === undefined ? 0 : rank(input.priority_at_most);
  const exact = input.priority === undefined ? undefined : many(input.priority).map(rank);
  const wanted = PRIORITIES.filter((_, at) => at <= least && at >= most && (exact?.includes(at) ?? true));
  if (wanted.length > 0) return wanted;
  throw new FalcoSkillsError("INVALID_ARGUMENT", "the priorities asked for exclude each other", {
    fix: "Pass only one of priority, priority_at_least and priority_at_most, or a range that is not empty.",
  });
}

function rank(name: string): number {
  const wanted = name.toLowerCase() === "info" ? "informational" : name.toLowerCase();
  const at = PRIORITIES.findIndex((known) => known.toLowerCase() === wanted);
  if (at >= 0) return at;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `no priority is called ${JSON.stringify(name)}`, {
    fix: `Use one of ${PRIORITIES.join(", ")}.`,
  });
}
