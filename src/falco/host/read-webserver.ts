import { describeError } from "../../errors/describe-error.ts";
import * as wrong from "./errors.ts";
import { readFalcoMetrics } from "./falco-metrics.ts";
import type { FalcoMetrics, FalcoVersions, FalcoWebserver, Part } from "./running-falco.ts";
import { askWeb, type WebAnswer } from "./web-answer.ts";

export interface WebserverQuestion {
  /** As `falcoAddress` gives it. */
  readonly address: URL;
  readonly from: FalcoWebserver["from"];
  /** webserver.k8s_healthz_endpoint; /healthz by default. */
  readonly healthPath?: string;
  /** For each of the three answers, whole; 2000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const LIMITS = { health: 4_096, versions: 65_536, metrics: 8 * 1024 * 1024 };
const MOST_PLUGINS = 200;

/**
 * What the webserver of a Falco says of health, versions and metrics, each with its own failure; three requests at once.
 * An answer counts only when it is Falco's by type and shape: another program on the port must not pass for a sensor.
 */
export async function readWebserver(question: WebserverQuestion): Promise<FalcoWebserver> {
  const { address, from, healthPath = "/healthz", timeoutMs = 2_000, signal } = question;
  const ask = (path: string, maxBytes: number) => {
    const url = new URL(address);
    url.pathname = path;
    return askWeb({ url, timeoutMs, maxBytes, ...(signal === undefined ? {} : { signal }) });
  };
  const [health, versions, metrics] = await Promise.all([
    partly(ask(healthPath, LIMITS.health), (answer) => readHealth(answer, address, healthPath)),
    partly(ask("/versions", LIMITS.versions), (answer) => readVersions(answer, address)),
    partly(ask("/metrics", LIMITS.metrics), (answer) => readMetrics(answer, address)),
  ]);
  return { url: address.origin, from, health, versions, metrics };
}

async function partly<Value>(answer: Promise<WebAnswer>, read: (answer: WebAnswer) => Value): Promise<Part<Value>> {
  try {
    return { ok: true, value: read(await answer) };
  } catch (error) {
    return { ok: false, fault: describeError(error) };
  }
}

function readHealth(answer: WebAnswer, { origin }: URL, path: string): { readonly status: string } {
  const place = `${origin}${path}`;
  const status = jsonOf(answer, place).status;
  if (status !== "ok") throw wrong.foreign(place, "JSON without status ok");
  return { status };
}

function readVersions(answer: WebAnswer, { origin }: URL): FalcoVersions {
  const place = `${origin}/versions`;
  const said = jsonOf(answer, place);
  const falco = said.falco_version;
  if (!isVersionText(falco)) throw wrong.foreign(place, "JSON without falco_version");
  const engine = engineOf(said.engine_version_semver ?? said.engine_version);
  const plugins = isRecord(said.plugin_versions) ? Object.entries(said.plugin_versions) : [];
  return {
    falco,
    ...(engine === undefined ? {} : { engine }),
    ...named("libs", said.libs_version),
    ...named("pluginApi", said.plugin_api_version),
    ...named("driverApi", said.driver_api_version),
    ...named("driverSchema", said.driver_schema_version),
    ...named("defaultDriver", said.default_driver_version),
    plugins: plugins
      .slice(0, MOST_PLUGINS)
      .flatMap(([name, version]) => (isVersionText(version) ? [{ name: name.slice(0, 200), version }] : [])),
  };
}

function readMetrics(answer: WebAnswer, { origin }: URL): FalcoMetrics {
  const place = `${origin}/metrics`;
  if (answer.status === 404) throw wrong.noMetrics(place);
  if (!/^text\/plain\b/.test(answer.contentType)) throw wrong.foreign(place, typeInWords(answer));
  const metrics = readFalcoMetrics(answer.text);
  if (metrics === undefined) throw wrong.foreign(place, "no metric of Falco's");
  return metrics;
}

function jsonOf(answer: WebAnswer, place: string): Record<string, unknown> {
  if (answer.status === 404) throw wrong.foreign(place, "status 404");
  if (!/^application\/json\b/.test(answer.contentType)) throw wrong.foreign(place, typeInWords(answer));
  let value: unknown;
  try {
    value = JSON.parse(answer.text);
  } catch {
    throw wrong.foreign(place, "text that is no JSON");
  }
  if (!isRecord(value)) throw wrong.foreign(place, "JSON that is no object");
  return value;
}

function typeInWords({ contentType }: WebAnswer): string {
  return contentType === "" ? "no content type" : `content type ${JSON.stringify(contentType.slice(0, 100))}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isVersionText = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,99}$/.test(value);

/** Falco before 0.37 gives the engine's version as a number alone. */
function engineOf(value: unknown): string | undefined {
  if (!isVersionText(value)) return undefined;
  return /^\d+$/.test(value) ? `0.${value}.0` : value;
}

function named<Key extends string>(key: Key, value: unknown): { readonly [K in Key]?: string } {
  return isVersionText(value) ? ({ [key]: value } as { readonly [K in Key]?: string }) : {};
}
