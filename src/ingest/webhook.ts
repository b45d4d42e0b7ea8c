import type { AlertStore } from "../store/alert-store.ts";
import type { IngestCounts } from "./ingest-counts.ts";
import type { Quarantine } from "./quarantine.ts";

export interface WebhookLimits {
  /** As sent and after unpacking. 1 MiB. */
  readonly bodyBytes: number;
  /** Over all clients; beyond it 429. 5,000 a second with bursts of twice that. */
  readonly requestsPerSecond: number;
  /** Alerts that wait for a commit; beyond it 503. 20,000. */
  readonly waitingAlerts: number;
  readonly connections: number;
  readonly headersMs: number;
  readonly requestMs: number;
}

export interface WebhookRequest {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  /** Asked for as `Authorization: Bearer <token>`, or as the password of a URL: Falco can only do the latter. */
  readonly token?: string;
  readonly limits?: Partial<WebhookLimits>;
  readonly onProgress?: (stats: WebhookStats) => void;
}

export interface WebhookStats extends IngestCounts {
  readonly requests: number;
  /** Answers by status code. */
  readonly answers: Readonly<Record<string, number>>;
  readonly waitingAlerts: number;
  readonly lastError?: string;
}

export interface Webhook {
  readonly url: string;
  readonly loopback: boolean;
  stats(): WebhookStats;
  /** Stops listening, answers what is in hand, ends idle connections. */
  close(): Promise<void>;
}
