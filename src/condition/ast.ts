import type { Span } from "../text/span.ts";

/**
 * The tree of one condition. Nothing changes a node once it is made: rules share the trees of their macros, and facts
 * about a tree are remembered by it, in side tables. A node holds the span of the text it was parsed from: the rule's own
 * text, or below an `Expansion` the text of the macro it names.
 */
export type Node = And | Or | Not | MacroReference | Expansion | Exists | Comparison;

export interface And {
  readonly kind: "and";
  readonly span: Span;
  /** Two or more: a chain `a and b and c` is one node. */
  readonly children: readonly Node[];
}

export interface Or {
  readonly kind: "or";
  readonly span: Span;
  /** Two or more: a chain `a or b or c` is one node. */
  readonly children: readonly Node[];
}

interface Not {
  readonly kind: "not";
  readonly span: Span;
  readonly child: Node;
}

/** A bare name in a condition: a macro that is not resolved yet. */
export interface MacroReference {
  readonly kind: "macro";
  readonly span: Span;
  readonly name: string;
}

/** A resolved reference: `child` is the macro's own tree, so its spans point into that macro's text. */
export interface Expansion {
  readonly kind: "expansion";
  /** Where the reference stands in the text that uses the macro. */
  readonly span: Span;
  readonly macro: string;
  readonly child: Node;
}

/** `field exists` */
export interface Exists {
  readonly kind: "exists";
  readonly span: Span;
  readonly left: Field | Transformer;
}

/** `field operator value`, with `oneof`, `anyof` or `allof` between them in `modifier`. */
export interface Comparison {
  readonly kind: "comparison";
  readonly span: Span;
  readonly left: Field | Transformer;
  readonly operator: ComparisonOperator;
  readonly modifier?: Modifier;
  readonly right: Value | List | Transformer;
}

/** `proc.name`, `proc.aname[2]`, `evt.arg.flags`; the argument is unquoted and unescaped. */
export interface Field {
  readonly kind: "field";
  readonly span: Span;
  readonly name: string;
  readonly argument?: string;
}

/** `tolower(proc.name)`, `join("-", (a.b, c.d))`, and on the right also `val(proc.pname)`. */
export interface Transformer {
  readonly kind: "transformer";
  readonly span: Span;
  readonly name: TransformerName;
  readonly values: readonly TransformerArgument[];
  /** The `[x]` behind the closing bracket: only getopt takes one. */
  readonly argument?: string;
}

export type TransformerArgument = Field | Transformer | Value | TransformerList;

export interface TransformerList {
  readonly kind: "transformer-list";
  readonly span: Span;
  readonly items: readonly (Field | Transformer | Value)[];
}

/** A constant: `text` is what the engine compares with, quotes removed and escapes resolved. */
export interface Value {
  readonly kind: "value";
  readonly span: Span;
  readonly text: string;
}

export interface List {
  readonly kind: "list";
  readonly span: Span;
  readonly values: readonly Value[];
}

export type ComparisonOperator =
  | "<="
  | "<"
  | ">="
  | ">"
  | "=="
  | "="
  | "!="
  | "glob"
  | "iglob"
  | "contains"
  | "icontains"
  | "bcontains"
  | "startswith"
  | "bstartswith"
  | "endswith"
  | "regex"
  | "intersects"
  | "in"
  | "pmatch";

export type Modifier = "oneof" | "anyof" | "allof";

export type TransformerName = "val" | "tolower" | "toupper" | "b64" | "basename" | "len" | "join" | "concat" | "getopt";

/** Any part of the tree: what walks over whole trees take. */
export type Part = Node | Field | Transformer | TransformerList | Value | List;

/** A place as Falco's parser counts it: line and column from 1, offset from 0, column and offset in UTF-8 bytes. */
export interface FalcoPosition {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/**
 * A finding about a condition. `message` is Falco's own text.
 * `span` lies in the text of the last macro of `macros` (outermost first), or in the checked text when `macros` is empty.
 */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly kind: DiagnosticKind;
  readonly message: string;
  readonly span: Span;
  /** Where Falco says it is, in the same text as `span`: the start of the whole check, or of its right-hand side. */
  readonly falcoOffset: number;
  readonly macros: readonly string[];
  /** The name of the deprecated field, for kind "deprecated-field". */
  readonly deprecatedField?: string;
}

/**
 * Errors: syntax, unknown-field, unknown-event-type, field-argument, operator, value, transformer, right-hand-side and
 * engine-version (of another engine only) are Falco's LOAD_ERR_COMPILE_CONDITION; those that skip-if-unknown-filter turns
 * into LOAD_UNKNOWN_FILTER are told by their message, as in Falco. fatal: Falco prints no result at all but
 * "Runtime error: <message>. Exiting.". Warnings: misused-value and needless-regex are LOAD_COMPILE_CONDITION,
 * unsafe-na-check LOAD_UNSAFE_NA_CHECK, deprecated-field LOAD_DEPRECATED_ITEM.
 */
export type DiagnosticKind =
  | "syntax"
  | "unknown-field"
  | "unknown-event-type"
  | "field-argument"
  | "operator"
  | "value"
  | "transformer"
  | "right-hand-side"
  | "engine-version"
  | "fatal"
  | "misused-value"
  | "needless-regex"
  | "unsafe-na-check"
  | "deprecated-field";
