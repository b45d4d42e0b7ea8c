import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import {
  type AuditEntry,
  type AuditTrail,
  type AuditTrailOptions,
  openAuditTrail,
} from "../../src/audit/audit-trail.ts";
import { readProcessFacts } from "../../src/audit/process-facts.ts";

/** A folder of its own that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "falco-skills-audit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The same for all tests of a file; to be called in a hook that runs before them. */
export function temporaryFolderOfFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "falco-skills-audit-"));
  leftovers.push(folder);
  return folder;
}

const leftovers: string[] = [];
afterAll(() => {
  for (const folder of leftovers) rmSync(folder, { recursive: true, force: true });
});

function trailOptions(folder: string, more: Partial<AuditTrailOptions> = {}): AuditTrailOptions {
  return {
    folder,
    server: { name: "falco-skills", version: "0.0.0-test" },
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: randomBytes,
    process: readProcessFacts(),
    ...more,
  };
}

export function openTrail(folder: string, more: Partial<AuditTrailOptions> = {}): AuditTrail {
  const trail = openAuditTrail(trailOptions(folder, more));
  onTestFinished(() => trail.close().catch(() => {}));
  return trail;
}

export function entry(more: Partial<AuditEntry> = {}): AuditEntry {
  return { type: "tool.intent", session: "s1", tool: "search_alerts", ...more };
}

/** The lines of the active segment as records. */
export function recordsOf(folder: string): Record<string, unknown>[] {
  const text = readFileSync(join(folder, "records.jsonl"), "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
