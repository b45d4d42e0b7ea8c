import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** The webserver of a Falco that watches one rules folder: what /healthz, /versions and /metrics of 0.44.0 answer. */
export interface RunningFalco {
  readonly url: string;
  /** What it does from now on: loads what lies there, keeps what it has, or answers that it is unwell. */
  behave(how: "watching" | "deaf" | "unwell after a reload"): void;
  close(): Promise<void>;
}

const VERSIONS =
  '{"default_driver_version":"0.0.0-local","driver_api_version":"10.0.0","driver_schema_version":"4.3.0","engine_version":"63","engine_version_semver":"0.63.0","falco_version":"0.44.0","libs_version":"0.0.0-local","plugin_api_version":"3.12.0","plugin_versions":{"container":"0.7.1"}}';

export async function startRunningFalco(folder: string): Promise<RunningFalco> {
  let how: Parameters<RunningFalco["behave"]>[0] = "watching";
  let loaded = metricsOf(folder);
  let reloads = 0;
  let healthy = 0;
  const server = createServer((request, response) => {
    const now = metricsOf(folder);
    if (how !== "deaf" && now !== loaded) {
      loaded = now;
      reloads += 1;
    }
    if (request.url === "/healthz") {
      // Well enough to load, and then no more, until it is reloaded again.
      const isUnwell = how === "unwell after a reload" && reloads === 1 && healthy > 2;
      if (reloads === 1) healthy += 1;
      response.writeHead(isUnwell ? 500 : 200, { "content-type": "application/json" });
      response.end(isUnwell ? "" : '{"status": "ok"}');
    } else if (request.url === "/versions") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(VERSIONS);
    } else {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
      response.end(loaded);
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave: (next) => {
      how = next;
      [reloads, healthy] = [0, 0];
    },
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

function metricsOf(folder: string): string {
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => {
      const sha256 = createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex");
      return `falcosecurity_falco_sha256_rules_files_info{file_name="${name}",sha256="${sha256}"} 1\n`;
    });
  return [
    'falcosecurity_falco_version_info{version="0.44.0"} 1\n',
    ...files,
    "falcosecurity_scap_n_drops_total 0\n",
    "falcosecurity_falco_outputs_queue_num_drops_total 0\n",
    "falcosecurity_falco_start_timestamp_nanoseconds 1795312649127997527\n",
  ].join("");
}
