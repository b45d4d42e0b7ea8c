import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import * as wrong from "./errors.ts";
import { isLoopback } from "./falco-address.ts";

export interface WebQuestion {
  /** http or https address without credentials. */
  readonly url: URL;
  /** For the whole answer, from the connection to its last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface WebAnswer {
  readonly status: 200 | 404;
  readonly contentType: string;
  readonly text: string;
}

const MOST_HEADER_BYTES = 16_384;

/**
 * The answer to a GET, its body as text; of a 404 only that it is one. One connection of its own: no redirect is followed, no proxy is asked and
 * nothing is sent but the request line. Fails with FALCO_WEB_UNREACHABLE, FALCO_WEB_TIMEOUT, FALCO_WEB_TOO_LARGE,
 * FALCO_WEB_FOREIGN or CANCELLED.
 */
export function askWeb({ url, timeoutMs, maxBytes, signal }: WebQuestion): Promise<WebAnswer> {
  const place = url.href;
  return new Promise((resolve, reject) => {
    const secure = url.protocol === "https:";
    const request = (secure ? httpsRequest : httpRequest)(url, {
      agent: secure ? new HttpsAgent() : new HttpAgent(),
      maxHeaderSize: MOST_HEADER_BYTES,
      headers: { accept: "*/*", "accept-encoding": "identity", connection: "close" },
      // Falco's certificate on its own host is self-signed as a rule, and plain HTTP there proves no more.
      ...(secure ? { rejectUnauthorized: !isLoopback(url.hostname) } : {}),
    });
    const end = (act: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      act();
      request.destroy();
    };
    const fail = (error: Error) => end(() => reject(error));
    const cancel = () => fail(wrong.cancelled());
    const timer = setTimeout(() => fail(wrong.timedOut(place, timeoutMs)), timeoutMs);
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted === true) return cancel();
    request.on("error", (error) => fail(wrong.unreachable(place, error)));
    request.on("response", (response) => {
      const refusal = refuse(response, place, maxBytes);
      if (refusal !== undefined) return fail(refusal);
      if (response.statusCode === 404) return end(() => resolve({ status: 404, contentType: "", text: "" }));
      takeBody(response, maxBytes, place).then((answer) => end(() => resolve(answer)), fail);
    });
    request.end();
  });
}

function refuse({ statusCode, headers }: IncomingMessage, place: string, maxBytes: number): Error | undefined {
  if (statusCode !== 200 && statusCode !== 404) return wrong.otherStatus(place, statusCode ?? 0);
  if ((headers["content-encoding"] ?? "identity") !== "identity") return wrong.foreign(place, "a packed body");
  if (Number(headers["content-length"] ?? 0) > maxBytes) return wrong.tooLarge(place, maxBytes);
  return undefined;
}

async function takeBody(response: IncomingMessage, maxBytes: number, place: string): Promise<WebAnswer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw wrong.tooLarge(place, maxBytes);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? wrong.unreachable(place, error) : wrong.cutOff(place, error);
  }
  return {
    status: 200,
    contentType: response.headers["content-type"] ?? "",
    text: Buffer.concat(parts).toString("utf8"),
  };
}
