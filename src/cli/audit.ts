import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { readKnownHeads } from "../audit/known-heads.ts";
import type { AuditVerdict } from "../audit/verdict.ts";
import { verifyAuditTrail } from "../audit/verify-audit-trail.ts";
import { bytesPath } from "../compliance/evidence/evidence-files.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { progressLine } from "./progress-line.ts";
import { homeFolder } from "./settings.ts";

interface VerifyFlags {
  readonly home?: string;
  readonly json?: boolean;
  readonly key?: string;
  readonly knownHead?: readonly string[];
  readonly fromCheckpoint?: boolean;
  readonly requireAnchor?: boolean;
  readonly evidence?: boolean;
  readonly workers?: number;
}

/** Verifies the trail of a home and ends with the verdict's own exit code. */
export async function verify(flags: VerifyFlags): Promise<void> {
  const home = homeFolder(flags.home, process.env);
  const folder = join(home, "audit");
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const line = progressLine();
  const verdict = await verifyAuditTrail(folder, {
    signal: stop.signal,
    knownHeads: (flags.knownHead ?? []).flatMap(headsFrom),
    fromCheckpoint: flags.fromCheckpoint === true,
    requireAnchor: flags.requireAnchor === true,
    ...(flags.key === undefined ? {} : { verifierKey: flags.key }),
    ...(flags.evidence === true ? { evidenceFile: (sha256: string) => bytesPath(join(home, "evidence"), sha256) } : {}),
    ...(flags.workers === undefined ? {} : { workers: { count: flags.workers, start: startReader } }),
    onProgress: ({ records, bytes, totalBytes }) =>
      line.show(`${Math.floor((100 * bytes) / Math.max(1, totalBytes))} % ${records} records`),
  });
  line.clear();
  if (flags.json === true) printJson(verdict);
  else print(verdict, folder);
  process.exitCode = verdict.exitCode;
}

const startReader = (): Worker => new Worker(new URL("../audit/scan-worker.js", import.meta.url));

/** A head given as `size root` on the command line, or the heads in a file. */
function headsFrom(given: string) {
  return existsSync(given) ? readKnownHeads(readFileSync(given, "utf8"), given) : readKnownHeads(given, "--known-head");
}

function print(verdict: AuditVerdict, folder: string): void {
  const good = verdict.exitCode === 0;
  printLine(`${(good ? colors.green : colors.red)(verdict.state)}, ${verdict.tier}: ${MEANING[verdict.tier]}`);
  printTable(
    ["what", "value"],
    [
      ["trail", folder],
      ["records", `${verdict.records} in ${verdict.segments} files, ${verdict.bytes} bytes`],
      ["under a signature", String(verdict.signedSize)],
      ["confirmed from outside", String(verdict.anchoredSize)],
      ...(verdict.root === undefined ? [] : [["tree head", verdict.root]]),
      ...(verdict.verifierKey === undefined
        ? []
        : [["key", `${verdict.verifierKey}${verdict.pinned ? "" : " (taken from the trail itself)"}`]]),
      ...(verdict.pruned.length === 0
        ? []
        : [
            [
              "past their retention",
              `${verdict.prunedRecords} bodies, in records ${verdict.pruned.map(({ from, to }) => `${from} to ${to}`).join(", ")}`,
            ],
          ]),
      ...(verdict.erased.length === 0
        ? []
        : [["openings erased", verdict.erased.map(({ seq, by }) => `record ${seq} (said by ${by})`).join(", ")]]),
      ...(verdict.torn === 0 ? [] : [["half lines kept aside", String(verdict.torn)]]),
      ...(verdict.reasonCodes.length === 0 ? [] : [["noticed", verdict.reasonCodes.join(", ")]]),
    ],
  );
  const bad = verdict.firstBad;
  if (bad !== undefined) {
    printLine(
      colors.red(
        `first record that does not hold: ${bad.seq}, ${bad.segment} line ${bad.line} (byte ${bad.byteOffset}): ${bad.reason}`,
      ),
    );
  }
  for (const { seq, tool, cause } of verdict.orphanIntents.slice(0, 20)) {
    printLine(`call without a result: record ${seq}, ${tool ?? "unknown tool"} (${cause})`);
  }
}

const MEANING: Readonly<Record<AuditVerdict["tier"], string>> = {
  NONE: "nothing could be checked",
  CHAINED: "every record follows from the one before",
  SIGNED: "and the trail's own key signed it; its owner could still have rewritten all of it",
  ANCHORED: "and a head kept elsewhere confirms it",
};
