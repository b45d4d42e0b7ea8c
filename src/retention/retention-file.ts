import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { replaceFile, syncFolder } from "../paths/write-file.ts";
import {
  DEFAULT_PRESET,
  MAX_MONTHS,
  PRESETS,
  type PresetName,
  type RetentionSettings,
  type Span,
  settingsOf,
} from "./retention-settings.ts";

const FORMAT = 1;
const MAX_FILE_BYTES = 64 * 1024;

export function retentionPath(home: string): string {
  return join(home, "retention.json");
}

/**
 * The settings of a home; those of the default preset where none were set. Fails with RETENTION_SETTINGS where the file
 * cannot be read or says anything that is not known, so that nothing is ever deleted by a guess.
 */
export function readRetention(home: string): RetentionSettings {
  const path = retentionPath(home);
  if (!existsSync(path)) return settingsOf(DEFAULT_PRESET);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw unusable(path, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
  if (text.length > MAX_FILE_BYTES) throw unusable(path, "it is far too long");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unusable(path, "it is not JSON", cause);
  }
  return checked(parsed, path);
}

/** Replaces the settings of a home as a whole and durably. Fails with RETENTION_SETTINGS and HOME_NOT_WRITABLE. */
export function writeRetention(home: string, settings: RetentionSettings): void {
  const path = retentionPath(home);
  const file = checkRetention(settings, path);
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    replaceFile(path, `${JSON.stringify(file, null, 2)}\n`, "durable");
    syncFolder(dirname(path));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new FalcoSkillsError("HOME_NOT_WRITABLE", `the retention settings cannot be written (${code})`, {
      fix: "Pass a folder that you may write with --home, or give yourself the right to write this one.",
      where: path,
      cause,
    });
  }
}

/** The settings as the file holds them. Fails with RETENTION_SETTINGS where they contradict each other. */
export function checkRetention(settings: RetentionSettings, path: string) {
  const file = {
    version: FORMAT,
    preset: settings.preset,
    alerts: spanOut(settings.alerts),
    records: spanOut(settings.records),
    evidence: { in_all_months: settings.evidence.inAllMonths },
  };
  checked(file, path);
  return file;
}

function spanOut({ atHandMonths, inAllMonths }: Span) {
  return { at_hand_months: atHandMonths, in_all_months: inAllMonths };
}

function checked(parsed: unknown, path: string): RetentionSettings {
  const file = objectOf(parsed, ["version", "preset", "alerts", "records", "evidence"], path, "the file");
  if (file.version !== FORMAT)
    throw unusable(path, `its version is ${shown(file.version)}, this program knows ${FORMAT}`);
  const { preset } = file;
  if (preset !== "own" && !(typeof preset === "string" && Object.hasOwn(PRESETS, preset))) {
    throw unusable(path, `${shown(preset)} is no preset`);
  }
  const settings: RetentionSettings = {
    preset: preset as PresetName | "own",
    alerts: spanOf(file.alerts, path, "alerts"),
    records: spanOf(file.records, path, "records"),
    evidence: { inAllMonths: inAllOf(file.evidence, path) },
  };
  // A preset's name beside other limits would tell a reader something untrue.
  if (settings.preset !== "own" && JSON.stringify(settings) !== JSON.stringify(settingsOf(settings.preset))) {
    throw unusable(path, `its limits are not those of the preset ${settings.preset}`);
  }
  return settings;
}

function spanOf(value: unknown, path: string, name: string): Span {
  const span = objectOf(value, ["at_hand_months", "in_all_months"], path, name);
  const atHandMonths = monthsOf(span.at_hand_months, path, `${name}.at_hand_months`);
  const inAllMonths = monthsOf(span.in_all_months, path, `${name}.in_all_months`);
  if (inAllMonths < atHandMonths) {
    throw unusable(path, `${name} would be at hand for ${atHandMonths} months and kept for ${inAllMonths} in all`);
  }
  return { atHandMonths, inAllMonths };
}

function inAllOf(value: unknown, path: string): number {
  const { in_all_months: months } = objectOf(value, ["in_all_months"], path, "evidence");
  return monthsOf(months, path, "evidence.in_all_months");
}

function monthsOf(value: unknown, path: string, name: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_MONTHS) return value;
  throw unusable(path, `${name} is ${shown(value)}, not a whole number from 1 to ${MAX_MONTHS}`);
}

function objectOf(value: unknown, keys: readonly string[], path: string, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unusable(path, `${name} is ${shown(value)}, not an object`);
  }
  const odd = [
    ...Object.keys(value)
      .filter((key) => !keys.includes(key))
      .map((key) => `has an unknown key ${shown(key)}`),
    ...keys.filter((key) => !Object.hasOwn(value, key)).map((key) => `lacks ${key}`),
  ];
  if (odd[0] !== undefined) throw unusable(path, `${name} ${odd[0]}`);
  return value as Record<string, unknown>;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function unusable(path: string, reason: string, cause?: unknown): FalcoSkillsError {
  return new FalcoSkillsError("RETENTION_SETTINGS", `the retention settings cannot be used: ${reason}`, {
    fix: "Set them anew with falco-skills retention set, as falco-skills retention set --preset cloud-gov.",
    where: path,
    cause,
  });
}
