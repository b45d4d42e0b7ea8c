import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Compliance } from "../compliance/compliance.ts";
import { openCompliance } from "../compliance/open-compliance.ts";
import type { Services } from "../mcp/services.ts";
import { resolveInside } from "../paths/roots.ts";
import { nowMs } from "./ambient.ts";

/** The service of evidence and checklists over the others. `roots` undefined: a person may name any file. */
export function buildCompliance(services: Services, roots: readonly string[] | undefined): Compliance {
  const quiet = { signal: new AbortController().signal, onProgress: () => {} };
  return openCompliance({
    home: services.home,
    version: services.version,
    host: hostname(),
    nowMs,
    newId: () => randomUUID().replaceAll("-", ""),
    alerts: services.alerts,
    audit: services.audit,
    checklists: services.checklists,
    rules: services.rules,
    verifyTrail: () => services.verifyAudit(quiet, []),
    resolveFile: async (path) =>
      roots === undefined ? path : resolveInside({ folders: roots, flag: "--alerts-root" }, path),
  });
}
