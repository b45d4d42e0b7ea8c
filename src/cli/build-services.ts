import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openAuditTrail } from "../audit/audit-trail.ts";
import { readProcessFacts } from "../audit/process-facts.ts";
import type { AuditHead, AuditTrail } from "../audit/trail-interface.ts";
import type { AuditVerdict } from "../audit/verdict.ts";
import { openChecklists } from "../compliance/open-checklists.ts";
import { type ImportRequest, importAlerts } from "../ingest/import-files.ts";
import { openQuarantine, type Quarantine } from "../ingest/quarantine.ts";
import type { Feed, Services, Work } from "../mcp/services.ts";
import { resolveInside } from "../paths/roots.ts";
import { openRuleLibrary } from "../rules/library/open-rule-library.ts";
import type { RuleLibrary } from "../rules/library/rule-library.ts";
import { openRuns } from "../runs/open-runs.ts";
import { skillCatalogReader } from "../skills/skill-catalog.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { log, newId, nowMs, nowNs } from "./ambient.ts";
import { buildFalco } from "./build-falco.ts";
import { type HeadCopies, headCopies } from "./head-copies.ts";
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
  /** The same for captures and event files; none by default. */
  readonly captureRoots?: readonly string[];
  readonly feeds?: () => readonly Feed[];
  /** Where each signed head of the audit trail is copied to, beside home. */
  readonly headsFolder?: string | undefined;
  /** A Falco binary to use instead of looking for one. */
  readonly falcoBin?: string | undefined;
  /** Where the webserver of a running Falco answers, instead of what its configuration says. */
  readonly falcoUrl?: string | undefined;
  /** The falco.yaml of a running Falco, instead of what its process was given. */
  readonly falcoConfig?: string | undefined;
  /** The rules folder of Falco that deployments write into. */
  readonly deployInto?: string | undefined;
  readonly allowChanges?: boolean;
  /** Sets damaged files of the store aside and goes on without them. */
  readonly repair?: boolean;
}

/** Builds everything once. Nothing is opened, made or written before it is first used. */
export async function buildServices(options: BuildOptions): Promise<Built> {
  const { home, alertRoots, captureRoots = [], feeds = () => [], repair = false } = options;
  const version = packageVersion();
  // Falco names its machine so, too.
  const hostName = process.env.FALCO_HOSTNAME ?? hostname();
  const alerts = await openSqliteStore({ folder: join(home, "alerts"), nowMs, repair });
  const quarantine = openQuarantine({ folder: join(home, "quarantine"), nowMs });
  const skillHome = join(home, "skills");
  const { settled, ...heads } = headCopies(options.headsFolder);
  const audit = openAudit(home, version, heads);
  const skills = skillCatalogReader([
    { path: shippedSkills(), origin: "shipped" },
    { path: skillHome, origin: "added" },
  ]);
  const falco = buildFalco({ ...options, hostname: hostName, feeds });
  const services: Services = {
    version,
    home,
    hostname: hostName,
    nowNs,
    log,
    alerts,
    audit,
    feeds,
    skills,
    checklists: openChecklists({ folder: join(home, "checklists"), nowMs, newId }),
    compliance: async () => (await import("./build-compliance.ts")).buildCompliance(services, alertRoots),
    rules: openRules(options, skills),
    engines: () => falco.engines(),
    inspectFalco: falco.inspect,
    deployments: async (wish) =>
      (await import("./build-deployments.ts")).buildDeployments({ services, folder: options.deployInto, ...wish }),
    approvals: falco.approvals,
    changesAllowed: options.allowChanges === true,
    runs: openRuns({ folder: join(home, "runs"), nowMs, newId }),
    captures: {
      locate: (path) => resolveInside({ folders: captureRoots, flag: "--captures-root" }, path),
      exportFolder: join(home, "captures"),
    },
    verifyAudit: (work, knownHeads) => verifyTrail(home, work, knownHeads),
    importAlerts: async (paths, work) =>
      importAlerts({
        ...importWork(work),
        paths: await realPaths(paths, alertRoots),
        store: alerts,
        quarantine,
        nowMs,
      }),
  };
  const close = async (): Promise<void> => {
    await falco.close();
    await audit.close();
    await settled();
    await alerts.close();
  };
  return { services, quarantine, skillHome, close };
}

const auditFolder = (home: string): string => join(home, "audit");

function openAudit(home: string, version: string, heads: Omit<HeadCopies, "settled">): AuditTrail {
  return openAuditTrail({
    ...heads,
    onBegin: (vkey) => log(`a new audit trail begins; keep its public key elsewhere: ${vkey}`),
    folder: auditFolder(home),
    server: { name: "falco-skills", version },
    nowMs,
    monotonicMs: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
    process: readProcessFacts(),
  });
}

/** Verifying is rare and its code is not small: it is loaded when somebody asks. */
async function verifyTrail(home: string, work: Work, knownHeads: readonly AuditHead[]): Promise<AuditVerdict> {
  const { verifyAuditTrail } = await import("../audit/verify-audit-trail.ts");
  return verifyAuditTrail(auditFolder(home), {
    knownHeads,
    signal: work.signal,
    onProgress: ({ records, bytes, totalBytes }) => work.onProgress(bytes, totalBytes, `${records} records checked`),
  });
}

function openRules({ home, ruleRoots = [] }: BuildOptions, skills: Services["skills"]): RuleLibrary {
  return openRuleLibrary({
    folder: join(home, "rules"),
    nowMs,
    newId,
    locate: (path) => resolveInside({ folders: ruleRoots, flag: "--rules-root" }, path),
    builtinFolders: async () => (await skills()).skills.map(({ folder }) => join(folder, "rules")),
  });
}

/** Imports follow no symbolic link, so what the caller named is resolved first: inside the roots, or anywhere for a person. */
function realPaths(paths: readonly string[], alertRoots: readonly string[] | undefined): Promise<string[]> {
  if (alertRoots === undefined) return Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  return Promise.all(paths.map((path) => resolveInside({ folders: alertRoots, flag: "--alerts-root" }, path)));
}

function importWork({ signal, onProgress }: Work): Pick<ImportRequest, "signal" | "onProgress"> {
  return {
    signal,
    onProgress: ({ lines, added, path, fileNumber, fileCount }) =>
      onProgress(
        lines,
        undefined,
        `file ${fileNumber} of ${fileCount}: ${lines} lines, ${added} alerts added, in ${path}`,
      ),
  };
}

/** The skills folder of the package, beside src or dist. */
function shippedSkills(): string {
  const folder = fileURLToPath(new URL("../../skills", import.meta.url));
  if (!existsSync(folder)) log(`the shipped skills are missing at ${folder}`);
  return folder;
}
