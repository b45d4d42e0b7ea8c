import type { Quarantine } from "../ingest/quarantine.ts";
import { type Tail, tailFile } from "../ingest/tail-file.ts";
import { startWebhook, type Webhook } from "../ingest/webhook.ts";
import type { Feed } from "../mcp/services.ts";
import type { AlertStore } from "../store/alert-store.ts";
import { log, nowMs } from "./ambient.ts";
import type { Settings } from "./settings.ts";

export interface Feeds {
  list(): readonly Feed[];
  /** Ends after the batches in hand are stored. */
  close(): Promise<void>;
}

/**
 * Follows the files of --alerts and listens at --listen. Fails when the webhook cannot listen: somebody who asked for
 * it must not believe that alerts arrive. A file that is not there yet is waited for.
 */
export async function startFeeds(settings: Settings, store: AlertStore, quarantine: Quarantine): Promise<Feeds> {
  const webhook =
    settings.listen === undefined ? undefined : await startWebhook({ ...settings.listen, store, quarantine, nowMs });
  if (webhook !== undefined) log(`listening for alerts at ${webhook.url}`);
  const tails = settings.alerts.map((path) => tailFile({ path, store, quarantine, nowMs }));
  return {
    list: () => [...tails.map(tailFeed), ...(webhook === undefined ? [] : [webhookFeed(webhook)])],
    async close() {
      await Promise.all([...tails.map((tail) => tail.close()), webhook?.close()]);
    },
  };
}

function tailFeed(tail: Tail): Feed {
  const { path, state, added, known, rejected, lastProblem } = tail.stats();
  const fault = lastProblem === undefined ? {} : { fault: `${lastProblem.code}: ${lastProblem.message}` };
  return { kind: "file", name: path, state, alerts: added + known, rejected: sum(rejected), ...fault };
}

function webhookFeed(webhook: Webhook): Feed {
  const { added, known, rejected, lastError } = webhook.stats();
  const fault = lastError === undefined ? {} : { fault: lastError };
  return {
    kind: "webhook",
    name: webhook.url,
    state: "listening",
    alerts: added + known,
    rejected: sum(rejected),
    ...fault,
  };
}

const sum = (reasons: Readonly<Record<string, number>>): number => Object.values(reasons).reduce((a, b) => a + b, 0);
