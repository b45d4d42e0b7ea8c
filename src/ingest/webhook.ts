import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ErrorCode } from "../errors/codes.ts";
import { describeError } from "../errors/describe-error.ts";
import type { AlertStore } from "../store/alert-store.ts";
import { type AlertSink, createAlertSink, MAX_LINE_BYTES } from "./alert-sink.ts";
import { NEVER_REPEATED } from "./count-occurrences.ts";
import { alertRejected, listenFailed, overloaded, rateLimited, tokenRequired } from "./errors.ts";
import { createGroupCommit } from "./group-commit.ts";
import { copyCounts, type IngestCounts } from "./ingest-counts.ts";
import type { Quarantine } from "./quarantine.ts";
import { createRateLimit } from "./rate-limit.ts";
import { sniffForm } from "./sniff-format.ts";
import { createLineSplitter } from "./split-lines.ts";
import { createRecordSplitter } from "./split-records.ts";
import { allowedMethods, isLoopback, judgeRequest, type RequestRules, readBody } from "./webhook-request.ts";

export interface WebhookLimits {
  /** As sent, and again after unpacking. 1 MiB. */
  readonly bodyBytes: number;
  /** Over all clients; beyond it 429. 5,000 a second, with bursts of twice that. */
  readonly requestsPerSecond: number;
  /** Lines that wait for a commit; beyond it 503. 20,000. */
  readonly waitingLines: number;
  /** Open connections; more are closed at once. 256. */
  readonly connections: number;
  /** Time for a request's head and for the whole request; beyond it the connection is closed. 5 s and 15 s. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Wait before what could not be stored is tried again. 1 s. */
  readonly retryMs: number;
}

const DEFAULT_LIMITS: WebhookLimits = {
  bodyBytes: 1024 * 1024,
  requestsPerSecond: 5000,
  waitingLines: 20_000,
  connections: 256,
  headersMs: 5000,
  requestMs: 15_000,
  retryMs: 1000,
};

export interface WebhookRequest {
  /** An address or `localhost`. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  /** Asked for as `Authorization: Bearer <token>`, or as the password in the URL: Falco can only do the latter. */
  readonly token?: string;
  readonly limits?: Partial<WebhookLimits>;
  /** Called after every answer. */
  readonly onProgress?: (stats: WebhookStats) => void;
}

export interface WebhookStats extends IngestCounts {
  readonly requests: number;
  /** Answers by status code. */
  readonly answers: Readonly<Record<string, number>>;
  /** Lines taken and not stored yet. */
  readonly waitingLines: number;
  /** The last failure to store, as `CODE: message`; absent once storing works again. */
  readonly lastError?: string;
}

export interface Webhook {
  readonly url: string;
  readonly loopback: boolean;
  stats(): WebhookStats;
  /** Stops listening, answers the requests in hand, stores what is left. */
  close(): Promise<void>;
}

/**
 * A webhook that takes alerts at POST / from Falco's http_output and falcosidekick: one alert, an array, or JSON lines;
 * GET /healthz says whether storing works. It answers 200 {accepted, ignored, rejected} only once the alerts are durable
 * in the store; several requests share a commit. The same alert posted twice is one. Refusals are {code, message, fix}
 * with 400, 401, 403, 404, 405, 413, 415, 429 or 503. What a 503 refused for the store's sake is kept and tried again.
 * Fails with INGEST_TOKEN_REQUIRED for an address beyond loopback without a token, and with INGEST_LISTEN_FAILED.
 */
export async function startWebhook(request: WebhookRequest): Promise<Webhook> {
  const { host, port, store, quarantine, nowMs } = request;
  const limits: WebhookLimits = { ...DEFAULT_LIMITS, ...request.limits };
  const token = request.token === "" ? undefined : request.token;
  const loopback = isLoopback(host);
  if (!loopback && token === undefined) throw tokenRequired(host);

  const sink = createAlertSink({ store, quarantine, nowMs, source: "webhook" });
  const storing = keepStoring(sink, limits.retryMs);
  const inRate = createRateLimit(limits.requestsPerSecond, limits.requestsPerSecond * 2, nowMs);
  const rules: RequestRules = { loopback, token, bodyBytes: limits.bodyBytes };
  const answers: Record<string, number> = {};
  let requests = 0;

  const stats = (): WebhookStats => ({
    ...copyCounts(sink.counts),
    requests,
    answers: { ...answers },
    waitingLines: sink.waiting,
    ...(storing.failure() === undefined ? {} : { lastError: storing.failure() as string }),
  });

  async function respond(message: IncomingMessage, response: ServerResponse): Promise<Answer> {
    if (judgeRequest(message, rules) === "health") {
      return storing.failure() === undefined ? [200, { status: "ok" }] : [503, { status: "failing" }];
    }
    if (!inRate()) throw rateLimited(limits.requestsPerSecond);
    if (sink.waiting >= limits.waitingLines) throw overloaded(sink.waiting);
    // Only now: a client that asks before it sends a body learns of a refusal without sending it.
    if (message.headers.expect !== undefined) response.writeContinue();
    const { why, ...taken } = takeBody(await readBody(message, limits.bodyBytes), sink);
    await storing.commit();
    if (taken.accepted + taken.ignored === 0) throw alertRejected(why ?? "the body is empty");
    return [200, taken];
  }

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    const [status, body] = await respond(message, response).catch(refusal);
    answers[status] = (answers[status] ?? 0) + 1;
    answer(response, status, body, message);
    request.onProgress?.(stats());
  }

  const serve = (message: IncomingMessage, response: ServerResponse) => {
    handle(message, response).catch(() => response.destroy());
  };
  const server = createServer({ maxHeaderSize: 8192, connectionsCheckingInterval: 1000 }, serve);
  server.on("checkContinue", serve);
  server.maxConnections = limits.connections;
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  const bound = await listen(server, host, port);
  return {
    url: `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}/`,
    loopback,
    stats,
    async close() {
      await stop(server, limits.requestMs);
      await storing.close();
    },
  };
}

type Answer = readonly [status: number, body: object];

/** What became of a body's lines; nothing is stored yet. */
function takeBody(body: Buffer, sink: AlertSink) {
  const before = copyCounts(sink.counts);
  let why: string | undefined;
  const receiver = sink.receiver(NEVER_REPEATED, (rejection) => {
    why ??= rejection;
  });
  const split = sniffForm(body) === "json" ? createRecordSplitter : createLineSplitter;
  const splitter = split(receiver, MAX_LINE_BYTES);
  splitter.push(body);
  splitter.end();
  sink.counts.bytes += body.length;
  const sum = (reasons: Readonly<Record<string, number>>) => Object.values(reasons).reduce((a, b) => a + b, 0);
  const ignored = sum(sink.counts.ignored) - sum(before.ignored);
  const rejected = sum(sink.counts.rejected) - sum(before.rejected);
  return { accepted: sink.counts.lines - before.lines - ignored - rejected, ignored, rejected, why };
}

/** Commits in groups, and goes on trying what a commit could not store: Falco does not send an alert twice. */
function keepStoring(sink: AlertSink, retryMs: number) {
  let failure: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const commit = createGroupCommit(async () => {
    try {
      await sink.flush();
      failure = undefined;
    } catch (error) {
      const { code, message } = describeError(error);
      failure = `${code}: ${message}`;
      timer ??= setTimeout(() => {
        timer = undefined;
        commit().catch(() => undefined);
      }, retryMs);
      throw error;
    }
  });
  return {
    commit,
    failure: () => failure,
    async close() {
      await commit().finally(() => clearTimeout(timer));
    },
  };
}

/** Errors of ours that are the sender's; all others (a full disk, a defect) are 503: the same alert may pass later. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  INGEST_ALERT_REJECTED: 400,
  INGEST_UNAUTHORIZED: 401,
  INGEST_REQUEST_FOREIGN: 403,
  INGEST_NO_SUCH_PATH: 404,
  INGEST_METHOD: 405,
  INGEST_BODY_TOO_LARGE: 413,
  INGEST_CONTENT_TYPE: 415,
  INGEST_RATE_LIMITED: 429,
};

function refusal(error: unknown): Answer {
  const { code, message, fix } = describeError(error);
  return [STATUS[code as ErrorCode] ?? 503, { code, message, fix }];
}

function answer(response: ServerResponse, status: number, body: object, { url, method }: IncomingMessage): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="falco-skills"' } : {}),
    ...(status === 405 ? { Allow: allowedMethods(url) } : {}),
    ...(status === 429 || status === 503 ? { "Retry-After": "1" } : {}),
  });
  response.end(method === "HEAD" ? undefined : text);
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    // Kept after listening: a failed accept (too many open files) must not end the process.
    server.on("error", (error) => reject(listenFailed(host, port, error)));
    server.listen({ host, port }, () => resolve(server.address() as AddressInfo));
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
