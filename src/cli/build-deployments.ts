import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { healthPort, loadingOf, validatePort } from "../falco/deploy/falco-ports.ts";
import { openDeployments } from "../falco/deploy/open-deployments.ts";
import type { RunningFalco } from "../falco/host/running-falco.ts";
import type { DeploymentPlace, DeploymentWish, Services } from "../mcp/services.ts";
import { log, newId, nowMs } from "./ambient.ts";

export interface DeploymentOptions extends DeploymentWish {
  readonly services: Pick<Services, "home" | "approvals" | "audit" | "inspectFalco" | "engines">;
  /** The rules folder that is deployed into; without it the one that the running Falco names. */
  readonly folder?: string | undefined;
  readonly onStep?: (step: string) => void;
}

/** Deployments with the Falco of this host behind them: the binary found validates, the one that runs is watched. */
export async function buildDeployments(options: DeploymentOptions): Promise<DeploymentPlace> {
  const { services, session, onStep } = options;
  const never = new AbortController().signal;
  const inspect = (signal: AbortSignal = never) => services.inspectFalco(signal);
  const falco = await inspect();
  const folder = options.folder ?? rulesFolderOf(falco);
  const loading = loadingOf(falco, folder ?? "/", inspect);
  const impact = await options.impact?.(loading.load);
  const isThere = falco.process !== undefined || falco.webserver?.health.ok === true;
  const { binary } = await services.engines();
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
  return { deployments, loading, folder };
}

/** The last folder that the running Falco loads rules from: what lies there wins over what comes with the package. */
function rulesFolderOf({ configuration, process: sensor }: RunningFalco): string | undefined {
  if (!configuration.ok || sensor?.ownFiles === true) return undefined;
  return configuration.value.ruleFiles.findLast(({ path, entry }) => path !== entry)?.entry;
}
