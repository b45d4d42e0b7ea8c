/** How long something is kept, in whole months. */
export interface Span {
  /** So long it answers every question at once; at least 1. */
  readonly atHandMonths: number;
  /** So long it is kept at all, in the archive after it was at hand; at least `atHandMonths`. */
  readonly inAllMonths: number;
}

/** How long home keeps what. A month counts as old when its last instant is older than the limit. */
export interface RetentionSettings {
  /** The preset these are, or "own" where a limit was set by itself. */
  readonly preset: PresetName | "own";
  readonly alerts: Span;
  /** Records of the audit trail: bodies; leaves, heads and proofs stay for ever. */
  readonly records: Span;
  /** The bytes of evidence, which has no archive; manifests and custody stay for ever. */
  readonly evidence: Pick<Span, "inAllMonths">;
}

export type PresetName = "cloud-gov" | "m-21-31" | "pci" | "fedramp";

interface Preset extends Omit<RetentionSettings, "preset"> {
  /** Whose rule it follows and how it was read. */
  readonly reason: string;
}

/** What people are asked to keep. Each is a floor that was read carefully, not legal advice. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  "cloud-gov": {
    reason: "one year at hand and thirty months in all, as the platform Cloud.gov keeps its logs",
    alerts: { atHandMonths: 12, inAllMonths: 30 },
    records: { atHandMonths: 12, inAllMonths: 30 },
    evidence: { inAllMonths: 30 },
  },
  "m-21-31": {
    reason: "OMB M-21-31: twelve months active and eighteen months cold",
    alerts: { atHandMonths: 12, inAllMonths: 30 },
    records: { atHandMonths: 12, inAllMonths: 30 },
    evidence: { inAllMonths: 30 },
  },
  pci: {
    reason: "PCI DSS 10.5.1: twelve months, the last three at hand",
    alerts: { atHandMonths: 3, inAllMonths: 12 },
    records: { atHandMonths: 3, inAllMonths: 12 },
    evidence: { inAllMonths: 12 },
  },
  fedramp: {
    reason: "ninety days at hand (four months, as three can be 89 days), thirty months in all",
    alerts: { atHandMonths: 4, inAllMonths: 30 },
    records: { atHandMonths: 4, inAllMonths: 30 },
    evidence: { inAllMonths: 30 },
  },
};

export const DEFAULT_PRESET: PresetName = "cloud-gov";

/** Longest that can be asked for, in months: a hundred years. */
export const MAX_MONTHS = 1200;

/** The settings of a preset. */
export function settingsOf(preset: PresetName): RetentionSettings {
  const { alerts, records, evidence } = PRESETS[preset];
  return { preset, alerts, records, evidence };
}

/**
 * The instant that lies so many months before another, in milliseconds since 1970, by the UTC calendar: the same day and
 * time of day, or the last day of a month that is too short. What ended at or before it is older than the limit.
 */
export function monthsBefore(nowMs: number, months: number): number {
  const now = new Date(nowMs);
  const month = now.getUTCMonth() - months;
  const lastDay = new Date(Date.UTC(now.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(now.getUTCDate(), lastDay);
  return (
    Date.UTC(now.getUTCFullYear(), month, day) +
    (nowMs - Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()))
  );
}
