import type { FileChange, Switching } from "./deployment.ts";

/** Rule sets loaded at most while an order is looked for: each of the official size takes a good part of a second. */
const MAX_LOADS = 24;

/**
 * The changes in an order in which the rule set loads after each of them, where such an order is found. Between two
 * renames of one deployment a Falco that happens to start reads what is there: with a macro's file written before the
 * rules that use it, and removed after them, that set is a working one. `loads` says whether the set with only these
 * changes made would load. Additions come first and removals last wherever the sets in between leave the choice.
 */
export async function orderChanges(
  changes: readonly FileChange[],
  loads: (made: readonly FileChange[]) => Promise<boolean>,
): Promise<{ readonly changes: readonly FileChange[]; readonly switching: Switching }> {
  const byKind = [...changes].sort((a, b) => RANK[a.action] - RANK[b.action]);
  if (byKind.length < 2) return { changes: byKind, switching: "oneRename" };
  const known = new Map<string, boolean>();
  const hopeless = new Set<string>();
  const keyOf = (made: readonly FileChange[]): string => JSON.stringify(made.map(({ name }) => name).sort());
  let left = MAX_LOADS;

  async function works(made: readonly FileChange[]): Promise<boolean> {
    const key = keyOf(made);
    const before = known.get(key);
    if (before !== undefined) return before;
    if (left === 0) return false;
    left -= 1;
    const ok = await loads(made);
    known.set(key, ok);
    return ok;
  }

  async function complete(made: readonly FileChange[]): Promise<readonly FileChange[] | undefined> {
    const open = byKind.filter((change) => !made.includes(change));
    const [last] = open;
    if (open.length === 1 && last !== undefined) return [...made, last];
    if (hopeless.has(keyOf(made))) return undefined;
    for (const next of open) {
      const step = [...made, next];
      const order = (await works(step)) ? await complete(step) : undefined;
      if (order !== undefined) return order;
      if (left === 0) return undefined;
    }
    hopeless.add(keyOf(made));
    return undefined;
  }

  const order = await complete([]);
  return order === undefined ? { changes: byKind, switching: "unchecked" } : { changes: order, switching: "checked" };
}

const RANK = { add: 0, replace: 1, remove: 2 } as const;
