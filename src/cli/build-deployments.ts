import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { healthPort, loadingOf, validatePort } from "../falco/deploy/falco-ports.ts";
import { openDeployments } from "../falco/deploy/open-deployments.ts";
import type { RunningFalco } from "../falco/host/running-falco.ts";
import type { DeploymentPlace, DeploymentWish, Services } from "../mcp/services.ts";
import { log, newId, nowMs } from "./ambient.ts";

export interface DeploymentOptions extends DeploymentWish {
  readonly services: Pick<Services, "home" | "approvals" | "audit" | "inspectFalco">;
  /** The rules folder that is deployed into; without it the one that the running Falco names. */
  readonly folder?: string | undefined;
  /** A Falco binary to validate with instead of looking for one. */
  readonly falcoBin?: string;
  readonly onStep?: (step: string) => void;
}

export interface BuiltDeployments extends DeploymentPlace {
  close(): Promise<void>;
}

/** Deployments with the Falco of this host behind them: the binary found validates, the one that runs is watched. */
export async function buildDeployments(options: DeploymentOptions): Promise<BuiltDeployments> {
  const { services, session, onStep } = options;
  const never = new AbortController().signal;
  const inspect = (signal: AbortSignal = never) => services.inspectFalco(signal);
  const falco = await inspect();
  const folder = options.folder ?? rulesFolderOf(falco);
  const loading = loadingOf(falco, folder ?? "/", inspect);
  const impact = await options.impact?.(loading.load);
  const isThere = falco.process !== undefined || falco.webserver?.health.ok === true;
  const { binary, close } = await openBinary(services.home, options.falcoBin);
  const deployments = openDeployments({
    folder: join(services.home, "deployments"),
    approvals: services.approvals,
    ports: {
      ...(binary === undefined ? {} : { validate: validatePort(binary) }),
      ...(isThere ? { health: healthPort(inspect) } : {}),
      ...(loading.reload === undefined ? {} : { reload: loading.reload }),
      ...(impact === undefined ? {} : { impact }),
      ...(onStep === undefined ? {} : { afterStep: onStep }),
      async record(entry) {
        const details = { command: "rules deploy", ...entry };
        const owner = entry.approvedBy === undefined ? {} : { owner: entry.approvedBy };
        await services.audit.append({ type: "command.run", session, ...owner, details, durable: true });
      },
      log,
      nowMs,
      newId,
      sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    },
  });
  return { deployments, loading, folder, close };
}

/** The last folder that the running Falco loads rules from: what lies there wins over what comes with the package. */
function rulesFolderOf({ configuration, process: sensor }: RunningFalco): string | undefined {
  if (!configuration.ok || sensor?.ownFiles === true) return undefined;
  return configuration.value.ruleFiles.findLast(({ path, entry }) => path !== entry)?.entry;
}

async function openBinary(home: string, falcoBin: string | undefined) {
  const { findFalco } = await import("../falco/binary/find-falco.ts");
  const { openFalco } = await import("../falco/binary/open-falco.ts");
  const { found } = await findFalco({
    named: falcoBin,
    path: process.env.PATH ?? "",
    uid: process.getuid?.() ?? -1,
    nowMs,
  });
  if (found === undefined) return { binary: undefined, close: async () => {} };
  const binary = openFalco(found, { runsFolder: join(home, "falco-runs"), nowMs, newId });
  return { binary, close: () => binary.close() };
}
