import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readAlertLine } from "../../../src/alert/read-alert.ts";
import { type AuditTrail, openAuditTrail } from "../../../src/audit/audit-trail.ts";
import { readProcessFacts } from "../../../src/audit/process-facts.ts";
import type { EvidenceStore } from "../../../src/compliance/evidence/evidence.ts";
import { openEvidence } from "../../../src/compliance/evidence/open-evidence.ts";
import type { AlertStore } from "../../../src/store/alert-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite-store.ts";

export const NOW_MS = Date.UTC(2026, 10, 24, 12);
export const AGENT = { by: { kind: "agent", name: "test agent" }, session: "s1" } as const;

export interface TestHome {
  readonly home: string;
  readonly audit: AuditTrail;
  readonly evidence: EvidenceStore;
  readonly alerts: AlertStore;
  readonly nowMs: () => number;
  readonly newId: () => string;
  /** Moves the clock on by so many milliseconds. */
  readonly wait: (ms: number) => void;
}

/** A home in a folder of its own with a real trail, a real store and a clock that tests move. */
export async function openTestHome(): Promise<TestHome> {
  const home = mkdtempSync(join(tmpdir(), "falco-skills-test-"));
  let now = NOW_MS;
  let ids = 0;
  const nowMs = () => now;
  const newId = () => `id${++ids}`;
  const audit = openAuditTrail({
    folder: join(home, "audit"),
    server: { name: "falco-skills", version: "0.0.0-test" },
    nowMs,
    monotonicMs: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
    process: readProcessFacts(),
  });
  const alerts = await openSqliteStore({ folder: join(home, "alerts"), nowMs });
  const evidence = openEvidence({
    folder: join(home, "evidence"),
    audit,
    nowMs,
    newId,
    host: "node-1",
    version: "1.2.3",
  });
  onTestFinished(async () => {
    await audit.close().catch(() => {});
    await alerts.close();
    rmSync(home, { recursive: true, force: true });
  });
  return {
    home,
    audit,
    evidence,
    alerts,
    nowMs,
    newId,
    wait: (ms) => {
      now += ms;
    },
  };
}

export interface AlertLine {
  readonly rule?: string;
  readonly priority?: string;
  readonly time?: string;
  readonly source?: string;
  readonly hostname?: string;
  readonly tags?: readonly string[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A line as Falco writes it. */
export function alertLine(more: AlertLine = {}): string {
  return JSON.stringify({
    hostname: more.hostname ?? "node-1",
    output: `${more.rule ?? "Shell"} happened`,
    output_fields: { "evt.type": "execve", ...more.fields },
    priority: more.priority ?? "Warning",
    rule: more.rule ?? "Shell",
    source: more.source ?? "syscall",
    tags: more.tags ?? ["T1059"],
    time: more.time ?? "2026-11-24T10:00:00.000000001Z",
  });
}

export async function addAlerts(alerts: AlertStore, lines: readonly string[]): Promise<void> {
  const batch = lines.map((line) => {
    const read = readAlertLine(line);
    if (read.kind !== "alert") throw new Error(`no alert: ${line}`);
    return { alert: read.alert, occurrence: 1, receivedAtMs: NOW_MS };
  });
  await alerts.add(batch);
}
