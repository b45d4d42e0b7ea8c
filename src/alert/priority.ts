import { PRIORITIES, type Priority } from "./alert.ts";

const BY_NAME: ReadonlyMap<string, Priority> = new Map([
  ...PRIORITIES.map((priority) => [priority.toLowerCase(), priority] as const),
  ["info", "Informational"],
]);

/** The priority that a name in any case means; "Info" is Informational, everything unknown is undefined. */
export function parsePriority(name: string): Priority | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(name.toLowerCase());
}

/** Falco's number of a priority: 0 Emergency … 7 Debug. */
export function priorityNumber(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}
