import type { LoadFinding } from "./load-context.ts";

/** Takes what is to be said about the files; errors end the item they are about, warnings do not. */
export type Report = (finding: LoadFinding) => void;

export const DEPRECATED_APPEND =
  "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";

export const DEPRECATED_TOGGLE =
  "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace').";

export const APPEND_AND_OVERRIDE =
  "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";

export const INVALID_LIST_NAME =
  "List has an invalid name. List names should match a regular expression: ([^()\"'[:space:]=,]+)";

export const INVALID_MACRO_NAME =
  "Macro has an invalid name. Macro names should match a regular expression: ([a-zA-Z]+[a-zA-Z0-9_]*)";
