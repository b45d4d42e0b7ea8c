import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openAuditTrail } from "../audit/audit-trail.ts";
import { readProcessFacts } from "../audit/process-facts.ts";
import { openChecklists } from "../compliance/open-checklists.ts";
import { importAlerts } from "../ingest/import-files.ts";
import { openQuarantine, type Quarantine } from "../ingest/quarantine.ts";
import type { Feed, Services } from "../mcp/services.ts";
import { resolveInside } from "../paths/roots.ts";
import { openRuleLibrary } from "../rules/library/open-rule-library.ts";
import { skillCatalogReader } from "../skills/skill-catalog.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { packageVersion } from "./version.ts";

/** The services, and what only the command line uses beside them. */
export interface Built {
  readonly services: Services;
  readonly quarantine: Quarantine;
  readonly skillHome: string;
  close(): Promise<void>;
}

export interface BuildOptions {
  readonly home: string;
  /** Folders the model may name alert files in; undefined lifts the limit, for a person at the command line. */
  readonly alertRoots: readonly string[] | undefined;
  /** The same for rule files; none by default. */
  readonly ruleRoots?: readonly string[];
  readonly feeds?: () => readonly Feed[];
  /** Sets damaged files of the store aside and goes on without them. */
  readonly repair?: boolean;
}

export const nowMs = (): number => Date.now();

/** Wall clock in nanoseconds; the last six digits are zero. */
export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** The session under which the audit trail keeps what a person does at the command line. */
export const COMMAND_LINE = "command-line";

export const log = (line: string): void => {
  process.stderr.write(`falco-skills: ${line}\n`);
};

/** Builds everything once. Nothing is opened, made or written before it is first used. */
export async function buildServices({
  home,
  alertRoots,
  ruleRoots = [],
  feeds = () => [],
  repair = false,
}: BuildOptions): Promise<Built> {
  const version = packageVersion();
  const auditFolder = join(home, "audit");
  const alerts = await openSqliteStore({ folder: join(home, "alerts"), nowMs, repair });
  const quarantine = openQuarantine({ folder: join(home, "quarantine"), nowMs });
  const skillHome = join(home, "skills");
  const audit = openAuditTrail({
    folder: auditFolder,
    server: { name: "falco-skills", version },
    nowMs,
    monotonicMs: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
    process: readProcessFacts(),
  });
  const roots = { folders: alertRoots ?? [], flag: "--alerts-root" };
  const skills = skillCatalogReader([
    { path: shippedSkills(), origin: "shipped" },
    { path: skillHome, origin: "added" },
  ]);
  const services: Services = {
    version,
    home,
    nowNs,
    log,
    alerts,
    audit,
    feeds,
    checklists: openChecklists({ folder: join(home, "checklists"), nowMs, newId: () => randomUUID().slice(0, 8) }),
    skills,
    rules: openRuleLibrary({
      folder: join(home, "rules"),
      nowMs,
      newId: () => randomUUID().slice(0, 8),
      locate: (path) => resolveInside({ folders: ruleRoots, flag: "--rules-root" }, path),
      builtinFolders: async () => (await skills()).skills.map(({ folder }) => join(folder, "rules")),
    }),
    verifyAudit: async (work, knownHeads) =>
      (await import("../audit/verify-audit-trail.ts")).verifyAuditTrail(auditFolder, {
        knownHeads,
        signal: work.signal,
        onProgress: ({ records, bytes, totalBytes }) =>
          work.onProgress(bytes, totalBytes, `${records} records checked`),
      }),
    importAlerts: async (paths, { signal, onProgress }) =>
      importAlerts({
        paths: alertRoots === undefined ? paths : await Promise.all(paths.map((path) => resolveInside(roots, path))),
        store: alerts,
        quarantine,
        nowMs,
        signal,
        onProgress: ({ lines, added, path, fileNumber, fileCount }) =>
          onProgress(
            lines,
            undefined,
            `file ${fileNumber} of ${fileCount}: ${lines} lines, ${added} alerts added, in ${path}`,
          ),
      }),
  };
  return {
    services,
    quarantine,
    skillHome,
    async close() {
      await audit.close();
      await alerts.close();
    },
  };
}

/** The skills folder of the package, beside src or dist. */
function shippedSkills(): string {
  const folder = fileURLToPath(new URL("../../skills", import.meta.url));
  if (!existsSync(folder)) log(`the shipped skills are missing at ${folder}`);
  return folder;
}
