import { conditionFacts } from "../condition/condition-facts.ts";
import { FIELD_CLASSES, type FieldClass } from "../fields/field-catalogue.ts";
import type { LoadedPlugin } from "./load-options.ts";
import type { Rule } from "./rule-set.ts";

/** Events that plugins inject into the syscall source, by plugin. */
const ASYNC_EVENTS: Readonly<Record<string, readonly string[]>> = { container: ["container", "container_removed"] };

/** Names of the loaded plugins that give a rule its source, one of its fields or an event it asks for, sorted. */
export function usedPlugins(rule: Rule, fields: readonly string[], plugins: readonly LoadedPlugin[]): string[] {
  const names = new Set(fields.map((field) => field.replace(/\[.*$/s, "")));
  const facts = conditionFacts(rule.tree);
  const events = "message" in facts ? [] : facts.eventNames;
  return plugins
    .filter(
      ({ name, sources }) =>
        sources.includes(rule.source) ||
        FIELD_CLASSES.some((fieldClass) => givesField(fieldClass, name, rule.source, names)) ||
        (ASYNC_EVENTS[name] ?? []).some((event) => events.includes(event)),
    )
    .map(({ name }) => name)
    .sort();
}

function givesField(
  { plugin, sources, fields }: FieldClass,
  name: string,
  source: string,
  names: ReadonlySet<string>,
): boolean {
  if (plugin !== name) return false;
  const fits = sources === "all" || (sources === "all but syscall" ? source !== "syscall" : sources.includes(source));
  return fits && fields.some((field) => names.has(field.name));
}
