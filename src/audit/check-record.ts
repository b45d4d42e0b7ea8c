import { RECORD_TYPES } from "./audit-entry.ts";
import { FORMAT_VERSION } from "./record.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isTime: Check = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
const isLeaf: Check = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const types: ReadonlySet<unknown> = new Set(RECORD_TYPES);

const ALWAYS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["id", (value) => typeof value === "string" && /^[0-9a-f-]{36}$/.test(value)],
  ["log", isText],
  ["mono", isCount],
  ["pid", isCount],
  ["prev", isLeaf],
  ["seq", isCount],
  ["session", isText],
  ["ts", isTime],
  ["type", isText],
  ["v", isCount],
]);

const SOMETIMES: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["agent", isObject],
  ["args", isObject],
  ["attested", isObject],
  ["bytes", isCount],
  ["checklist", isObject],
  ["client", isObject],
  ["code", isText],
  ["controls", isTexts],
  ["details", isObject],
  ["dur_ms", isCount],
  ["erased", isObject],
  ["evidence", isObject],
  ["falco", isObject],
  ["gap", isObject],
  ["intent_seq", isCount],
  ["is_error", isFlag],
  ["key", isText],
  ["outcome", isText],
  ["owner", isText],
  ["policy", isObject],
  ["pruned", isObject],
  ["recovered", isObject],
  ["req", isObject],
  ["run", isText],
  ["server", isObject],
  ["skill", isObject],
  ["tool", isText],
]);

/** Why an object is no record of this format, in one word; undefined when it is one. */
export function recordFault(record: Readonly<Record<string, unknown>>): string | undefined {
  if (record.v !== FORMAT_VERSION) return "wrong-version";
  let needed = ALWAYS.size;
  for (const name in record) {
    const always = ALWAYS.get(name);
    if (always !== undefined) needed -= 1;
    const check = always ?? SOMETIMES.get(name);
    if (check === undefined) return "unknown-field";
    if (!check(record[name])) return "wrong-field";
  }
  if (needed > 0) return "missing-field";
  return types.has(record.type) ? undefined : "unknown-type";
}
