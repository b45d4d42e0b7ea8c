import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { proveConsistency, proveRecord, recordText } from "../audit/prove-records.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { buildServices } from "./build-services.ts";
import { printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { homeFolder } from "./settings.ts";

interface HomeFlags {
  readonly home?: string;
}

const auditFolder = (flags: HomeFlags): string => join(homeFolder(flags.home, process.env), "audit");

/** Prints the public key of the trail. */
export async function showKey(flags: HomeFlags): Promise<void> {
  const { services, close } = await buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });
  const { verifierKey, folder } = await services.audit.status();
  await close();
  if (verifierKey === undefined) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "nothing was recorded yet, so there is no key", {
      fix: "Start falco-skills serve and make a call, then ask again.",
      where: folder,
    });
  }
  printLine(verifierKey);
}

/** Writes a record and the proof that it stands in the trail. */
export async function writeProof(seq: number, flags: HomeFlags & { readonly out?: string }): Promise<void> {
  const folder = auditFolder(flags);
  const [line, proof] = [await recordText(folder, seq), await proveRecord(folder, seq)];
  const path = resolve(flags.out ?? `${seq}.tlog-proof`);
  try {
    writeFileSync(`${path}.record`, line, { flag: "wx" });
    writeFileSync(path, proof, { flag: "wx" });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new FalcoSkillsError("INVALID_ARGUMENT", `the proof cannot be written (${code})`, {
      fix: "Pass --out a file that does not exist yet, in a folder that you may write.",
      where: path,
      cause,
    });
  }
  printLine(`${path}: record ${seq} stands in the signed trail; the record itself is in ${path}.record`);
}

/** Prints two heads and the hashes between them. */
export async function showConsistency(
  olderSize: number,
  newerSize: number | undefined,
  flags: HomeFlags & { readonly json?: boolean },
): Promise<void> {
  const found = await proveConsistency(auditFolder(flags), olderSize, newerSize);
  if (flags.json === true) return printJson(found);
  const { older, newer, proof } = found;
  printTable(
    ["records", "tree head"],
    [
      [String(older.size), older.root],
      [String(newer.size), newer.root],
      ...proof.map((hash, at) => [at === 0 ? "proof" : "", hash]),
    ],
  );
}

/** Erases the openings of a record on behalf of the person at the command line. */
export async function erase(seq: number, flags: HomeFlags & { readonly reason: string }): Promise<void> {
  const { services, close } = await buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });
  try {
    const { commitments, deleted, receipt } = await services.audit.erase({
      seq,
      reason: flags.reason,
      owner: userInfo().username,
    });
    printLine(`record ${seq}: ${deleted} of ${commitments} openings deleted; record ${receipt.seq} says so`);
  } finally {
    await close();
  }
}
