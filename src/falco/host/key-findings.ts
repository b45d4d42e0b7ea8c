import { decodeBoolean, isInteger, type YamlNode } from "../../rules/yaml/yaml-node.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { CONFIG_KEYS, type KeyRow, type KeyType, OPEN_KEYS } from "./config-keys.ts";
import type { Found } from "./found.ts";

const MOST_FOUND = 200;
const LONGEST_SHOWN = 60;

export interface TextToCheck {
  readonly path: string;
  readonly root: YamlNode;
  /** Taken in by config_files: may not have that key itself. */
  readonly included: boolean;
  /** Whether a top-level block counts; one that another file replaces is not judged. */
  readonly counts?: (key: string) => boolean;
  /** 44 of Falco 0.44; undefined counts as the newest. */
  readonly minor: number | undefined;
}

/**
 * Keys and values of one file that Falco ignores, replaces by a default or refuses, with their places; at most 200. What
 * an environment variable gives is not judged.
 */
export function keyFindings({ path, root, included, minor, counts = () => true }: TextToCheck): Found[] {
  const found: Found[] = [];
  const report = (code: Found["code"], node: YamlNode, message: string, fix: string) => {
    found.push({ code, message, fix, where: `${path}:${node.mark.line + 1}:${node.mark.column + 1}` });
  };
  const visit = (node: YamlNode, parent: string) => {
    if (node.kind !== "map") return;
    const seen = new Set<string>();
    for (const [key, value] of node.pairs) {
      if (found.length >= MOST_FOUND) return;
      if (key.kind !== "scalar") continue;
      const name = parent === "" ? key.value : `${parent}.${key.value}`;
      if (seen.has(name)) {
        report("CONFIG_REPEATED_KEY", key, `${quoted(name)} stands here again`, "Join both blocks into the first.");
        continue;
      }
      seen.add(name);
      if (parent === "" && name !== "config_files" && !counts(name)) continue;
      const row = Object.hasOwn(CONFIG_KEYS, name) ? CONFIG_KEYS[name] : undefined;
      if (row === undefined) reportUnknown(report, key, name, parent);
      else {
        reportVersion(report, key, name, row, minor);
        reportValue(report, value, name, row, minor);
        if (!OPEN_KEYS.has(name)) visit(value, name);
      }
      if (included && name === "config_files") {
        report(
          "CONFIG_INCLUDE_REFUSED",
          key,
          "config_files stands in a file that config_files takes in",
          "Take config_files out of this file.",
        );
      }
    }
  };
  visit(root, "");
  return found;
}

type Report = (code: Found["code"], node: YamlNode, message: string, fix: string) => void;

function reportUnknown(report: Report, key: YamlNode, name: string, parent: string): void {
  const beginning = parent === "" ? "" : `${parent}.`;
  const usable = Object.keys(CONFIG_KEYS).filter((known) => CONFIG_KEYS[known]?.gone === undefined);
  const siblings = usable.filter(
    (known) => known.startsWith(beginning) && !known.slice(beginning.length).includes("."),
  );
  const last = name.slice(beginning.length);
  const near = nearestNames(
    last,
    siblings.map((known) => known.slice(beginning.length)),
    3,
  );
  // A key that exists under another block was indented wrongly, or not at all.
  const elsewhere = usable.filter((known) => known.endsWith(`.${last}`) || known === last);
  const better = [...near.map((one) => `${beginning}${one}`), ...elsewhere].slice(0, 3);
  const fix = better.length === 0 ? "Remove it." : `Write ${better.map(quoted).join(" or ")} if that is what is meant.`;
  report("CONFIG_UNKNOWN_KEY", key, `Falco knows no key ${quoted(name)}`, fix);
}

function reportVersion(report: Report, key: YamlNode, name: string, row: KeyRow, minor: number | undefined): void {
  const since = row.since ?? 0;
  if (minor !== undefined && minor < since) {
    report(
      "CONFIG_KEY_NOT_YET",
      key,
      `${quoted(name)} came with Falco 0.${since}, this is for 0.${minor}`,
      "Remove it, or upgrade Falco.",
    );
  } else if (row.gone !== undefined && (minor ?? row.gone) >= row.gone) {
    report(
      "CONFIG_KEY_GONE",
      key,
      `${quoted(name)} is gone since Falco 0.${row.gone}`,
      `Use ${row.instead ?? "nothing"} instead.`,
    );
  }
}

function reportValue(report: Report, value: YamlNode, name: string, row: KeyRow, minor: number | undefined): void {
  const { type, strict } = row;
  if (value.kind === "null" || (value.kind === "scalar" && value.value.includes("${"))) return;
  if (fits(value, row)) {
    // Words of a key that lost some of them stay in the table for the versions that know them.
    const isGone = name === "engine.kind" && value.kind === "scalar" && /^(?:ebpf|gvisor)$/.test(value.value);
    if (isGone && (minor ?? 44) >= 44) {
      report(
        "CONFIG_WRONG_VALUE",
        value,
        `engine.kind ${quoted(value.value)} is gone since Falco 0.44`,
        "Write modern_ebpf.",
      );
    }
    return;
  }
  const seen = value.kind === "scalar" ? quoted(value.value) : `a ${value.kind}`;
  const isWord = value.kind === "scalar" && typeof type === "object";
  const near = isWord ? nearestNames(value.value, type, 2) : [];
  const fix = near.length > 0 ? `Write ${near.join(" or ")}.` : `Write ${inWords(type)}.`;
  report(
    strict === true ? "CONFIG_WRONG_VALUE" : "CONFIG_WRONG_TYPE",
    value,
    `${quoted(name)} is ${seen}, not ${inWords(type)}`,
    fix,
  );
}

function fits(value: YamlNode, { type, anyCase }: KeyRow): boolean {
  if (type === "map") return value.kind === "map";
  // One text stands for a list of one.
  if (type === "list") return value.kind === "sequence" || value.kind === "scalar";
  if (value.kind !== "scalar") return false;
  const text = value.value;
  if (typeof type === "object") return type.includes(anyCase === true ? text.toLowerCase() : text);
  if (type === "switch") return decodeBoolean(text) !== undefined;
  if (type === "integer") return isInteger(text) || /^0[xX][0-9a-fA-F]{1,8}$/.test(text);
  if (type === "number") return /^[+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][+-]?\d{1,3})?$/.test(text);
  if (type === "duration")
    return /^(?=\S)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/.test(text.replace(/\s/g, ""));
  return true;
}

function inWords(type: KeyType): string {
  if (typeof type === "object") return `one of ${type.join(", ")}`;
  const words = {
    switch: "true or false",
    integer: "a whole number",
    number: "a number",
    text: "text",
    list: "a list",
    map: "a block of keys",
    duration: "a time with its unit, as 15m",
  };
  return words[type];
}

const quoted = (text: string): string =>
  JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
