import type { FalcoVersion } from "./falco-binary.ts";

const LABELS = {
  libs: "Libs version",
  pluginApi: "Plugin API",
  engine: "Engine",
  driverApi: "API version",
  driverSchema: "Schema version",
  defaultDriver: "Default driver",
} as const;

/**
 * What `falco --version` says; undefined where no line names Falco's version. A version has at most 64 characters of
 * letters, digits, dots, dashes, plus signs and underscores. Source: falco app/actions/print_version.cpp.
 */
export function parseVersion(text: string): FalcoVersion | undefined {
  const falco = valueAfter(text, "Falco version");
  if (falco === undefined) return undefined;
  const found = Object.entries(LABELS).flatMap(([key, label]) => {
    const value = valueAfter(text, label);
    return value === undefined ? [] : [[key, key === "engine" ? engineVersion(value) : value] as const];
  });
  return { falco, ...Object.fromEntries(found) };
}

/** -1, 0 or 1 as the release `x.y.z` in front of the one stands to the other's; undefined where one has no numbers. */
export function compareVersions(left: string, right: string): number | undefined {
  const [a, b] = [numbersOf(left), numbersOf(right)];
  if (a === undefined || b === undefined) return undefined;
  for (const [index, number] of a.entries()) {
    const other = b[index] ?? 0;
    if (number !== other) return number < other ? -1 : 1;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] | undefined {
  const match = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(version);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Before 0.37 the engine had a plain number. */
function engineVersion(value: string): string {
  return /^\d{1,6}$/.test(value) ? `0.${value}.0` : value;
}

function valueAfter(text: string, label: string): string | undefined {
  return new RegExp(`^[ \\t]{0,8}${label}:[ \\t]{0,16}([\\w.+-]{1,64})`, "m").exec(text)?.[1];
}
