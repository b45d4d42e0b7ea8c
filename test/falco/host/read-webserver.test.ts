import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTcp, type Socket, type Server as TcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { falcoAddress, sameListener, withoutSecrets } from "../../../src/falco/host/falco-address.ts";
import { readWebserver } from "../../../src/falco/host/read-webserver.ts";
import { HEALTH, METRICS, VERSIONS } from "./recorded.ts";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function listen(server: TcpServer): Promise<URL> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
}

const serve = (listener: RequestListener) => listen(createServer(listener));

const json = (response: ServerResponse, text: string) => {
  response.setHeader("content-type", "application/json");
  response.end(text);
};

/** A server that plays Falco, but for one path. */
const almostFalco = (path: string, act: RequestListener) =>
  serve((request, response) => {
    if (request.url === path) act(request, response);
    else if (request.url === "/healthz") json(response, HEALTH);
    else if (request.url === "/versions") json(response, VERSIONS);
    else if (request.url === "/metrics") {
      response.setHeader("content-type", "text/plain; version=0.0.4");
      response.end(METRICS);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });

const ask = (address: URL, more: { timeoutMs?: number; healthPath?: string; signal?: AbortSignal } = {}) =>
  readWebserver({ address, from: "falco.yaml", timeoutMs: 1_500, ...more });

test("a Falco 0.44", async () => {
  const address = await almostFalco("/none", () => {});
  expect(await ask(address)).toMatchObject({
    url: address.origin,
    health: { ok: true, value: { status: "ok" } },
    versions: {
      ok: true,
      value: {
        falco: "0.44.0",
        engine: "0.63.0",
        libs: "0.0.0-local",
        pluginApi: "3.12.0",
        driverApi: "10.0.0",
        driverSchema: "4.3.0",
        defaultDriver: "0.0.0-local",
        plugins: [{ name: "container", version: "0.7.1" }],
      },
    },
    metrics: { ok: true, value: { version: "0.44.0" } },
  });
});

test("an engine version of before 0.37, and no plugins", async () => {
  const address = await almostFalco("/versions", (_request, response) =>
    json(response, '{"falco_version":"0.36.2","engine_version":26}'.replace("26", '"26"')),
  );
  const { versions } = await ask(address);
  expect(versions).toEqual({ ok: true, value: { falco: "0.36.2", engine: "0.26.0", plugins: [] } });
});

test("another path of health", async () => {
  const address = await almostFalco("/live", (_request, response) => json(response, HEALTH));
  expect((await ask(address, { healthPath: "/live" })).health.ok).toBe(true);
});

/** Liars: what they do on one path, and how that path's part fails while the others do not. */
test.each<[string, string, RequestListener, string]>([
  ["another word", "/healthz", (_, response) => json(response, '{"status":"fine"}'), "FALCO_WEB_FOREIGN"],
  ["a list", "/healthz", (_, response) => json(response, '["ok"]'), "FALCO_WEB_FOREIGN"],
  ["text of type JSON", "/healthz", (_, response) => json(response, "ok"), "FALCO_WEB_FOREIGN"],
  [
    "JSON of type HTML",
    "/healthz",
    (_, response) => void response.setHeader("content-type", "text/html").end(HEALTH),
    "FALCO_WEB_FOREIGN",
  ],
  ["no type", "/healthz", (_, response) => void response.end(HEALTH), "FALCO_WEB_FOREIGN"],
  ["404", "/healthz", (_, response) => void response.writeHead(404).end(), "FALCO_WEB_FOREIGN"],
  ["500", "/healthz", (_, response) => void response.writeHead(500).end(HEALTH), "FALCO_WEB_FOREIGN"],
  [
    "a redirect",
    "/healthz",
    (_, response) => void response.writeHead(302, { location: "/versions" }).end(),
    "FALCO_WEB_FOREIGN",
  ],
  [
    "a packed body",
    "/healthz",
    (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
    "FALCO_WEB_FOREIGN",
  ],
  [
    "a huge header",
    "/healthz",
    (_, response) =>
      void response.writeHead(200, { "content-type": "application/json", "x-a": "a".repeat(20_000) }).end(HEALTH),
    "FALCO_WEB_FOREIGN",
  ],
  ["never an answer", "/healthz", () => {}, "FALCO_WEB_TIMEOUT"],
  [
    "a cut body",
    "/healthz",
    (_, response) =>
      void response
        .writeHead(200, { "content-length": "99", "content-type": "application/json" })
        .write(HEALTH, () => response.destroy()),
    "FALCO_WEB_UNREACHABLE",
  ],
  [
    "a size that is too large",
    "/healthz",
    (_, response) => void response.writeHead(200, { "content-length": "9999999" }).write("x"),
    "FALCO_WEB_TOO_LARGE",
  ],
  ["an endless body", "/metrics", (_, response) => flood(response), "FALCO_WEB_TOO_LARGE"],
  ["a slow drip", "/metrics", (_, response) => drip(response), "FALCO_WEB_TIMEOUT"],
  ["no /metrics", "/metrics", (_, response) => void response.writeHead(404).end(), "FALCO_METRICS_OFF"],
  [
    "another's metrics",
    "/metrics",
    (_, response) => void response.setHeader("content-type", "text/plain").end("go_info 1\n"),
    "FALCO_WEB_FOREIGN",
  ],
  ["versions without a version", "/versions", (_, response) => json(response, "{}"), "FALCO_WEB_FOREIGN"],
  [
    "a version with an escape",
    "/versions",
    (_, response) => json(response, '{"falco_version":"\\u001b[31m"}'),
    "FALCO_WEB_FOREIGN",
  ],
])("%s at %s", async (_what, path, act, code) => {
  const address = await almostFalco(path, act);
  const { health, versions, metrics } = await ask(address);
  const parts = { "/healthz": health, "/versions": versions, "/metrics": metrics };
  for (const [part, answer] of Object.entries(parts)) {
    if (part === path) expect(answer).toMatchObject({ ok: false, fault: { code, fix: expect.any(String) } });
    else expect(answer.ok).toBe(true);
  }
});

function flood(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/plain" });
  const chunk = "falcosecurity_x 1\n".repeat(5_000);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  more();
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/plain" });
  const timer = setInterval(() => response.write("f"), 50);
  response.on("close", () => clearInterval(timer));
}

test.each<[string, (socket: Socket) => void, string]>([
  ["no HTTP", (socket) => void socket.end("SSH-2.0-OpenSSH_9.6\r\n"), "FALCO_WEB_FOREIGN"],
  ["a closed connection", (socket) => void socket.end(), "FALCO_WEB_UNREACHABLE"],
  ["silence", () => {}, "FALCO_WEB_TIMEOUT"],
])("a port with %s", async (_what, act, code) => {
  const address = await listen(createTcp(act));
  const answer = await ask(address, { timeoutMs: 500 });
  for (const part of [answer.health, answer.versions, answer.metrics]) {
    expect(part).toMatchObject({ ok: false, fault: { code } });
  }
});

test("a port where nothing listens", async () => {
  const address = await listen(createTcp(() => {}));
  for (const close of open.splice(0)) close();
  expect((await ask(address)).health).toMatchObject({
    ok: false,
    fault: { code: "FALCO_WEB_UNREACHABLE", message: expect.stringContaining("nothing listens there") },
  });
});

test("a cancelled question ends at once", async () => {
  const address = await serve(() => {});
  const abort = new AbortController();
  const answer = ask(address, { timeoutMs: 30_000, signal: abort.signal });
  abort.abort();
  expect((await answer).health).toMatchObject({ ok: false, fault: { code: "CANCELLED" } });
});

test.each([
  ["http://127.0.0.1:8765", "http://127.0.0.1:8765/"],
  ["https://falco.example/path?x#y", "https://falco.example/"],
  ["http://[::1]:1", "http://[::1]:1/"],
])("%s is an address", (text, href) => {
  expect(falcoAddress(text).href).toBe(href);
});

test.each(["", "127.0.0.1:8765", "ftp://a", "file:///etc/falco", "http://u:secret@a/", "javascript:alert(1)"])(
  "%j is none, and no password is repeated",
  (text) => {
    expect(() => falcoAddress(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    try {
      falcoAddress(text);
    } catch (error) {
      expect((error as Error).message).not.toContain("secret");
    }
  },
);

test("secrets of URLs are left out, and loopback has many names", () => {
  expect(withoutSecrets("http://falco:token@host:1/a?key=b#c")).toBe("http://host:1/a");
  expect(sameListener("http://localhost:2803/", "http://falco:t@127.0.0.1:2803")).toBe(true);
  expect(sameListener("http://[::1]:2803/", "http://127.9.9.9:2803")).toBe(true);
  expect(sameListener("http://127.0.0.1:2803/", "http://127.0.0.1:2804")).toBe(false);
  expect(sameListener("https://a/", "https://a:443/x")).toBe(true);
  expect(sameListener("no url", "no url")).toBe(false);
});
