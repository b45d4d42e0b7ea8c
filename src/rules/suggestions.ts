import { EVENT_TYPES } from "../event/event-types.ts";
import { FIELD_CLASSES } from "../fields/field-catalogue.ts";
import { nearestNames } from "../text/nearest-names.ts";
import type { Collector } from "./collector.ts";
import { LIST_KEYS, MACRO_KEYS, RULE_KEYS } from "./item-keys.ts";
import type { LoadFinding } from "./load-context.ts";

/** A fix that names what was probably meant; undefined where the finding is about no unknown name. */
export type Suggest = (finding: LoadFinding) => string | undefined;

/** Comparing names costs time: beyond this many unknown ones nothing is suggested. */
const MOST_NAMES = 100;

const KEYS = [...new Set([...RULE_KEYS, ...MACRO_KEYS, ...LIST_KEYS])].filter((key) => key !== "append");

interface Kind {
  /** The unknown name is what the first group holds. */
  readonly words: RegExp;
  readonly what: string;
  readonly known: () => readonly string[];
}

/** Suggestions for misspelt fields, event types, macros, rules, lists and keys from what these files and Falco have. */
export function createSuggestions(collector: Collector): Suggest {
  const fields = () => FIELD_CLASSES.flatMap((fieldClass) => fieldClass.fields.map(({ name }) => name));
  const kinds: readonly Kind[] = [
    { words: /nonexistent field ([\w.]+)/, what: "field", known: fields },
    { words: /^'([\w.]+)' is not a supported filter field$/, what: "field", known: fields },
    { words: /^unknown event type (\w+)$/, what: "event type", known: () => EVENT_TYPES.map(({ name }) => name) },
    { words: /^Undefined macro '(\w+)'/, what: "macro", known: () => [...collector.macros.keys()] },
    { words: /^Unknown key '([^']+)'/, what: "key", known: () => KEYS },
  ];
  const answers = new Map<string, string | undefined>();
  return ({ message }) => {
    for (const { words, what, known } of kinds) {
      const name = words.exec(message)?.[1];
      if (name === undefined) continue;
      const key = `${what} ${name}`;
      if (!answers.has(key) && answers.size < MOST_NAMES) answers.set(key, nearest(name, known()));
      const near = answers.get(key);
      return near === undefined ? undefined : `Use the ${what} ${near}, if that is what is meant by ${name}.`;
    }
    return undefined;
  };
}

/** The known name most like the unknown one, unless even that is another word. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = nearestNames(name, known, 1);
  if (best === undefined) return undefined;
  return sharesMost(name.toLowerCase(), best.toLowerCase()) ? best : undefined;
}

/** Whether at least half of the shorter name's neighbouring pairs of letters stand in the other. */
function sharesMost(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const pairs = Array.from({ length: Math.max(0, short.length - 1) }, (_, at) => short.slice(at, at + 2));
  return pairs.filter((pair) => long.includes(pair)).length * 2 >= pairs.length;
}
