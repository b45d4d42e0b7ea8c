import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertStore, NewAlert } from "../../../src/store/alert-store.ts";
import {
  type ApplyRetentionOptions,
  applyRetention,
  type RetentionReport,
} from "../../../src/store/cold/apply-retention.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../../src/store/sqlite-store.ts";
import { generateAlertLines } from "../../support/alert-generator.ts";
import { alertOf } from "../alert-store.suite.ts";

/** Alerts of 2024 were received as they happened; "now" is two years later. */
export const NOW_MS = Date.UTC(2026, 10, 25);
export const SPAN = { atHandMonths: 12, inAllMonths: 30 };

/** A store in a folder of its own, with retention to be applied to it. */
export interface ArchivedStore {
  readonly folder: string;
  readonly cold: string;
  readonly open: (options?: Partial<SqliteStoreOptions>) => Promise<AlertStore>;
  readonly apply: (options?: Partial<ApplyRetentionOptions>) => Promise<RetentionReport>;
  readonly close: () => Promise<void>;
}

export function archivedStore(): ArchivedStore {
  const root = mkdtempSync(join(tmpdir(), "falco-skills-cold-"));
  const folder = join(root, "alerts");
  const stores: AlertStore[] = [];
  return {
    folder,
    cold: join(folder, "cold"),
    open: async (options = {}) => {
      const store = await openSqliteStore({ folder, partRows: 16, nowMs: () => NOW_MS, ...options });
      stores.push(store);
      return store;
    },
    apply: (options = {}) => applyRetention({ folder, span: SPAN, setting: "cloud-gov", nowMs: NOW_MS, ...options }),
    close: async () => {
      for (const store of stores) await store.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** An alert that was received a second after it happened. */
export function received(line: string, more: Partial<NewAlert> = {}): NewAlert {
  const alert = alertOf(line);
  return { alert, occurrence: 1, receivedAtMs: Number(alert.timeNs / 1_000_000n) + 1000, ...more };
}

/** Generated alerts, spread evenly from a time on. */
export function alertsFrom(startMs: number, days: number, count: number, seed = 1): NewAlert[] {
  const stepMs = (days * 86_400_000) / count;
  return [...generateAlertLines(count, { startMs, stepMs, seed })].map((line) => received(line));
}
