import { userInfo } from "node:os";
import { resolve } from "node:path";
import { parseTimeBound } from "../alert/time.ts";
import type { ExportRequest } from "../compliance/package/export-package.ts";
import { verifyPackage } from "../compliance/package/verify-package.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { COMMAND_LINE, nowNs } from "./ambient.ts";
import { buildCompliance } from "./build-compliance.ts";
import { buildServices } from "./build-services.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { homeFolder } from "./settings.ts";

interface ExportFlags {
  readonly home?: string;
  readonly json?: boolean;
  readonly out?: string;
  readonly checklist?: string;
  readonly run?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Makes a package and says where it is and what it leaves out. */
export async function exportEvidence(flags: ExportFlags): Promise<void> {
  const { services, close } = await buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });
  try {
    const made = await buildCompliance(services, undefined).exportPackage(
      { scope: scopeOf(flags), ...(flags.out === undefined ? {} : { out: resolve(flags.out) }) },
      { by: { kind: "person", name: "command line" }, session: "command-line" },
    );
    const { slice, key } = made.manifest;
    if (flags.json === true)
      return printJson({ folder: made.folder, sha256: made.sha256, slice, key, warnings: made.warnings });
    for (const warning of made.warnings) printLine(colors.red(`warning: ${warning}`));
    printTable(
      ["what", "value"],
      [
        ["package", made.folder],
        ["sha256 of its manifest", made.sha256],
        [
          "records",
          `${slice.from} to ${slice.to - 1} of ${slice.total}${slice.kind === "slice" ? `; ${slice.left_out} are not in it` : ""}`,
        ],
        ["artefacts", String(made.artefacts)],
        ["key to hand over separately", key],
      ],
    );
  } finally {
    await close();
  }
}

/** Copies an artefact to a file on behalf of the person at the command line. */
export async function copyEvidence(id: string, file: string, flags: { readonly home?: string }): Promise<void> {
  const { services, close } = await buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });
  try {
    const { evidence } = buildCompliance(services, undefined);
    const by = { kind: "person", name: userInfo().username } as const;
    const { manifest } = await evidence.copyTo(id, resolve(file), { by, session: COMMAND_LINE });
    printLine(`${resolve(file)}: ${manifest.bytes} bytes, sha256 ${manifest.sha256}`);
  } finally {
    await close();
  }
}

function scopeOf({ checklist, run, from, to }: ExportFlags): ExportRequest["scope"] {
  const window = from !== undefined || to !== undefined;
  if ([checklist !== undefined, run !== undefined, window].filter(Boolean).length > 1) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "more than one of --checklist, --run and --from/--to is given", {
      fix: "Pass one of --checklist, --run, or --from with --to; none of them exports the whole trail.",
    });
  }
  if (checklist !== undefined) return { kind: "checklist", value: checklist };
  if (run !== undefined) return { kind: "run", value: run };
  if (!window) return { kind: "whole" };
  const toMs = (text: string) => Number(parseTimeBound(text, nowNs()) / 1_000_000n);
  return { kind: "window", fromMs: from === undefined ? 0 : toMs(from), toMs: toMs(to ?? "now") };
}

/** Verifies a package offline, a folder or a zip; exit code 1 when something does not hold. */
export function verifyExport(path: string, flags: { readonly key?: string; readonly json?: boolean }): void {
  const verdict = verifyPackage(resolve(path), flags.key);
  if (!verdict.ok) process.exitCode = 1;
  const { ok, reasons, pinned } = verdict;
  if (flags.json === true) {
    printJson({ ok, reasons, pinned });
    return;
  }
  if (!ok || verdict.manifest === undefined) {
    printLine(colors.red(`does not hold: ${reasons.join(", ")}`));
    return;
  }
  const { slice, key } = verdict.manifest;
  printLine(colors.green(`holds: records ${slice.from} to ${slice.to - 1} of ${slice.total} (${slice.kind})`));
  printLine(`key: ${key}${verdict.pinned ? "" : " (UNPINNED: taken from the package itself; pass --key)"}`);
}
