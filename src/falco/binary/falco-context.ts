import { dirname, join } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { abilitiesOf } from "./abilities.ts";
import { askFalco } from "./ask-falco.ts";
import type { FalcoAbility, FalcoSettings, FoundFalco } from "./falco-binary.ts";
import { type HostPlaces, readHostConfig } from "./host-config.ts";
import { parseHelp } from "./parse-help.ts";
import { sweepRunFolders } from "./run-folder.ts";
import type { RunContext } from "./start-run.ts";

/** An opened binary with what is known of it. */
export interface FalcoContext extends RunContext {
  /** Options that `--help` lists. */
  readonly options: () => Promise<readonly string[]>;
  /** The options where the ability works; FALCO_TOO_OLD where it does not. */
  readonly need: (ability: FalcoAbility) => Promise<readonly string[]>;
}

const HOST_CONFIG = "/etc/falco/falco.yaml";
const PLUGIN_FOLDER = "/usr/share/falco/plugins";

export function falcoContext(found: FoundFalco, settings: FalcoSettings, closing: AbortSignal): FalcoContext {
  let options: Promise<readonly string[]> | undefined;
  const run: RunContext = {
    found,
    settings,
    closing,
    running: new Set(),
    // Read for every run: a plugin that is installed meanwhile counts from then on.
    hostConfig: () => readHostConfig(hostPlaces(found, settings)),
  };

  async function askOptions(): Promise<readonly string[]> {
    await sweepRunFolders(settings.runsFolder, settings.nowMs());
    const { value, failure } = await askFalco(run, { action: "help" }, parseHelp);
    if (failure !== undefined) throw failure;
    return value;
  }

  const context: FalcoContext = {
    ...run,
    options() {
      options ??= askOptions().catch((error) => {
        // A passing fault must not stay.
        options = undefined;
        throw error;
      });
      return options;
    },
    async need(ability) {
      const known = await context.options();
      const { works, why = "" } = abilitiesOf(found.version, known)[ability];
      if (works) return known;
      throw tooOld(why);
    },
  };
  return context;
}

export function tooOld(why: string): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_TOO_OLD", why, {
    fix: "Use the embedded engine for this, or name a newer binary with --falco-bin.",
  });
}

/** Falco's usual places, and those beside a binary that stands under another prefix. */
function hostPlaces({ realPath }: FoundFalco, { hostConfigs, pluginFolders }: FalcoSettings): HostPlaces {
  const prefixes = [dirname(dirname(realPath)), dirname(dirname(dirname(realPath)))];
  return {
    configs: hostConfigs ?? [
      ...prefixes.flatMap((prefix) => [join(prefix, "etc/falco/falco.yaml"), join(prefix, "etc/falco.yaml")]),
      HOST_CONFIG,
    ],
    pluginFolders: pluginFolders ?? [...prefixes.map((prefix) => join(prefix, "share/falco/plugins")), PLUGIN_FOLDER],
  };
}
