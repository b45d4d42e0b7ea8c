import type { CollectedRule } from "./collected.ts";
import { valueContext } from "./decode.ts";
import { type LoadContext, nodeContext } from "./load-context.ts";
import { type SourcedText, sourcedScalar, trimmed } from "./sourced-text.ts";
import { decodeBoolean, lookup, type YamlNode } from "./yaml/yaml-node.ts";

/** What can be told of a rule that was refused while it was read: an empty condition or output is not there. */
export type RuleDraft = Pick<
  CollectedRule,
  | "name"
  | "source"
  | "context"
  | "condition"
  | "conditionContext"
  | "output"
  | "outputContext"
  | "skipIfUnknownFilter"
  | "warnEventTypes"
>;

/**
 * The condition and output of a refused rule definition, so that their faults are shown beside the one that refused it;
 * undefined where the item is no definition: what an append or an override adds cannot be judged alone.
 */
export function readDraft(item: YamlNode, parent: LoadContext): RuleDraft | undefined {
  const name = wordUnder(item, "rule");
  if (name === undefined || lookup(item, "append") !== undefined || lookup(item, "override") !== undefined) {
    return undefined;
  }
  const context = nodeContext(item, "rule", name, parent);
  return {
    name,
    source: wordUnder(item, "source") ?? "syscall",
    context,
    condition: textUnder(item, "condition", context),
    conditionContext: valueContext(item, "condition", "rule condition", "", context),
    output: trimmed(textUnder(item, "output", context)),
    outputContext: valueContext(item, "output", "rule output", "", context),
    skipIfUnknownFilter: decodeBoolean(wordUnder(item, "skip-if-unknown-filter") ?? "") ?? false,
    warnEventTypes: false,
  };
}

function wordUnder(item: YamlNode, key: string): string | undefined {
  const node = lookup(item, key);
  return node?.kind === "scalar" && node.value !== "" ? node.value : undefined;
}

function textUnder(item: YamlNode, key: string, { file }: LoadContext): SourcedText {
  const node = lookup(item, key);
  return node?.kind === "scalar" ? sourcedScalar(file, node) : { text: "", pieces: [] };
}
