/** Keys that items of each kind may have; any other is warned about and ignored. */
export const LIST_KEYS: ReadonlySet<string> = new Set(["list", "items", "append", "override"]);
export const MACRO_KEYS: ReadonlySet<string> = new Set(["macro", "condition", "append", "override"]);
export const RULE_KEYS: ReadonlySet<string> = new Set([
  "rule",
  "condition",
  "output",
  "desc",
  "priority",
  "source",
  "enabled",
  "capture",
  "capture_duration",
  "warn_evttypes",
  "skip-if-unknown-filter",
  "tags",
  "exceptions",
  "override",
  "append",
]);
