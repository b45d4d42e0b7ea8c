/** What to do about a finding, in one imperative sentence. */
export function fixFor({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === "LOAD_ERR_COMPILE_OUTPUT") return OUTPUT_FIX;
  const row = BY_WORDS.find(([words]) => message.startsWith(words) || message.includes(words));
  return row?.[1] ?? BY_CODE[code] ?? "Correct the item as Falco's message says.";
}

const OUTPUT_FIX = "Use only fields that exist behind % in the output, and no other % in it.";

/** Words of messages that say more than their code; the first that fits counts. */
const BY_WORDS: readonly (readonly [string, string])[] = [
  ["illegal tab when looking for indentation", "Indent with spaces instead of tabs."],
  ["the referenced anchor is not defined", "Define the anchor with & before the alias, or put the value in quotes."],
  ["yaml-cpp: error at", "Correct the YAML at this place: check indentation, quotes and the blank behind colons."],
  ["Rules content is not yaml", "Begin the file with a list of items: each rule, macro or list starts with '- '."],
  ["Unexpected element type", "Write the item as a map that begins with rule, macro or list."],
  ["Item has no mapping for key", "Add the missing key to the item."],
  ["Mapping for key", "Give the key a value, or remove it."],
  ["Value must be non-empty", "Give the key a value, or remove it."],
  [
    "Value is not a scalar value",
    "Write the value as one text, in quotes if it holds a colon or begins with a bracket.",
  ],
  ["Value is not a sequence", "Write the value as a list: [a, b] or one '- ' a line."],
  ["sequence value is not scalar", "Write each element of the list as one text."],
  ["Can't decode YAML scalar value", "Write true or false for switches, and a whole number for capture_duration."],
  ["Invalid priority", "Use EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO or DEBUG."],
  ["cannot be appended to", "Write 'replace' for the key under override."],
  ["cannot be replaced", "Take the key out of override; it cannot be changed after the definition."],
  ["Invalid override operation", "Write one of the allowed operations for the key under override."],
  ["override for", "Add the key with its new value to the item, or take it out of override."],
  ["no corresponding entry under 'override'", "Name the key under override with append or replace."],
  ["Keys 'override' and 'append: true'", "Remove 'append: true' and write 'append' for the key under override."],
  ["no rule by that name already exists", "Load the file that defines the rule before this one, or correct the name."],
  [
    "no macro by that name already exists",
    "Load the file that defines the macro before this one, or correct the name.",
  ],
  ["no list by that name already exists", "Load the file that defines the list before this one, or correct the name."],
  ["re-defined with a different source", "Give the rule another name, or the source of its first definition."],
  ["Undefined macro", "Define the macro in this file or one loaded before it, or correct the name."],
  ["reference loop in macro", "Break the loop: write out one of the macros' conditions."],
  ["Rules require engine version", "Use a Falco that has this engine, or rules made for the one at hand."],
  ["Unable to parse engine version", "Write the version as x.y.z, for example 0.57.0."],
  ["is not a supported filter field", "Use a field of the rule's source in the exception."],
  ["is not a supported comparison operator", "Use an operator of conditions, such as =, in, startswith or pmatch."],
  ["lists must have equal length", "Give as many elements in each list of the exception as it has fields."],
  ["unknown event type", "Use an event name that Falco knows, for example execve, openat or connect."],
  ["nonexistent field", "Use a field that the rule's source has."],
  ["operator not supported", "Use an operator that fits the type of the field."],
  ["is not a valid number", "Compare the field with a decimal number."],
  ["unexpected token after", "Join the checks with and or or, in lower case, and look at brackets and quotes."],
  ["expected a ')' token", "Close the bracket, and put values with special characters in quotes."],
  [
    "may be a valid field misused as a const string value",
    "Write val(field) to compare with the field, or quote the text.",
  ],
  [
    "may be optimized with simpler operators",
    "Use startswith, endswith, contains or = instead of the regular expression.",
  ],
  ["%container.info is deprecated", "Remove %container.info from the output."],
  ["'append' key is deprecated", "Write override with 'append' for the key instead of 'append: true'."],
  ["The standalone 'enabled' key usage is deprecated", "Add 'override: {enabled: replace}' to the item."],
];

const BY_CODE: Readonly<Record<string, string>> = {
  LOAD_ERR_COMPILE_CONDITION: "Correct the condition at this place.",
  LOAD_UNKNOWN_SOURCE: "Load the plugin that gives this source, or remove the rule.",
  LOAD_UNSAFE_NA_CHECK: "Use exists, or not … exists, instead of comparing with <NA>.",
  LOAD_NO_EVTTYPE: "Restrict the condition with evt.type, or set warn_evttypes: false.",
  LOAD_UNKNOWN_FILTER: "Load the plugin that has the field, or remove the rule: it is skipped.",
  LOAD_UNUSED_MACRO: "Use the macro in a rule, or remove it.",
  LOAD_UNUSED_LIST: "Use the list in a condition, or remove it.",
  LOAD_UNKNOWN_ITEM: "Begin the item with rule, macro, list, required_engine_version or required_plugin_versions.",
  LOAD_UNKNOWN_KEY: "Correct the key's name, or remove it: Falco ignores it.",
  LOAD_DEPRECATED_ITEM: "Remove the deprecated field or key.",
  LOAD_APPEND_NO_VALUES: "Give the exception values.",
  LOAD_EXCEPTION_NAME_NOT_UNIQUE: "Give each exception of the rule its own name.",
  LOAD_INVALID_MACRO_NAME: "Name the macro with letters, digits and underscores, a letter first.",
  LOAD_INVALID_LIST_NAME: "Name the list without brackets, quotes, blanks, = and commas.",
  RULES_PLUGIN_MISSING: "Load the plugin in the version asked for, or leave these rules out.",
  RULES_UNREAD: "Remove the empty document: a --- or ... too many, or a document of comments alone.",
  RULES_TOO_LARGE: "Split the file or shorten the lists.",
  RULES_YAML_LIMIT: "Write the value out instead of an alias to itself.",
  RULES_FATAL: "Compare evt.type with plain event names only: Falco ends over anything else.",
};
