import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { falcoAddress } from "../falco/host/falco-address.ts";

/** The options of `serve` as commander hands them over: flags first, then FALCO_SKILLS_* variables, then defaults. */
export interface ServeFlags {
  readonly home?: string;
  readonly readOnly?: boolean;
  readonly allowChanges?: boolean;
  readonly toolsets?: readonly string[];
  readonly excludeTools?: readonly string[];
  readonly alerts?: readonly string[];
  readonly alertsRoot?: readonly string[];
  readonly rulesRoot?: readonly string[];
  readonly capturesRoot?: readonly string[];
  readonly listen?: string;
  readonly listenToken?: string;
  readonly headsFolder?: string;
  readonly falcoBin?: string;
  readonly falcoUrl?: string;
  readonly falcoConfig?: string;
  readonly deployInto?: string;
  readonly maxResultChars?: number;
  readonly repair?: boolean;
}

export interface Settings {
  readonly home: string;
  readonly readOnly: boolean;
  readonly allowChanges: boolean;
  readonly toolsets: readonly string[] | undefined;
  readonly excludeTools: readonly string[];
  /** Files to follow. */
  readonly alerts: readonly string[];
  /** Folders the model may import alert files from. */
  readonly alertRoots: readonly string[];
  /** Folders the model may load rule files from. */
  readonly ruleRoots: readonly string[];
  /** Folders the model may read captures and event files from. */
  readonly captureRoots: readonly string[];
  readonly listen: { readonly host: string; readonly port: number; readonly token?: string } | undefined;
  /** Where each signed head of the audit trail is copied to: a folder or a git repository. */
  readonly headsFolder?: string;
  /** A Falco binary to use instead of looking for one. */
  readonly falcoBin?: string;
  /** Where the webserver of a running Falco answers. */
  readonly falcoUrl?: string;
  /** The falco.yaml of a running Falco. */
  readonly falcoConfig?: string;
  /** The rules folder of Falco that deployments write into. */
  readonly deployInto?: string;
  readonly maxResultChars: number;
  readonly repair: boolean;
}

/** Checked settings. Fails with INVALID_ARGUMENT. */
export function readSettings(flags: ServeFlags, environment: NodeJS.ProcessEnv): Settings {
  const alerts = (flags.alerts ?? []).map((path) => resolve(path));
  const readOnly = flags.readOnly === true || isOn("FALCO_SKILLS_READ_ONLY", environment);
  const roots = (flags.alertsRoot ?? []).map((path) => resolve(path));
  return {
    home: homeFolder(flags.home, environment),
    readOnly,
    allowChanges: !readOnly && (flags.allowChanges === true || isOn("FALCO_SKILLS_ALLOW_CHANGES", environment)),
    toolsets: flags.toolsets,
    excludeTools: flags.excludeTools ?? [],
    alerts,
    alertRoots: [...new Set([...roots, ...alerts.map(dirname)])],
    ruleRoots: (flags.rulesRoot ?? []).map((path) => resolve(path)),
    captureRoots: (flags.capturesRoot ?? []).map((path) => resolve(path)),
    listen: flags.listen === undefined ? undefined : listenAddress(flags.listen, flags.listenToken),
    ...(flags.headsFolder === undefined ? {} : { headsFolder: resolve(flags.headsFolder) }),
    ...(flags.falcoBin === undefined ? {} : { falcoBin: resolve(flags.falcoBin) }),
    ...(flags.falcoUrl === undefined ? {} : { falcoUrl: falcoAddress(flags.falcoUrl).href }),
    ...(flags.falcoConfig === undefined ? {} : { falcoConfig: resolve(flags.falcoConfig) }),
    ...(flags.deployInto === undefined ? {} : { deployInto: resolve(flags.deployInto) }),
    maxResultChars: flags.maxResultChars ?? 20_000,
    repair: flags.repair === true,
  };
}

/** The data folder: the flag, else the platform's place for data of programs. */
export function homeFolder(flag: string | undefined, environment: NodeJS.ProcessEnv): string {
  if (flag !== undefined && flag !== "") return resolve(flag);
  if (process.platform === "win32") {
    return join(environment.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "falco-skills");
  }
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "falco-skills");
  const data = environment.XDG_DATA_HOME;
  return join(data?.startsWith("/") ? data : join(homedir(), ".local", "share"), "falco-skills");
}

/** A switch in the environment; a value that is neither on nor off must not be guessed at. */
function isOn(name: string, environment: NodeJS.ProcessEnv): boolean {
  const value = environment[name]?.toLowerCase() ?? "";
  if (["1", "true", "yes", "on"].includes(value)) return true;
  if (["", "0", "false", "no", "off"].includes(value)) return false;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `${name} is ${JSON.stringify(value)}, neither on nor off`, {
    fix: `Set ${name} to 1 or 0, or unset it.`,
  });
}

function listenAddress(text: string, token: string | undefined): NonNullable<Settings["listen"]> {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^\s/:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `--listen ${JSON.stringify(text)} is no address and port`, {
      fix: "Pass host and port, as --listen 127.0.0.1:2803 or --listen [::1]:2803.",
    });
  }
  return { host, port, ...(token === undefined ? {} : { token }) };
}
