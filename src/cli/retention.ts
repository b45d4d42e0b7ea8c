import { join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { checkRetention, readRetention, retentionPath, writeRetention } from "../retention/retention-file.ts";
import {
  PRESETS,
  type PresetName,
  type RetentionSettings,
  type Span,
  settingsOf,
} from "../retention/retention-settings.ts";
import type { ArchiveStatus } from "../store/alert-store.ts";
import { applyRetention, type RetentionReport } from "../store/cold/apply-retention.ts";
import { COMMAND_LINE, nowMs } from "./ambient.ts";
import { buildServices } from "./build-services.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { progressLine } from "./progress-line.ts";
import { proofRows, retainProofOf } from "./retain-proof.ts";
import { homeFolder } from "./settings.ts";

interface HomeFlags {
  readonly home?: string;
  readonly json?: boolean;
}

interface SetFlags extends HomeFlags {
  readonly preset?: PresetName;
  readonly alerts?: Span;
  readonly records?: Span;
  readonly evidence?: number;
}

/** Prints the limits and what the archive holds; changes nothing. */
export async function showRetention(flags: HomeFlags): Promise<void> {
  const home = homeFolder(flags.home, process.env);
  const settings = readRetention(home);
  const { services, close } = await buildServices({ home, alertRoots: undefined });
  const { archive } = await services.alerts.status();
  await close();
  if (flags.json === true) return printJson({ settings, archive: archive ?? null });
  printSettings(settings);
  if (archive !== undefined) printArchive(archive);
}

/** Changes the limits of a home and records the change, with what they were. */
export async function setRetention(flags: SetFlags): Promise<void> {
  const home = homeFolder(flags.home, process.env);
  const before = settingsBefore(home, flags);
  const settings = changed(before ?? settingsOf("cloud-gov"), flags);
  const { services, close } = await buildServices({ home, alertRoots: undefined });
  try {
    // Checked before it is recorded, recorded before it holds: a limit nobody can trace must not delete anything.
    checkRetention(settings, retentionPath(home));
    const details = {
      command: "retention set",
      before: before === undefined ? null : detailsOf(before),
      after: detailsOf(settings),
    };
    await services.audit.append({ type: "command.run", session: COMMAND_LINE, details });
    writeRetention(home, settings);
  } finally {
    await close();
  }
  if (flags.json === true) printJson({ settings });
  else printSettings(settings);
}

/** Applies the limits to the alerts of a home and prints what was moved, deleted and left, and why. */
export async function applyRetentionNow(flags: HomeFlags & { readonly dryRun?: boolean }): Promise<void> {
  const home = homeFolder(flags.home, process.env);
  const settings = readRetention(home);
  const { alerts: span, preset } = settings;
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const line = progressLine();
  const isDryRun = flags.dryRun === true;
  const report = await applyRetention({
    folder: join(home, "alerts"),
    span,
    setting: preset,
    nowMs: nowMs(),
    isDryRun,
    signal: stop.signal,
    onProgress: ({ month, doing, alerts, totalAlerts }) =>
      line.show(`${doing} ${month}: ${alerts} of ${totalAlerts} alerts`),
  }).finally(() => line.clear());
  if (!isDryRun) await recordApplied(home, report, { span, preset });
  const proof = await retainProofOf(home, settings, { dryRun: isDryRun, signal: stop.signal });
  if (flags.json === true) printJson({ ...report, ...proof });
  else printReport(report, proofRows(proof, isDryRun));
  if (report.faults.length > 0) process.exitCode = 1;
}

async function recordApplied(
  home: string,
  { moved, deleted, manifestSha256 }: RetentionReport,
  { span, preset }: { readonly span: Span; readonly preset: string },
): Promise<void> {
  if (moved.length === 0 && deleted.length === 0) return;
  const { services, close } = await buildServices({ home, alertRoots: undefined });
  try {
    const details = {
      command: "retention apply",
      preset,
      alerts: spanDetails(span),
      moved: moved.map(({ month, alerts }) => ({ month, alerts })),
      deleted: deleted.map(({ month, alerts }) => ({ month, alerts })),
      manifest_sha256: manifestSha256 ?? null,
    };
    await services.audit.append({ type: "command.run", session: COMMAND_LINE, details });
  } finally {
    await close();
  }
}

/** Settings that cannot be read may be replaced by a preset as a whole, but not changed in part. */
function settingsBefore(home: string, flags: SetFlags): RetentionSettings | undefined {
  try {
    return readRetention(home);
  } catch (thrown) {
    if (flags.preset !== undefined && thrown instanceof FalcoSkillsError) return undefined;
    throw thrown;
  }
}

function changed(before: RetentionSettings, { preset, alerts, records, evidence }: SetFlags): RetentionSettings {
  if (preset === undefined && alerts === undefined && records === undefined && evidence === undefined) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "no limit was given", {
      fix: "Pass --preset, --alerts, --records or --evidence.",
    });
  }
  const base = preset === undefined ? before : settingsOf(preset);
  const settings = {
    alerts: alerts ?? base.alerts,
    records: records ?? base.records,
    evidence: evidence === undefined ? base.evidence : { inAllMonths: evidence },
  };
  const names = Object.keys(PRESETS) as PresetName[];
  const isPreset = (name: PresetName) =>
    JSON.stringify({ preset: name, ...settings }) === JSON.stringify(settingsOf(name));
  const name = preset !== undefined && isPreset(preset) ? preset : names.find(isPreset);
  return { preset: name ?? "own", ...settings };
}

const spanDetails = ({ atHandMonths, inAllMonths }: Span) => ({
  at_hand_months: atHandMonths,
  in_all_months: inAllMonths,
});

function detailsOf({ preset, alerts, records, evidence }: RetentionSettings) {
  return {
    preset,
    alerts: spanDetails(alerts),
    records: spanDetails(records),
    evidence: { in_all_months: evidence.inAllMonths },
  };
}

function printSettings({ preset, alerts, records, evidence }: RetentionSettings): void {
  printLine(preset === "own" ? "own limits" : `${preset}: ${PRESETS[preset].reason}`);
  printTable(
    ["what", "months at hand", "months in all"],
    [
      ["alerts", String(alerts.atHandMonths), String(alerts.inAllMonths)],
      ["audit records", String(records.atHandMonths), String(records.inAllMonths)],
      ["evidence", "", String(evidence.inAllMonths)],
    ],
  );
}

function printArchive({ alerts, bytes, months, faults }: ArchiveStatus): void {
  printLine(`the archive holds ${alerts} alerts in ${megabytes(bytes)}`);
  printTable(
    ["month", "alerts", "deleted"],
    months.map(({ month, alerts: count, deleted }) => [month, String(count), deleted === 0 ? "" : String(deleted)]),
  );
  for (const { code, path, message } of faults) printLine(`${colors.red(code)}: ${path}: ${message}`);
}

function printReport({ isDryRun, moved, deleted, waiting, faults }: RetentionReport, proof: readonly string[][]): void {
  const rows = [
    ...moved.map(({ month, alerts, bytesBefore, bytesAfter }) => [
      month,
      isDryRun ? "would move" : "moved",
      String(alerts),
      bytesAfter === undefined ? megabytes(bytesBefore) : `${megabytes(bytesBefore)} are ${megabytes(bytesAfter)} now`,
    ]),
    ...deleted.map(({ month, alerts, bytes }) => [
      month,
      isDryRun ? "would delete" : "deleted",
      String(alerts),
      bytes === 0 ? "" : megabytes(bytes),
    ]),
    ...waiting.map(({ month, reason }) => [month, "stays", "", reason]),
  ];
  if (rows.length + proof.length === 0) printLine("nothing is old enough to be moved or deleted");
  if (rows.length > 0) printTable(["month", "what", "alerts", "details"], rows);
  if (proof.length > 0) printTable(["what", "", "how many"], proof);
  for (const { code, path, message } of faults) printLine(`${colors.red(code)}: ${path}: ${message}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
