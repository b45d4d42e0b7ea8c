import { isIP } from "node:net";
import * as wrong from "./errors.ts";

/**
 * The address of a Falco's webserver that a person named: scheme, host and port, nothing else of it.
 * Fails with INVALID_ARGUMENT for anything but http and https, and for credentials, which Falco's webserver does not know.
 */
export function falcoAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw wrong.noAddress(text, "is no http or https address");
  }
  if (url.username !== "" || url.password !== "") throw wrong.noAddress(withoutSecrets(text), "carries a password");
  return new URL(`${url.protocol}//${url.host}/`);
}

/** Whether a host, as URLs write it, is this machine's loopback. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** A URL without what may be a secret: user, password, query and fragment. Other texts as they are, cut at 200. */
export function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return text.slice(0, 200);
  const url = new URL(text);
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  return url.href.slice(0, 200);
}

/** Whether both URLs lead to the same listener: scheme, host (all loopback names are one) and port. */
export function sameListener(a: string, b: string): boolean {
  if (!URL.canParse(a) || !URL.canParse(b)) return false;
  const [one, other] = [new URL(a), new URL(b)];
  const host = (url: URL) => (isLoopback(url.hostname) ? "loopback" : url.hostname);
  const port = (url: URL) => url.port || (url.protocol === "https:" ? "443" : "80");
  return one.protocol === other.protocol && host(one) === host(other) && port(one) === port(other);
}
