import { lookUpField } from "../fields/look-up-field.ts";
import { ENGINE_WITH_MODIFIERS, OPERATORS, TRANSFORMERS } from "../fields/operators.ts";
import type { Span } from "../text/span.ts";
import type { Comparison, Diagnostic, Exists, Expansion, List, Node, Transformer, Value } from "./ast.ts";
import { incomparable } from "./comparable.ts";
import { isEventTypeValue } from "./event-sets.ts";
import { type CheckContext, CheckFault, isConstant, type Operand, operandOf, typeName } from "./operand.ts";
import { parseConstant } from "./parse-value.ts";
import { compilePosixRegex } from "./posix-regex.ts";
import { warnOfFields } from "./warn-of-fields.ts";

export interface CheckOptions extends CheckContext {
  /** Find every error instead of stopping, as Falco does, at the first; warnings are then never dropped. */
  readonly all?: boolean;
}

/**
 * What Falco finds when it compiles a resolved condition, in its order: deprecated fields and unsafe comparisons, then the
 * first error alone, or when there is none the warnings about values. An unresolved macro name is an error.
 * Source: falco filter_warning_resolver.cpp @13074749, libs userspace/libsinsp/filter.cpp @48dfd53c.
 */
export function checkCondition(node: Node, options: CheckOptions): Diagnostic[] {
  const early = warnOfFields(node);
  const walk: Walk = { options, key: `${options.source}\0${options.engine}`, errors: [], warnings: [], macros: [] };
  checkNode(node, walk);
  if (options.all) return [...early, ...walk.errors, ...walk.warnings];
  const [error] = walk.errors;
  return [...early, ...(error === undefined ? walk.warnings : [error])];
}

/** Macros in which nothing was found, by source and engine: most rules of a set share theirs, and trees never change. */
const soundMacros = new WeakMap<Node, Set<string>>();

interface Walk {
  readonly options: CheckOptions;
  /** What a macro's soundness depends on. */
  readonly key: string;
  readonly errors: Diagnostic[];
  readonly warnings: Diagnostic[];
  readonly macros: string[];
}

function checkNode(node: Node, walk: Walk): void {
  if (walk.errors.length > 0 && !walk.options.all) return;
  switch (node.kind) {
    case "and":
    case "or":
      for (const child of node.children) checkNode(child, walk);
      return;
    case "not":
      checkNode(node.child, walk);
      return;
    case "expansion":
      checkMacro(node, walk);
      return;
    case "macro":
      report(
        new CheckFault("unknown-field", `filter error: unexpected identifier '${node.name}'`, node.span),
        node,
        walk,
      );
      return;
    default:
      try {
        checkOne(node, walk);
      } catch (thrown) {
        if (!(thrown instanceof CheckFault)) throw thrown;
        report(thrown, node, walk);
      }
  }
}

function checkMacro({ macro, child }: Expansion, walk: Walk): void {
  const sound = soundMacros.get(child) ?? new Set();
  if (sound.has(walk.key)) return;
  const { errors, warnings } = walk;
  const found = errors.length + warnings.length;
  walk.macros.push(macro);
  checkNode(child, walk);
  walk.macros.pop();
  if (errors.length + warnings.length === found) soundMacros.set(child, sound.add(walk.key));
}

function report({ kind, message, span }: CheckFault, node: Node, walk: Walk): void {
  walk.errors.push({
    severity: "error",
    kind,
    message,
    span,
    falcoOffset: node.span.start,
    macros: [...walk.macros],
  });
}

function checkOne(check: Exists | Comparison, walk: Walk): void {
  const left = operandOf(check.left, walk.options);
  if (check.kind === "exists") return;
  checkEngine(check, walk.options);
  const fault = incomparable(check.operator, check.modifier, left.type, left.isList);
  if (fault !== undefined) throw new CheckFault("operator", `filter error: ${fault}`, check.span);
  const { right } = check;
  if (isConstant(right)) checkConstants(check, left, right, walk);
  else checkRightHand(check, left, right, walk.options);
}

const SINCE_ENGINE = new Map(OPERATORS.map(({ name, sinceEngine }) => [name, sinceEngine]));

function checkEngine({ operator, modifier, span }: Comparison, { engine }: CheckContext): void {
  if (engine === undefined) return;
  const since = SINCE_ENGINE.get(operator) ?? 0;
  if (since > engine) throw new CheckFault("engine-version", `operator '${operator}' needs engine 0.${since}.0`, span);
  if (modifier !== undefined && engine < ENGINE_WITH_MODIFIERS) {
    throw new CheckFault("engine-version", `modifier '${modifier}' needs engine 0.${ENGINE_WITH_MODIFIERS}.0`, span);
  }
}

function checkConstants(check: Comparison, left: Operand, right: Value | List, walk: Walk): void {
  for (const value of right.kind === "list" ? right.values : [right]) {
    warnOfValue(value.text, check, right.span, walk);
    checkConstant(value, check, left);
  }
}

function checkConstant({ text, span }: Value, { operator }: Comparison, left: Operand): void {
  const parsed = parseConstant(text, operator, left.type, left.row?.name === "evt.rawarg");
  if ("message" in parsed) {
    throw new CheckFault(parsed.fatal ? "fatal" : "value", parsed.message, span);
  }
  const fieldName = left.row?.name;
  if (fieldName === "evt.type" && left.type === "CHARBUF" && !isEventTypeValue(text)) {
    throw new CheckFault("unknown-event-type", `unknown event type ${text}`, span);
  }
  if (fieldName === "evt.around" && operator !== "=" && operator !== "==") {
    throw new CheckFault("operator", "evt.around supports only '=' comparison operator", span);
  }
  if (operator !== "regex") return;
  const regex = compilePosixRegex(text);
  if ("message" in regex) throw new CheckFault("value", `invalid regex pattern: ${regex.message}`, span);
}

function checkRightHand(check: Comparison, left: Operand, transformer: Transformer, context: CheckContext): void {
  const right = operandOf(transformer, context);
  const refuse = (message: string): never => {
    throw new CheckFault("right-hand-side", message, transformer.span);
  };
  const { operator } = check;
  if (operator === "pmatch" || operator === "regex") {
    refuse(`operator '${operator.toUpperCase()}' doesn't support right-hand side fields`);
  }
  if (left.type === "IPNET") refuse("field type 'IPNET' doesn't support right-hand side fields");
  if (!left.allowsRightHand) refuse(`field '${left.name}' doesn't support right-hand side fields`);
  if (!right.allowsRightHand) refuse(`field '${right.name}' can't be used as a right-hand side field`);
  if (left.type === right.type && left.isList === right.isList) return;
  const shown = ({ type, isList }: Operand): string => `'${typeName(type)}${isList ? " (list)" : ""}'`;
  refuse(
    `field '${left.name}' has type ${shown(left)} while the right-hand side field '${right.name}' has incompatible type ${shown(right)}`,
  );
}

/** Warnings about one constant: a regex that needs none, a field or transformer written as a string. */
function warnOfValue(text: string, { operator }: Comparison, span: Span, walk: Walk): void {
  if (operator !== "regex" && !/[.)]/.test(text)) return;
  const warn = (kind: "needless-regex" | "misused-value", message: string): void => {
    walk.warnings.push({
      severity: "warning",
      kind,
      message,
      span,
      falcoOffset: span.start,
      macros: [...walk.macros],
    });
  };
  if (operator === "regex" && isNeedlessRegex(text)) {
    warn(
      "needless-regex",
      `regex check with '${text}' may be optimized with simpler operators such as '=', 'contains', 'startswith', 'endswith'`,
    );
  }
  const plain = text.replace(/[ \t\n\v\f\r]/g, "");
  const asField = looksLikeField(plain) ? lookUpField(plain, walk.options.source) : undefined;
  if (asField?.kind === "found") {
    warn("misused-value", `'${text}' may be a valid field misused as a const string value`);
  }
  if (!plain.endsWith(")")) return;
  for (const { name } of TRANSFORMERS) {
    if (plain.startsWith(`${name}(`) && plain.length >= name.length + 2) {
      warn("misused-value", `'${text}' may be a valid field transformer misused as a const string value`);
    }
  }
}

/** A cheap look before the real one: every field name has a dot, and few values do. */
function looksLikeField(text: string): boolean {
  return /^[a-z0-9]+\./.test(text);
}

const REGEX_SPECIALS = ".+*?^$()[]{}|\\";

/** True when only the ends hold something that a regex is needed for: anchors, or any-character runs. */
function isNeedlessRegex(text: string): boolean {
  const { length } = text;
  for (let at = 0; at < length; at += 1) {
    const char = text.charAt(at);
    if ((at === 0 && char === "^") || (at === length - 1 && char === "$")) continue;
    const atEnds = (at === 0 && length > 1) || at === length - 2;
    if (atEnds && char === "." && "+*?".includes(text.charAt(at + 1)) && at + 1 < length) {
      at += 1;
      continue;
    }
    if (REGEX_SPECIALS.includes(char)) return false;
  }
  return true;
}
