import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})0*)?([Zz]|[+-]\d{2}:?\d{2})$/;
const RELATIVE = /^([+-]?)(\d{1,9})\s*(ms|s|m|h|d|w)(?:\s+ago)?$/;
const UNIX_SECONDS = /^(\d{1,11})(?:\.(\d{1,9}))?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** Last nanosecond that fits 64 signed bits, in the year 2262. */
const MAX_NS = 9_223_372_036_854_775_807n;

/**
 * Nanoseconds since 1970 of an RFC 3339 time with any offset and up to nine digits of fraction (more only where they
 * are zeros); undefined for anything else, for days that do not exist and for times that do not fit 64 bits. Falco's
 * offset without a colon and a blank in place of the T are understood too.
 */
export function parseTimeNs(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
  const offsetMinutes = parseOffsetMinutes(zone);
  if (offsetMinutes === undefined) return undefined;
  const dayMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC rolls 31 June over to July and reads years below 100 as 19xx; printing it back shows both.
  if (new Date(dayMs).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const seconds = dayMs / 1000 + Number(hour) * 3600 + (Number(minute) - offsetMinutes) * 60 + Number(second);
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
  return ns < -MAX_NS || ns > MAX_NS ? undefined : ns;
}

function parseOffsetMinutes(zone: string): number | undefined {
  if (zone === "Z" || zone === "z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

/** RFC 3339 in UTC with exactly nine fractional digits: `2026-11-22T02:50:12.888001804Z`. */
export function formatTimeNs(ns: bigint): string {
  const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = Number((ns - fraction) / 1_000_000_000n);
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}.${fraction.toString().padStart(9, "0")}Z`;
}

/** A printed time without the zeros at the end of its fraction, as falcosidekick prints it. */
export function trimTimeZeros(time: string): string {
  return time.replace(/\.(\d*[1-9])?0*Z$/, (_, digits?: string) => (digits === undefined ? "Z" : `.${digits}Z`));
}

/**
 * The time that a filter's bound means, in nanoseconds since 1970: RFC 3339 (a date alone is its first instant in UTC),
 * unix seconds, `now`, or a distance from now in ms, s, m, h, d or w (`-15m`, `2h` and `2h ago` lie in the past, `+2h`
 * in the future). Fails with INVALID_TIME.
 */
export function parseTimeBound(text: string, nowNs: bigint): bigint {
  const ns = readTimeBound(text.trim(), nowNs);
  if (ns === undefined || ns < 0n || ns > MAX_NS) {
    throw new FalcoSkillsError("INVALID_TIME", `${JSON.stringify(text.slice(0, 80))} is no time`, {
      fix: "Pass RFC 3339 (2026-01-31T08:00:00Z), unix seconds, or a distance from now such as -15m, -2h or -7d.",
    });
  }
  return ns;
}

function readTimeBound(text: string, nowNs: bigint): bigint | undefined {
  if (text.toLowerCase() === "now") return nowNs;
  const relative = RELATIVE.exec(text);
  if (relative !== null) {
    const [, sign, amount, unit = ""] = relative;
    const distance = BigInt(Number(amount)) * BigInt(UNIT_MS[unit] ?? 0) * 1_000_000n;
    return sign === "+" ? nowNs + distance : nowNs - distance;
  }
  const unix = UNIX_SECONDS.exec(text);
  if (unix !== null) return BigInt(unix[1] ?? 0) * 1_000_000_000n + BigInt((unix[2] ?? "").padEnd(9, "0"));
  return parseTimeNs(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
}
