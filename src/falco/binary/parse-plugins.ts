import { visible } from "../../text/visible.ts";
import type { FalcoPlugin } from "./falco-binary.ts";

/** Most plugins that are read; Falco's own list has fewer than thirty. */
const MAX_PLUGINS = 200;

/**
 * The plugins that `falco --list-plugins` prints; undefined where the text is no such list.
 * Source: falco app/actions/list_plugins.cpp, S:plugin_manager.
 */
export function parsePlugins(text: string): readonly FalcoPlugin[] | undefined {
  if (!/^\d+ Plugins Loaded:/m.test(text)) return undefined;
  const blocks = text.split(/^(?=Name: )/m).slice(1, MAX_PLUGINS + 1);
  return blocks.map((block) => {
    const source = /^ +- Event Sourcing \(ID=\d+, source='([^'\n]{1,200})'\)/m.exec(block)?.[1];
    return {
      name: valueAfterKey(block, "Name"),
      version: valueAfterKey(block, "Version"),
      description: valueAfterKey(block, "Description"),
      capabilities: [...block.matchAll(/^ {2}- ([^\n(]{1,100})/gm)].map(([, name = ""]) => visible(name.trim())),
      ...(source === undefined ? {} : { source: visible(source) }),
    };
  });
}

function valueAfterKey(block: string, key: string): string {
  return visible(new RegExp(`^${key}: ([^\\n]{0,500})`, "m").exec(block)?.[1]?.trim() ?? "");
}
