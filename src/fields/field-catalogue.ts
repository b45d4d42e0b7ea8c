import { CLOUDTRAIL_ROWS } from "./cloudtrail-rows.ts";
import { CONTAINER_ROWS } from "./container-rows.ts";
import { type Controller, type FieldRow, parseFieldRow } from "./field-row.ts";
import { GCP_AUDIT_ROWS } from "./gcp-audit-rows.ts";
import { GITHUB_ROWS } from "./github-rows.ts";
import { CODING_AGENT_ROWS, JSON_ROWS } from "./json-rows.ts";
import { K8S_AUDIT_ROWS } from "./k8s-audit-rows.ts";
import { OKTA_ROWS } from "./okta-rows.ts";
import {
  FD_LIST_ROWS,
  FD_ROWS,
  FS_PATH_ROWS,
  GENERAL_EVENT_ROWS,
  GROUP_ROWS,
  PROCESS_ROWS,
  SYSCALL_EVENT_ROWS,
  USER_ROWS,
  UTIL_ROWS,
} from "./syscall-rows.ts";

/** A class of fields as Falco lists them: what one part of the engine, or one plugin, can say about an event. */
export interface FieldClass {
  /** How the engine looks a name up in it: the engine's own classes each in their way, plugins all in one. */
  readonly lookup: "general" | "event" | "process" | "fd" | "plain" | "plugin";
  readonly name: string;
  /** The plugin that brings it; undefined for the engine's own. */
  readonly plugin?: string;
  readonly sources: readonly string[] | "all" | "all but syscall";
  readonly fields: readonly FieldRow[];
  readonly byName: ReadonlyMap<string, FieldRow>;
  /** First words of the names, up to the dot: a text that begins otherwise is none of them. */
  readonly roots: ReadonlySet<string>;
}

function fieldClass(
  name: string,
  lookup: FieldClass["lookup"],
  sources: FieldClass["sources"],
  rows: readonly string[],
  plugin?: string,
): FieldClass {
  const fields = rows.map(parseFieldRow);
  const byName = new Map(fields.map((field) => [field.name, field]));
  const roots = new Set(fields.map((field) => field.name.slice(0, field.name.indexOf("."))));
  return { name, lookup, sources, fields, byName, roots, ...(plugin === undefined ? {} : { plugin }) };
}

const SYSCALL = ["syscall"];

/** Every class, in the order in which the engine looks a field up. */
export const FIELD_CLASSES: readonly FieldClass[] = [
  fieldClass("evt", "general", "all", GENERAL_EVENT_ROWS),
  fieldClass("evt", "event", SYSCALL, SYSCALL_EVENT_ROWS),
  fieldClass("process", "process", SYSCALL, PROCESS_ROWS),
  fieldClass("user", "plain", SYSCALL, USER_ROWS),
  fieldClass("group", "plain", SYSCALL, GROUP_ROWS),
  fieldClass("fd", "fd", SYSCALL, FD_ROWS),
  fieldClass("fs.path", "plain", SYSCALL, FS_PATH_ROWS),
  fieldClass("util", "plain", SYSCALL, UTIL_ROWS),
  fieldClass("fdlist", "plain", SYSCALL, FD_LIST_ROWS),
  fieldClass("container", "plugin", SYSCALL, CONTAINER_ROWS, "container"),
  fieldClass("k8saudit", "plugin", ["k8s_audit"], K8S_AUDIT_ROWS, "k8saudit"),
  fieldClass("cloudtrail", "plugin", ["aws_cloudtrail"], CLOUDTRAIL_ROWS, "cloudtrail"),
  fieldClass("github", "plugin", ["github"], GITHUB_ROWS, "github"),
  fieldClass("gcpaudit", "plugin", ["gcp_auditlog"], GCP_AUDIT_ROWS, "gcpaudit"),
  fieldClass("okta", "plugin", ["okta"], OKTA_ROWS, "okta"),
  fieldClass("coding_agent", "plugin", ["coding_agent"], CODING_AGENT_ROWS, "coding_agent"),
  fieldClass("json", "plugin", "all but syscall", JSON_ROWS, "json"),
];

/** Event sources whose fields are known here. */
export const KNOWN_SOURCES: readonly string[] = [
  ...new Set(FIELD_CLASSES.flatMap(({ sources }) => (typeof sources === "string" ? [] : sources))),
];

const classesBySource = new Map<string, readonly FieldClass[]>();

/** The classes that rules of a source can use, in lookup order; for a source that is not known those of every source. */
export function classesOf(source: string): readonly FieldClass[] {
  const known = classesBySource.get(source);
  if (known !== undefined) return known;
  const classes = FIELD_CLASSES.filter(({ sources }) => {
    if (sources === "all") return true;
    return sources === "all but syscall" ? source !== "syscall" : sources.includes(source);
  });
  if (KNOWN_SOURCES.includes(source)) classesBySource.set(source, classes);
  return classes;
}

/** All fields that rules of a source can use, hidden ones too, in listing order. */
export function fieldsOf(source: string): readonly FieldRow[] {
  return classesOf(source).flatMap(({ fields }) => fields);
}

const rowsByName = new Map(FIELD_CLASSES.flatMap(({ byName }) => [...byName]));

/** Fields whose argument is a part of the name: `evt.arg.flags`, `thread.cgroup.cpu`. */
const DOTTED = ["evt.arg", "evt.rawarg", "evt.type.is", "evt.abspath", "thread.cgroup"];

/**
 * The row of a field as conditions, outputs and alerts name it, with or without argument (`proc.aname[2]`,
 * `evt.arg.flags`); undefined for one that no known class has. Whether an argument is right is not looked at:
 * lookUpField does that.
 */
export function findField(name: string, source?: string): FieldRow | undefined {
  const bracket = name.indexOf("[");
  const plain = bracket === -1 ? name : name.slice(0, bracket);
  const dotted = DOTTED.find((prefix) => plain.startsWith(`${prefix}.`));
  const byName = (wanted: string): FieldRow | undefined => {
    if (source === undefined) return rowsByName.get(wanted);
    return classesOf(source)
      .find((candidate) => candidate.byName.has(wanted))
      ?.byName.get(wanted);
  };
  return byName(plain) ?? (dotted === undefined ? undefined : byName(dotted));
}

/** Who decides what a field says; "attacker" for fields that are not known, since nothing speaks for trusting them. */
export function controllerOf(fieldName: string): Controller {
  return findField(fieldName)?.controller ?? "attacker";
}
