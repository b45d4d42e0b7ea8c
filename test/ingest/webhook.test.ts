import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflateSync, gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { accountedFor } from "../../src/ingest/ingest-counts.ts";
import { startWebhook, type WebhookRequest } from "../../src/ingest/webhook.ts";
import type { AlertStore } from "../../src/store/alert-store.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { alertLine, alertLines, nowMs, quarantineIn, tempFolder } from "./fixtures.ts";

async function serve(changes: Partial<WebhookRequest> = {}) {
  const folder = tempFolder();
  const store = createMemoryStore();
  const quarantine = quarantineIn(folder);
  const webhook = await startWebhook({ host: "127.0.0.1", port: 0, store, quarantine, nowMs, ...changes });
  onTestFinished(() => webhook.close());
  return { store, quarantine, webhook, url: webhook.url };
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** One request as written, without what fetch adds to or forbids in it. */
async function send(url: string, { method = "POST", path = "/", headers = {}, body }: Sent) {
  const sent = request(new URL(path, url), {
    method,
    agent: false,
    headers: { "Content-Type": "application/json", ...headers },
  });
  sent.end(body);
  const [response] = await once(sent, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return {
    status: response.statusCode as number,
    headers: response.headers,
    body: text === "" ? "" : JSON.parse(text),
  };
}

const pretty = (n: number) => JSON.stringify(JSON.parse(alertLine(n)), undefined, 2);

test.each([
  { why: "one alert, as Falco posts it", body: alertLine(1), answer: { accepted: 1, ignored: 0, rejected: 0 } },
  { why: "a pretty-printed alert", body: pretty(1), answer: { accepted: 1, ignored: 0, rejected: 0 } },
  { why: "an array", body: `[${pretty(1)}, ${alertLine(2)}]`, answer: { accepted: 2, ignored: 0, rejected: 0 } },
  {
    why: "JSON lines",
    body: alertLines(0, 3),
    headers: { "Content-Type": "application/x-ndjson" },
    answer: { accepted: 3, ignored: 0, rejected: 0 },
  },
  {
    why: "gzip",
    body: gzipSync(alertLines(0, 3)),
    headers: { "Content-Encoding": "gzip" },
    answer: { accepted: 3, ignored: 0, rejected: 0 },
  },
  {
    why: "deflate, charset named",
    body: deflateSync(alertLines(0, 3)),
    headers: { "Content-Encoding": "deflate", "Content-Type": "application/json; charset=UTF-8" },
    answer: { accepted: 3, ignored: 0, rejected: 0 },
  },
  {
    why: "good and bad lines together",
    body: `${alertLine(1)}\nnot json\n`,
    answer: { accepted: 1, ignored: 0, rejected: 1 },
  },
])("$why is taken", async ({ body, headers, answer }) => {
  const { url, store, webhook, quarantine } = await serve();
  expect(await send(url, { body, ...(headers === undefined ? {} : { headers }) })).toMatchObject({
    status: 200,
    body: answer,
  });
  expect((await store.status()).alerts).toBe(answer.accepted);
  expect((await quarantine.status()).kept).toBe(answer.rejected);
  expect(accountedFor(webhook.stats())).toBe(webhook.stats().lines);
});

test("a request of the real Falco is taken, and again as falcosidekick would send it is the same alert", async () => {
  const { url, store } = await serve();
  const alert = JSON.parse(alertLine(500_000_000)) as Record<string, unknown>;
  const falco = { "User-Agent": "falcosecurity/falco", Accept: "*/*" };
  const sidekick = { "User-Agent": "Falcosidekick" };
  const again = { uuid: "0b4f1c4e", ...alert, time: "2026-11-22T01:31:36.5Z" };
  expect((await send(url, { headers: falco, body: JSON.stringify(alert) })).status).toBe(200);
  expect((await send(url, { headers: sidekick, body: JSON.stringify(again) })).status).toBe(200);
  expect((await send(url, { headers: falco, body: JSON.stringify(alert) })).status).toBe(200);
  const { alerts } = await store.search({}, { limit: 9, order: "newest" });
  expect(alerts.map(({ repeats }) => repeats)).toEqual([1]);
});

const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));

test.each<{ why: string; status: number; code: string; sent: Sent; token?: string }>([
  { why: "text", status: 400, code: "INGEST_ALERT_REJECTED", sent: { body: "not json" } },
  { why: "no alert", status: 400, code: "INGEST_ALERT_REJECTED", sent: { body: "{}" } },
  { why: "an empty body", status: 400, code: "INGEST_ALERT_REJECTED", sent: { body: "" } },
  {
    why: "a cut gzip",
    status: 400,
    code: "INGEST_ALERT_REJECTED",
    sent: { body: gzipSync(alertLine(1)).subarray(0, 50), headers: { "Content-Encoding": "gzip" } },
  },
  { why: "no token", status: 401, code: "INGEST_UNAUTHORIZED", token: "secret", sent: { body: alertLine(1) } },
  {
    why: "a wrong token",
    status: 401,
    code: "INGEST_UNAUTHORIZED",
    token: "secret",
    sent: { body: alertLine(1), headers: { Authorization: "Bearer secret2" } },
  },
  {
    why: "a rebound name",
    status: 403,
    code: "INGEST_REQUEST_FOREIGN",
    sent: { body: alertLine(1), headers: { Host: "evil.example:80" } },
  },
  {
    why: "a name that begins like loopback",
    status: 403,
    code: "INGEST_REQUEST_FOREIGN",
    sent: { body: alertLine(1), headers: { Host: "127.0.0.1.evil.example" } },
  },
  {
    why: "a web page",
    status: 403,
    code: "INGEST_REQUEST_FOREIGN",
    sent: { body: alertLine(1), headers: { Origin: "http://127.0.0.1:80" } },
  },
  { why: "another path", status: 404, code: "INGEST_NO_SUCH_PATH", sent: { path: "/admin", body: alertLine(1) } },
  { why: "another method", status: 405, code: "INGEST_METHOD", sent: { method: "GET" } },
  { why: "a long body", status: 413, code: "INGEST_BODY_TOO_LARGE", sent: { body: "x".repeat(3_000_000) } },
  {
    why: "a long body without a length",
    status: 413,
    code: "INGEST_BODY_TOO_LARGE",
    sent: { body: "x".repeat(3_000_000), headers: { "Transfer-Encoding": "chunked" } },
  },
  {
    why: "a gzip bomb",
    status: 413,
    code: "INGEST_BODY_TOO_LARGE",
    sent: { body: bomb, headers: { "Content-Encoding": "gzip" } },
  },
  {
    why: "plain text, as Falco without json_output",
    status: 415,
    code: "INGEST_CONTENT_TYPE",
    sent: { body: "Warning", headers: { "Content-Type": "text/plain" } },
  },
  {
    why: "UTF-16",
    status: 415,
    code: "INGEST_CONTENT_TYPE",
    sent: { body: "{}", headers: { "Content-Type": "application/json; charset=utf-16" } },
  },
  {
    why: "an unknown encoding",
    status: 415,
    code: "INGEST_CONTENT_TYPE",
    sent: { body: "{}", headers: { "Content-Encoding": "br" } },
  },
])("$why: $status $code", async ({ status, code, sent, token }) => {
  const { url, store, webhook } = await serve(token === undefined ? {} : { token });
  const answer = await send(url, sent);
  expect(answer).toMatchObject({ status, body: { code, message: expect.any(String) } });
  expect(answer.body.fix).toMatch(/^[A-Z].*\.$/);
  expect((await store.status()).alerts).toBe(0);
  expect(webhook.stats().answers).toEqual({ [status]: 1 });
  expect((await send(url, { method: "GET", path: "/healthz" })).status).toBe(200);
});

test.each([
  { why: "bearer", authorization: "Bearer s3:cret" },
  { why: "the password of a URL, all that Falco can send", authorization: `Basic ${btoa("falco:s3:cret")}` },
])("a token is taken as $why", async ({ authorization }) => {
  const { url } = await serve({ token: "s3:cret" });
  expect((await send(url, { body: alertLine(1), headers: { Authorization: authorization } })).status).toBe(200);
});

test("curl posts with the token in the URL, and asks before it sends a body", async () => {
  const { url, store } = await serve({ token: "s3cret" });
  const withToken = url.replace("http://", "http://falco:s3cret@");
  const json = ["-H", "Content-Type: application/json", "-H", "Expect: 100-continue"];
  const { stdout } = await promisify(execFile)("curl", ["-sS", ...json, "-d", alertLine(1), withToken]);
  expect(JSON.parse(stdout)).toMatchObject({ accepted: 1 });
  expect((await store.status()).alerts).toBe(1);
});

test("beyond loopback it does not start without a token", async () => {
  await expect(serve({ host: "0.0.0.0" })).rejects.toMatchObject({ code: "INGEST_TOKEN_REQUIRED" });
  await expect(serve({ host: "0.0.0.0", token: "" })).rejects.toMatchObject({ code: "INGEST_TOKEN_REQUIRED" });
});

test("a port that is taken is told", async () => {
  const { webhook } = await serve();
  await expect(serve({ port: Number(new URL(webhook.url).port) })).rejects.toMatchObject({
    code: "INGEST_LISTEN_FAILED",
  });
});

test("more requests than the rate are refused until time passes", async () => {
  let clock = nowMs();
  const { url } = await serve({ nowMs: () => clock, limits: { requestsPerSecond: 1 } });
  const statuses = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await send(url, { body: alertLine(n) })).status);
  expect(statuses).toEqual([200, 200, 429]);
  clock += 1000;
  expect((await send(url, { body: alertLine(3) })).status).toBe(200);
});

/** A store whose adds wait or fail until told otherwise. */
function gated(store: AlertStore) {
  const gate = { failing: false, batches: [] as number[], open: () => {}, opened: Promise.resolve() };
  const add: AlertStore["add"] = async (batch, checkpoint) => {
    gate.batches.push(batch.length);
    await gate.opened;
    if (gate.failing) throw new Error("disk full");
    return await store.add(batch, checkpoint);
  };
  const shut = () => {
    gate.opened = new Promise((resolve) => {
      gate.open = () => resolve();
    });
  };
  return { gate, shut, store: { ...store, add } };
}

test("no answer before the commit; requests that wait meanwhile share the next one", async () => {
  const { gate, shut, store } = gated(createMemoryStore());
  shut();
  const { url, webhook } = await serve({ store });
  const answers: number[] = [];
  const post = async (n: number) => {
    answers.push((await send(url, { body: alertLine(n) })).status);
  };
  const first = post(0);
  await vi.waitFor(() => expect(gate.batches).toEqual([1]));
  const others = Array.from({ length: 20 }, (_, index) => post(index + 1));
  await vi.waitFor(() => expect(webhook.stats().waitingLines).toBe(20));
  expect(answers).toEqual([]);
  gate.open();
  await Promise.all([first, ...others]);
  expect(answers).toEqual(Array.from({ length: 21 }, () => 200));
  expect(gate.batches).toEqual([1, 20]);
});

test("more waiting than the limit is refused, not piled up", async () => {
  const { gate, shut, store } = gated(createMemoryStore());
  shut();
  const { url, webhook } = await serve({ store, limits: { waitingLines: 2 } });
  const first = send(url, { body: alertLine(0) });
  await vi.waitFor(() => expect(gate.batches).toEqual([1]));
  const waiting = [1, 2].map((n) => send(url, { body: alertLine(n) }));
  await vi.waitFor(() => expect(webhook.stats().waitingLines).toBe(2));
  expect(await send(url, { body: alertLine(3) })).toMatchObject({
    status: 503,
    headers: { "retry-after": "1" },
    body: { code: "INGEST_OVERLOADED" },
  });
  gate.open();
  for (const answer of [first, ...waiting]) expect((await answer).status).toBe(200);
});

test("a store that fails gives 503 and a failing health; what was refused is stored once it works again", async () => {
  const inner = createMemoryStore();
  const { gate, store } = gated(inner);
  gate.failing = true;
  const { url, webhook } = await serve({ store, limits: { retryMs: 10 } });
  expect(await send(url, { body: alertLine(0) })).toMatchObject({ status: 503, body: { code: "INTERNAL" } });
  expect((await send(url, { method: "GET", path: "/healthz" })).status).toBe(503);
  expect(webhook.stats().lastError).toMatch(/^INTERNAL: /);
  gate.failing = false;
  await vi.waitFor(async () => expect((await inner.status()).alerts).toBe(1));
  expect((await send(url, { method: "GET", path: "/healthz" })).status).toBe(200);
});

test("a client that sends its head or body too slowly is cut off", async () => {
  const { url } = await serve({ limits: { headersMs: 50, requestMs: 100 } });
  const { port } = new URL(url);
  for (const part of [
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
  ]) {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(part);
    socket.resume();
    await once(socket, "close");
  }
});

test("connections beyond the limit are closed", async () => {
  const { url } = await serve({ limits: { connections: 2 } });
  const { port } = new URL(url);
  const sockets = Array.from({ length: 3 }, () => connect(Number(port), "127.0.0.1").on("error", () => undefined));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await once(sockets[2]!.resume(), "close");
  expect(sockets.slice(0, 2).map(({ destroyed }) => destroyed)).toEqual([false, false]);
});

test("closing answers what is in hand and stores it", async () => {
  const { gate, shut, store } = gated(createMemoryStore());
  shut();
  const { url, webhook } = await serve({ store });
  const answer = send(url, { body: alertLine(0) });
  await vi.waitFor(() => expect(gate.batches).toEqual([1]));
  const closing = webhook.close();
  gate.open();
  expect((await answer).status).toBe(200);
  await closing;
  await expect(send(url, { body: alertLine(1) })).rejects.toThrow();
});

test("many alerts at once are each stored once", async () => {
  const { url, store, webhook } = await serve();
  const numbers = Array.from({ length: 300 }, (_, index) => index % 100);
  const answers = await Promise.all(numbers.map((n) => send(url, { body: alertLine(n) })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await store.status()).alerts).toBe(100);
  expect(webhook.stats()).toMatchObject({ lines: 300, added: 100, known: 200, waitingLines: 0 });
});

test("the rejected body stands in the quarantine", async () => {
  const { url, quarantine } = await serve();
  await send(url, { body: '{"rule": 1}' });
  const { path } = await quarantine.status();
  expect(JSON.parse(readFileSync(join(path), "utf8"))).toMatchObject({ source: "webhook", text: '{"rule": 1}' });
});
