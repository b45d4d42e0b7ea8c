import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import type { Services } from "../mcp/services.ts";
import { log, nowMs } from "./ambient.ts";

const FIRST_LOOK_MS = 60_000;
const LOOK_AGAIN_MS = 3_600_000;

export interface Upkeep {
  /** Ends what is under way; a month that is not finished stays as it was. */
  stop(): void;
}

/**
 * What a server does for its home beside answering: retention once a day, in a child of low priority because the server's
 * own thread belongs to whoever asks, and deployments that a former process was killed in, where changes are allowed.
 */
export function startUpkeep(services: Services): Upkeep {
  let child: ChildProcess | undefined;
  const look = async (): Promise<void> => {
    if (child !== undefined || !existsSync(join(services.home, "alerts"))) return;
    const { isRetentionDue } = await import("../store/cold/apply-retention.ts");
    if (!isRetentionDue(join(services.home, "alerts"), nowMs())) return;
    child = applyRetention(services.home, () => {
      child = undefined;
    });
  };
  const guarded = (): void => void look().catch((error) => log(`retention: ${String(error)}`));
  const first = setTimeout(guarded, FIRST_LOOK_MS).unref();
  const again = setInterval(guarded, LOOK_AGAIN_MS).unref();
  if (services.changesAllowed) void settleDeployments(services);
  return {
    stop() {
      clearTimeout(first);
      clearInterval(again);
      child?.kill("SIGTERM");
    },
  };
}

function applyRetention(home: string, onEnd: () => void): ChildProcess {
  const [program = ""] = process.argv.slice(1);
  const child = spawn(process.execPath, [program, "retention", "apply", "--home", home], { stdio: "ignore" });
  child.once("error", (error) => log(`retention: ${error.message}`));
  child.once("close", (code) => {
    if (code !== 0 && code !== null) log("retention was not applied: run falco-skills retention apply to see why");
    onEnd();
  });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  return child;
}

async function settleDeployments(services: Services): Promise<void> {
  if (!existsSync(join(services.home, "deployments"))) return;
  try {
    const { deployments } = await services.deployments({ session: "server" });
    for (const { id, state, why } of await deployments.recover()) {
      log(`deployment ${id} was cut off and is settled now: ${state}${why === undefined ? "" : `, ${why}`}`);
    }
  } catch (error) {
    log(`deployments could not be settled: ${String(error)}`);
  }
}
