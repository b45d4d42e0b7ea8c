import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Approvals } from "../falco/approvals/approval.ts";
import { openApprovals } from "../falco/approvals/open-approvals.ts";
import type { FalcoBinary } from "../falco/binary/falco-binary.ts";
import type { Engines } from "../runs/choose-engine.ts";
import { newId, nowMs } from "./ambient.ts";

export interface FalcoOptions {
  readonly home: string;
  readonly falcoBin: string | undefined;
  readonly hostname: string;
}

/** Everything about the real Falco: nothing is looked for, started or loaded before it is asked for. */
export interface BuiltFalco {
  readonly engines: () => Promise<Engines>;
  readonly approvals: Approvals;
  close(): Promise<void>;
}

export function buildFalco({ home, falcoBin, hostname }: FalcoOptions): BuiltFalco {
  let engines: Promise<Engines> | undefined;
  let binary: FalcoBinary | undefined;

  async function find(): Promise<Engines> {
    const { findFalco } = await import("../falco/binary/find-falco.ts");
    const { openFalco } = await import("../falco/binary/open-falco.ts");
    const { embeddedEngine } = await import("../runs/embedded-engine.ts");
    const { falcoEngine } = await import("../runs/falco-engine.ts");
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
      embedded: (engineVersion) => embeddedEngine(engineVersion, hostname),
      falco: binary === undefined ? undefined : falcoEngine(binary),
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
    async close() {
      await binary?.close();
    },
  };
}
