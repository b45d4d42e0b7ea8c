import type { CollectedList } from "./collected.ts";
import { reject } from "./load-context.ts";
import type { SourcedText } from "./sourced-text.ts";
import type { SubstitutableList } from "./substitute-lists.ts";

/** Lists of lists of one level could still hold millions of items: beyond this many a rule set is refused. */
export const MOST_LIST_ITEMS = 2_000_000;

export interface CompiledList extends SubstitutableList {
  readonly collected: CollectedList;
  /** Put into a condition, or into another list. */
  used: boolean;
}

/**
 * The lists with references to earlier lists replaced by those lists' own items: one level only, and only by lists first
 * defined before the referring one was last changed. What names no such list stays as it is, without a word.
 * Source: falco userspace/engine/rule_loader_compiler.cpp compile_list_infos @13074749.
 */
export function compileLists(collected: ReadonlyMap<string, CollectedList>): CompiledList[] {
  const used = new Set<string>();
  let count = 0;
  const compiled = [...collected.values()].map((list, order) => {
    const items: SourcedText[] = [];
    for (const item of list.items) {
      const other = collected.get(item.text);
      if (other !== undefined && other.index < list.visibility) {
        used.add(other.name);
        for (const inner of other.items) items.push(inner);
      } else items.push(item);
      if (count + items.length > MOST_LIST_ITEMS) {
        reject("RULES_TOO_LARGE", `the lists hold more than ${MOST_LIST_ITEMS} items together`, list.context);
      }
    }
    count += items.length;
    return { name: list.name, order, items, collected: list, used: false };
  });
  for (const list of compiled) list.used = used.has(list.name);
  return compiled;
}
