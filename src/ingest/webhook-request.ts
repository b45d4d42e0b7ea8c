import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import {
  alertRejected,
  bodyTooLarge,
  foreignRequest,
  noSuchPath,
  unauthorized,
  wrongContent,
  wrongMethod,
} from "./errors.ts";

export interface RequestRules {
  /** Bound to loopback: only requests that name this machine are meant for us (DNS rebinding). */
  readonly loopback: boolean;
  readonly token: string | undefined;
  readonly bodyBytes: number;
}

type RequestHead = Pick<IncomingMessage, "method" | "url" | "headers">;

/**
 * What a request asks for, judged on its head alone. Fails with INGEST_NO_SUCH_PATH, INGEST_METHOD,
 * INGEST_REQUEST_FOREIGN, INGEST_UNAUTHORIZED, INGEST_CONTENT_TYPE or INGEST_BODY_TOO_LARGE.
 */
export function judgeRequest({ method, url = "", headers }: RequestHead, rules: RequestRules): "health" | "alerts" {
  const path = url.split("?", 1)[0];
  if (path !== "/" && path !== "/healthz") throw noSuchPath();
  if (rules.loopback && !namesLoopback(headers.host)) throw foreignRequest("the request names another host");
  // Falco and falcosidekick send neither; every browser sends one of them with a POST.
  if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) {
    throw foreignRequest("the request was sent by a web page");
  }
  if (path === "/healthz") {
    if (method !== "GET" && method !== "HEAD") throw wrongMethod("GET");
    return "health";
  }
  if (method !== "POST") throw wrongMethod("POST");
  if (rules.token !== undefined) checkToken(headers.authorization, rules.token);
  checkContent(headers);
  if (Number(headers["content-length"] ?? 0) > rules.bodyBytes) throw bodyTooLarge(rules.bodyBytes);
  return "alerts";
}

/** The methods a path takes, for the Allow header. */
export function allowedMethods(url = ""): string {
  return url.startsWith("/healthz") ? "GET, HEAD" : "POST";
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

function namesLoopback(host = ""): boolean {
  const name = /^(?:\[([0-9a-f:]+)\]|([^:]*))(?::[0-9]{1,5})?$/i.exec(host);
  return name !== null && isLoopback((name[1] ?? name[2] ?? "").toLowerCase());
}

function checkToken(authorization: string | undefined, token: string): void {
  const sent = sentToken(authorization);
  // Hashes have one length, so the comparison tells nothing about the token's.
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (sent === undefined || !timingSafeEqual(digest(sent), digest(token))) throw unauthorized(sent !== undefined);
}

/** A bearer token, or the password of Basic authentication: what curl, and so Falco, makes of `http://user:token@host`. */
function sentToken(authorization = ""): string | undefined {
  const space = authorization.indexOf(" ");
  const scheme = authorization.slice(0, space).toLowerCase();
  const value = authorization.slice(space + 1).trim();
  if (scheme === "bearer") return value;
  if (scheme !== "basic") return undefined;
  const pair = Buffer.from(value, "base64").toString("utf8");
  return pair.includes(":") ? pair.slice(pair.indexOf(":") + 1) : undefined;
}

const JSON_TYPES: ReadonlySet<string> = new Set([
  "application/json",
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/json-lines",
]);

function checkContent(headers: IncomingHttpHeaders): void {
  const [type = "", ...parameters] = (headers["content-type"] ?? "of no content type").split(";");
  const charset = parameters.map((part) => /^\s*charset="?([^"]*)"?\s*$/i.exec(part)?.[1]).find(Boolean);
  const utf8 = charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset);
  if (!JSON_TYPES.has(type.trim().toLowerCase()) || !utf8) {
    throw wrongContent(headers["content-type"] ?? "of no content type");
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (!/^(?:identity|gzip|x-gzip|deflate)$/i.test(encoding)) throw wrongContent(`encoded with ${encoding}`);
}

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** A request's body, unpacked. Fails with INGEST_BODY_TOO_LARGE before more than the limit is in memory. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) throw bodyTooLarge(limitBytes);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks, length);
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity") return body;
  try {
    const unpack = encoding === "deflate" ? unpackers.deflate : unpackers.gzip;
    return await unpack(body, { maxOutputLength: limitBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw bodyTooLarge(limitBytes);
    throw alertRejected(`the body is no whole ${encoding} data`);
  }
}
