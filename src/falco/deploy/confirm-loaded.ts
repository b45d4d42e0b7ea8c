import { basename } from "node:path";
import { describeError } from "../../errors/describe-error.ts";
import { visible } from "../../text/visible.ts";
import type { DeploymentPlan, DeploymentPorts, FalcoHealth } from "./deployment.ts";

/** worse: Falco does not run with the files, or is not as well as before. unconfirmed: nothing says that it has them. */
export type Confirmation =
  | { readonly kind: "confirmed" }
  | { readonly kind: "unconfirmed"; readonly why: string }
  | { readonly kind: "worse"; readonly why: string };

/** Falco tries the new rules out first, then starts anew; with large rule sets and a slow driver that takes its time. */
const LOAD_SECONDS = 60;
/** How long a Falco that does not say what it loaded is given to load it. */
const GRACE_SECONDS = 10;
const LOOK_AGAIN_SECONDS = 10;
/** A supervisor starts a dead Falco again within seconds; nobody should wait longer for one that stays away. */
const GONE_SECONDS = 15;
const POLL_MS = 1_000;
const ANSWER_MS = 10_000;
/** One bad answer may be chance; so many in a row are not. */
const BAD_IN_A_ROW = 2;

export interface ConfirmOptions {
  /** Which files Falco is expected to have. */
  readonly side: "before" | "after";
  readonly baseline: FalcoHealth | undefined;
  readonly watchSeconds: number;
  /** Makes Falco look again, when it has not loaded the files for a while. */
  readonly lookAgain: () => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Waits until the running Falco shows the hashes of the files that changed, then watches for a set time that it stays
 * healthy, keeps them, and neither drops nor alerts out of all proportion to before.
 */
export async function confirmLoaded(
  plan: DeploymentPlan,
  ports: DeploymentPorts,
  options: ConfirmOptions,
): Promise<Confirmation> {
  if (ports.health === undefined) return { kind: "unconfirmed", why: "no running Falco could be asked" };
  const expected = expectation(plan, options.side);
  const loaded = await waitUntilLoaded(expected, ports, options);
  if (loaded.kind === "worse") return loaded;
  let bad = 0;
  for (let second = 0; second < options.watchSeconds; second += 1) {
    await ports.sleep(POLL_MS, options.signal);
    if (options.signal?.aborted) return CANCELLED;
    const fault = faultOf(await askHealth(ports, options.signal), expected, options.baseline);
    bad = fault === undefined ? 0 : bad + 1;
    if (fault !== undefined && bad >= BAD_IN_A_ROW) return { kind: "worse", why: fault };
  }
  return loaded;
}

const CANCELLED: Confirmation = { kind: "worse", why: "it was cancelled" };

async function waitUntilLoaded(
  expected: Expectation,
  ports: DeploymentPorts,
  { signal, lookAgain }: ConfirmOptions,
): Promise<Confirmation> {
  let seen = "nothing";
  let gone = 0;
  for (let second = 0; second < LOAD_SECONDS; second += 1) {
    await ports.sleep(POLL_MS, signal);
    if (signal?.aborted) return CANCELLED;
    const health = await askHealth(ports, signal);
    const loaded = compareHashes(health, expected);
    gone = health.isGone === true ? gone + 1 : 0;
    if (gone >= GONE_SECONDS) return { kind: "worse", why: `no Falco has been running for ${GONE_SECONDS} s` };
    if (!health.healthy) seen = `it is not healthy: ${health.problem ?? "no reason given"}`;
    else if (loaded.kind === "loaded") return { kind: "confirmed" };
    else if (loaded.kind === "other") seen = loaded.what;
    else if (second >= GRACE_SECONDS) return { kind: "unconfirmed", why: UNTOLD };
    if (loaded.kind === "other" && second % LOOK_AGAIN_SECONDS === LOOK_AGAIN_SECONDS - 1) lookAgain();
  }
  return { kind: "worse", why: `Falco did not load the files within ${LOAD_SECONDS} s: ${seen}` };
}

const UNTOLD = "Falco does not say which files it has loaded (its metrics are switched off)";

/** How Falco is now; one that cannot be asked, or does not answer in time, is not healthy. */
export async function askHealth(ports: DeploymentPorts, signal?: AbortSignal): Promise<FalcoHealth> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  const late = new Promise<FalcoHealth>((done) => {
    either.addEventListener("abort", () => done({ healthy: false, problem: "it gave no answer" }), { once: true });
  });
  try {
    return await Promise.race([ports.health?.(either) ?? late, late]);
  } catch (error) {
    const { code, message } = describeError(error);
    if (code === "INTERNAL") ports.log(`asking Falco failed: ${visible(String(error))}`);
    return { healthy: false, problem: code === "INTERNAL" ? "it could not be asked" : message };
  }
}

interface Expectation {
  readonly present: readonly LoadedFile[];
  readonly absent: readonly LoadedFile[];
}

interface LoadedFile {
  readonly path: string;
  readonly sha256: string;
}

/** What tells one set from the other: files that only it has, and files that it has no more. */
function expectation({ loads }: DeploymentPlan, side: "before" | "after"): Expectation {
  const [wanted, other] = side === "after" ? [loads.after, loads.before] : [loads.before, loads.after];
  const hashes = new Map(other.map(({ path, sha256 }) => [path, sha256]));
  const here = new Set(wanted.map(({ path }) => path));
  // Falco tells names without folders: a file that has its namesake's hash cannot be missed.
  const stays = new Set(wanted.map(({ path, sha256 }) => `${sha256} ${basename(path)}`));
  return {
    present: wanted.filter(({ path, sha256 }) => hashes.get(path) !== sha256),
    absent: other.filter(({ path, sha256 }) => !here.has(path) && !stays.has(`${sha256} ${basename(path)}`)),
  };
}

type Compared = { readonly kind: "loaded" | "untold" } | { readonly kind: "other"; readonly what: string };

function compareHashes({ loadedFiles = [] }: FalcoHealth, { present, absent }: Expectation): Compared {
  if (loadedFiles.length === 0 || present.length + absent.length === 0) return { kind: "untold" };
  const hashesOf = (path: string): string[] =>
    loadedFiles
      .filter(({ name }) => name === path || name === basename(path))
      .map(({ sha256 }) => sha256.toLowerCase());
  for (const { path, sha256 } of present) {
    const hashes = hashesOf(path);
    if (hashes.length === 0) return { kind: "other", what: `${JSON.stringify(path)} is not among its files` };
    if (!hashes.includes(sha256)) return { kind: "other", what: `it has another ${JSON.stringify(path)}` };
  }
  const left = absent.find(({ path, sha256 }) => hashesOf(path).includes(sha256));
  return left === undefined
    ? { kind: "loaded" }
    : { kind: "other", what: `${JSON.stringify(left.path)} is still among its files` };
}

function faultOf(now: FalcoHealth, expected: Expectation, before: FalcoHealth | undefined): string | undefined {
  if (!now.healthy) return `Falco is not healthy any more: ${now.problem ?? "no reason given"}`;
  const loaded = compareHashes(now, expected);
  if (loaded.kind === "other") return `Falco does not have the files any more: ${loaded.what}`;
  // A restart alone costs a few events, and a quiet host has none to compare with: only what stands out counts.
  return (
    grown("drops", now.dropsPerSecond, before?.dropsPerSecond, 2, 10) ??
    grown("alerts", now.alertsPerSecond, before?.alertsPerSecond, 10, 50)
  );
}

function grown(
  what: string,
  now: number | undefined,
  before: number | undefined,
  factor: number,
  more: number,
): string | undefined {
  if (now === undefined || before === undefined || now <= before * factor + more) return undefined;
  return `Falco has ${now.toFixed(1)} ${what} a second, ${before.toFixed(1)} before`;
}
