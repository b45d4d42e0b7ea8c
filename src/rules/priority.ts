/** Falco's priorities, most urgent first; the index is Falco's number. */
const NAMES = ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"] as const;

export type RulePriority = (typeof NAMES)[number];

/** The priority a rule file means, in any case and with "info" for Informational; undefined for every other word. */
export function parsePriority(text: string): RulePriority | undefined {
  const lower = text.toLowerCase();
  if (lower === "info") return "Informational";
  return NAMES.find((name) => name.toLowerCase() === lower);
}

/** Falco's number: 0 Emergency … 7 Debug. */
export function priorityNumber(priority: RulePriority): number {
  return NAMES.indexOf(priority);
}
