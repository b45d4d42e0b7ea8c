import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Approvals } from "../falco/approvals/approval.ts";
import { openApprovals } from "../falco/approvals/open-approvals.ts";
import type { FalcoBinary } from "../falco/binary/falco-binary.ts";
import type { RunningFalco } from "../falco/host/running-falco.ts";
import type { Feed } from "../mcp/services.ts";
import type { Engines } from "../runs/choose-engine.ts";
import { newId, nowMs } from "./ambient.ts";
import type { BuildOptions } from "./build-services.ts";

export interface FalcoOptions extends Pick<BuildOptions, "home" | "falcoBin" | "falcoUrl" | "falcoConfig"> {
  readonly hostname: string;
  readonly feeds: () => readonly Feed[];
}

/** Everything about the real Falco: nothing is looked for, started or loaded before it is asked for. */
export interface BuiltFalco {
  readonly engines: () => Promise<Engines>;
  readonly inspect: (signal: AbortSignal) => Promise<RunningFalco>;
  readonly approvals: Approvals;
  close(): Promise<void>;
}

export function buildFalco({ home, falcoBin, falcoUrl, falcoConfig, hostname, feeds }: FalcoOptions): BuiltFalco {
  let engines: Promise<Engines> | undefined;
  let binary: FalcoBinary | undefined;

  async function find(): Promise<Engines> {
    const { findFalco } = await import("../falco/binary/find-falco.ts");
    const { openFalco } = await import("../falco/binary/open-falco.ts");
    const { embeddedEngine } = await import("../runs/embedded-engine.ts");
    const { falcoEngine } = await import("../runs/falco-engine.ts");
    const { ENGINE_VERSION } = await import("../rules/load-settings.ts");
    const search = await findFalco({
      named: falcoBin,
      path: process.env.PATH ?? "",
      uid: process.getuid?.() ?? -1,
      nowMs,
    });
    if (search.found !== undefined) {
      binary = openFalco(search.found, { runsFolder: join(home, "falco-runs"), nowMs, newId: randomUUID, hostname });
    }
    return {
      embedded: (engineVersion = ENGINE_VERSION) => embeddedEngine(engineVersion, hostname),
      falco: binary === undefined ? undefined : falcoEngine(binary),
      binary,
      search,
    };
  }

  return {
    approvals: openApprovals({ folder: join(home, "approvals"), nowMs, newId }),
    engines() {
      // A search that failed is tried again: what was in its way may be gone.
      engines ??= find().catch((error) => {
        engines = undefined;
        throw error;
      });
      return engines;
    },
    async inspect(signal) {
      const { inspectFalco } = await import("../falco/host/inspect-falco.ts");
      const fed = feeds();
      const webhook = fed.find(({ kind }) => kind === "webhook");
      return inspectFalco({
        nowMs,
        signal,
        followedFiles: fed.filter(({ kind }) => kind === "file").map(({ name }) => name),
        ...(falcoUrl === undefined ? {} : { url: falcoUrl }),
        ...(falcoConfig === undefined ? {} : { configPath: falcoConfig }),
        ...(webhook === undefined ? {} : { webhook: webhook.name }),
      });
    },
    async close() {
      await binary?.close();
    },
  };
}
