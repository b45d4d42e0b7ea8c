import type { Node } from "../condition/ast.ts";
import { falcoPositionAt } from "../condition/falco-position.ts";
import { type ParsedCondition, parseCondition } from "../condition/parse-condition.ts";
import { type MacroTrees, resolveMacros, type UnresolvedMacro } from "../condition/resolve-macros.ts";
import type { CollectedMacro } from "./collected.ts";
import type { CompileBudget } from "./compile-budget.ts";
import { expressionContext, ItemRejected, type LoadContext, type LoadFinding, reject } from "./load-context.ts";
import type { SourcedText } from "./sourced-text.ts";
import {
  type ExpandedText,
  type ListTable,
  LONGEST_CONDITION,
  placeInExpanded,
  substituteLists,
} from "./substitute-lists.ts";

export interface CompiledMacro {
  readonly collected: CollectedMacro;
  readonly expanded: ExpandedText;
  /** As parsed, then with the macros it may see put in. */
  tree: Node;
  /** Names of the macros put in directly. */
  macros: ReadonlySet<string>;
  used: boolean;
}

/** More faults of one condition say nothing new. */
const MOST_FAULTS = 20;

/** What is remembered from one compilation to the next: files are compiled again after each file that is read. */
export interface CompileMemory {
  readonly budget: CompileBudget;
  readonly parsed: Map<string, ParsedCondition>;
  readonly resolved: Map<Node, { readonly seen: ReadonlyMap<string, Node>; readonly tree: Node }>;
}

export interface ConditionSources {
  readonly lists: ListTable;
  readonly macros: Map<string, CompiledMacro>;
  readonly memory: CompileMemory;
}

/** Parses a condition after its lists were put in. Throws ItemRejected with Falco's words. */
export function parseExpanded(
  text: SourcedText,
  context: LoadContext,
  { lists, memory }: ConditionSources,
): { expanded: ExpandedText; tree: Node } {
  const expanded = substituteLists(text, lists);
  if (expanded === undefined) {
    const message = `the condition grows beyond ${LONGEST_CONDITION} characters when its lists are put in`;
    reject("RULES_TOO_LARGE", message, context);
  }
  const parsed = memory.parsed.get(expanded.text) ?? parseOnce(expanded.text, context, memory);
  if (parsed.node !== undefined) return { expanded, tree: parsed.node };
  const { message, position, span } = parsed.error;
  const place = placeInExpanded(expanded, span.start, span.end);
  throw new ItemRejected({
    severity: "error",
    code: "LOAD_ERR_COMPILE_CONDITION",
    message,
    context: expressionContext(expanded.text, position, context),
    ...(place === undefined ? {} : { place }),
  });
}

function parseOnce(text: string, context: LoadContext, { budget, parsed }: CompileMemory): ParsedCondition {
  budget.spendText(text, context);
  const condition = parseCondition(text);
  parsed.set(text, condition);
  return condition;
}

/** The tree with every macro put in that has its first definition before `visibility`. Throws ItemRejected. */
export function resolveExpanded(
  use: {
    readonly tree: Node;
    readonly expanded: ExpandedText;
    readonly visibility: number;
    readonly context: LoadContext;
  },
  { macros, memory }: ConditionSources,
): { tree: Node; macros: ReadonlySet<string> } {
  const visible: MacroTrees = {
    get(name) {
      const macro = macros.get(name);
      return macro !== undefined && macro.collected.index < use.visibility ? macro.tree : undefined;
    },
  };
  const known = memory.resolved.get(use.tree);
  if (known !== undefined && [...known.seen].every(([name, tree]) => visible.get(name) === tree)) {
    return { tree: known.tree, macros: new Set(known.seen.keys()) };
  }
  const { node, used, unknown, loops } = resolveMacros(use.tree, visible);
  const faults = [...loops, ...unknown].slice(0, MOST_FAULTS);
  const [first, ...others] = faults.map((fault) => unresolvedFinding(fault, use, macros));
  if (first !== undefined) throw new ItemRejected(first, ...others);
  const seen = new Map<string, Node>();
  for (const name of used) {
    const tree = visible.get(name);
    if (tree !== undefined) seen.set(name, tree);
  }
  if (seen.size > 0) memory.resolved.set(use.tree, { seen, tree: node });
  return { tree: node, macros: used };
}

function unresolvedFinding(
  { name, message, span, macros: path }: UnresolvedMacro,
  use: { readonly expanded: ExpandedText; readonly context: LoadContext },
  macros: ReadonlyMap<string, CompiledMacro>,
): LoadFinding {
  const last = path.at(-1);
  const expanded = (last === undefined ? undefined : macros.get(last)?.expanded) ?? use.expanded;
  const place = placeInExpanded(expanded, span.start, span.end);
  return {
    severity: "error",
    code: "LOAD_ERR_VALIDATE",
    message,
    context: expressionContext(use.expanded.source.text, falcoPositionAt(expanded.text, span.start), use.context),
    macros: path,
    macro: name,
    ...(place === undefined ? {} : { place }),
  };
}
