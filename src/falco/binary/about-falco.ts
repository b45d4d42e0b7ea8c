import { abilitiesOf, OLDEST_WHOLE } from "./abilities.ts";
import { askFalco } from "./ask-falco.ts";
import type { FalcoAbout, FalcoCall } from "./falco-binary.ts";
import type { FalcoContext } from "./falco-context.ts";
import { parsePlugins } from "./parse-plugins.ts";
import { compareVersions } from "./parse-version.ts";

/** All that is known of an opened binary. The plugins are asked for anew, since their libraries may change. */
export async function aboutFalco(context: FalcoContext, call: FalcoCall): Promise<FalcoAbout> {
  const { found, hostConfig } = context;
  const options = await context.options();
  const { files, engineKind, leftOut, warnings } = await hostConfig();
  const abilities = abilitiesOf(found.version, options);
  const plugins = abilities.list_plugins.works
    ? await askFalco(context, { ...call, action: "list_plugins" }, parsePlugins)
    : undefined;
  const told = [...warnings];
  const { falco } = found.version;
  if (compareVersions(falco, OLDEST_WHOLE) === -1 && !falco.startsWith("0.0.0")) {
    told.push(`falco ${falco} is older than ${OLDEST_WHOLE}: see which abilities still work`);
  }
  if (plugins?.failure !== undefined) told.push(`plugins could not be listed: ${plugins.failure.message}`);
  return {
    binary: found,
    options,
    plugins: plugins?.value ?? [],
    pluginsLeftOut: leftOut,
    hostConfigFiles: files,
    ...(engineKind === undefined ? {} : { hostEngineKind: engineKind }),
    abilities,
    warnings: told,
  };
}
