import type { CollectedRule } from "./collected.ts";
import type { Report } from "./item-messages.ts";
import type { AppendedOutput } from "./load-options.ts";

const CONTAINER_INFO = "%container.info";

const CONTAINER_INFO_MESSAGE =
  "%container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. The container plugin will automatically add required fields to the output message.";

/** Substrings whose presence in an output Falco takes for the use of a field it has given up. */
const DEPRECATED_FIELDS = [
  "evt.dir",
  "evt.latency",
  "evt.latency.s",
  "evt.latency.ns",
  "evt.latency.human",
  "evt.wait_latency",
];

interface OutputOptions {
  readonly appendOutput: readonly AppendedOutput[];
  readonly report: Report;
}

/** The output with what the configuration appends to it, without the old placeholder for container fields. */
export function compiledOutput(rule: CollectedRule, { appendOutput, report }: OutputOptions): string {
  const appended = appendOutput.filter(
    ({ source, tags, rule: name }) =>
      (source === undefined || source === rule.source) &&
      (tags ?? []).every((tag) => rule.tags.includes(tag)) &&
      (name === undefined || name === rule.name),
  );
  const output = appended.reduce((text, more) => `${text} ${more.text}`, rule.output.text);
  if (!output.includes(CONTAINER_INFO)) return output;
  const { context } = rule;
  report({ severity: "warning", code: "LOAD_DEPRECATED_ITEM", message: CONTAINER_INFO_MESSAGE, context });
  return output.replaceAll(CONTAINER_INFO, "");
}

/** Says which given-up fields the output seems to use. */
export function reportDeprecatedOutput(rule: CollectedRule, output: string, report: Report): void {
  for (const deprecatedField of DEPRECATED_FIELDS) {
    if (!output.includes(deprecatedField)) continue;
    const message = `usage of deprecated field '${deprecatedField}' has been detected in the rule output`;
    const context = rule.outputContext;
    report({ severity: "warning", code: "LOAD_DEPRECATED_ITEM", message, context, deprecatedField });
  }
}
