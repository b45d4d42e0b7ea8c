import { z } from "zod";
import type { FieldValue } from "../alert/alert.ts";
import { controllerOf } from "../fields/field-catalogue.ts";
import type { StoredAlert } from "../store/alert-store.ts";
import { shorten } from "./answer.ts";

/** How an alert looks in a list; `detail: full` adds the rest. */
export const ALERT_ROW = z.strictObject({
  id: z.string().describe("Pass to get_alert"),
  time: z.string(),
  priority: z.string(),
  rule: z.string(),
  hostname: z.string().optional(),
  source: z.string().optional().describe("Left out for syscall"),
  repeats: z.int().optional().describe("How often this very alert happened, when more than once"),
  output: z.string().describe("The alert's message; attacker-written parts inside"),
  container: z.string().optional(),
  pod: z.string().optional(),
  user: z.string().optional(),
  process: z.string().optional(),
  parent: z.string().optional(),
  command: z.string().optional().describe("Command line of the process"),
  fd: z.string().optional().describe("File or connection"),
  tags: z.array(z.string()).optional(),
  output_fields: z.record(z.string(), z.unknown()).optional(),
  run_id: z.string().optional(),
});

export type Detail = "concise" | "full";
export const DETAIL = z
  .enum(["concise", "full"])
  .default("concise")
  .describe("concise: what triage needs; full: tags and every output field");

/** Enough for what the rule says; the fields it goes on to list are keys of their own. */
const OUTPUT_CHARS = 160;
const COMMAND_CHARS = 200;

export function alertRow(alert: StoredAlert, detail: Detail): z.input<typeof ALERT_ROW> {
  const { fields } = alert;
  const row = {
    id: alert.id,
    time: alert.time,
    priority: alert.priority,
    rule: alert.rule,
    ...(alert.hostname === "" ? {} : { hostname: alert.hostname }),
    ...(alert.source === "syscall" ? {} : { source: alert.source }),
    ...(alert.repeats > 1 ? { repeats: alert.repeats } : {}),
    ...(alert.runId === undefined ? {} : { run_id: alert.runId }),
  };
  if (detail === "full") return { ...row, output: alert.output, tags: [...alert.tags], output_fields: { ...fields } };
  return {
    ...row,
    output: shorten(messageOf(alert.output), OUTPUT_CHARS),
    ...texts({
      container: first(fields, "container.name", "container.id"),
      pod: first(fields, "k8s.pod.name"),
      user: first(fields, "user.name", "ka.user.name"),
      process: first(fields, "proc.name"),
      parent: first(fields, "proc.pname"),
      command: cut(first(fields, "proc.cmdline")),
      fd: cut(first(fields, "fd.name")),
    }),
  };
}

/** Paths of what an attacker may have written in rows of alerts under `prefix`. */
export function untrustedIn(alerts: readonly StoredAlert[], prefix: string, detail: Detail): string[] {
  const paths = new Set([`${prefix}.output`]);
  if (detail === "concise") {
    for (const key of ["container", "pod", "user", "process", "parent", "command", "fd"]) paths.add(`${prefix}.${key}`);
    return [...paths];
  }
  for (const { fields } of alerts) {
    for (const name of Object.keys(fields)) if (isUntrusted(name)) paths.add(`${prefix}.output_fields.${name}`);
  }
  return [...paths];
}

/** True unless the kernel or the platform alone decides what stands in the field; unknown fields count as hostile. */
export function isUntrusted(field: string): boolean {
  const controller = controllerOf(field);
  return controller !== "kernel" && controller !== "platform";
}

/** The message without Falco's time and priority, which the row says already. */
function messageOf(output: string): string {
  return output.replace(/^\S{8,40}: [A-Z][a-z]+ /, "");
}

function first(fields: Readonly<Record<string, FieldValue>>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string" && value !== "" && value !== "<NA>") return value;
  }
  return undefined;
}

const cut = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : shorten(text, COMMAND_CHARS);

function texts<Key extends string>(values: Record<Key, string | undefined>): Partial<Record<Key, string>> {
  const known = Object.entries<string | undefined>(values).filter((entry) => entry[1] !== undefined);
  return Object.fromEntries(known) as Partial<Record<Key, string>>;
}
