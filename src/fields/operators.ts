/**
 * The operators, modifiers and transformers of the condition language, in the order Falco's parser tries them and lists
 * them in messages, with the first engine that has each.
 * Source: libs userspace/libsinsp/filter/parser.cpp @48dfd53c; engines: the first Falco release, from 0.29, whose libs has the word.
 */

/** How a comparison's right-hand side is written: nothing, a number, a string, a list. */
type OperandForm = "none" | "number" | "string" | "list";

export interface OperatorRow {
  readonly name: string;
  readonly operand: OperandForm;
  /** The parser wants a blank behind the word. */
  readonly blankAfter: boolean;
  /** First engine with it, as minor of 0.x; 0 for those older than all releases looked at. */
  readonly sinceEngine: number;
}

function row(name: string, operand: OperandForm, blankAfter = false, sinceEngine = 0): OperatorRow {
  return { name, operand, blankAfter, sinceEngine };
}

export const OPERATORS = [
  row("exists", "none"),
  row("<=", "number"),
  row("<", "number"),
  row(">=", "number"),
  row(">", "number"),
  row("==", "string"),
  row("=", "string"),
  row("!=", "string"),
  row("glob", "string", true),
  row("iglob", "string", true, 40),
  row("contains", "string", true),
  row("icontains", "string", true),
  row("bcontains", "string", true, 12),
  row("startswith", "string", true),
  row("bstartswith", "string", true, 12),
  row("endswith", "string", true),
  row("regex", "string", true, 43),
  row("intersects", "list"),
  row("in", "list"),
  row("pmatch", "list"),
] as const satisfies readonly OperatorRow[];

/** What may stand between a string operator and a list: exactly one, any, all elements hold. */
export const MODIFIERS = ["oneof", "anyof", "allof"] as const;

/** First engine with modifiers and with join, concat and getopt (Falco 0.44). */
export const ENGINE_WITH_MODIFIERS = 62;

export interface TransformerRow {
  readonly name: string;
  /** Right-hand side only, and only around a plain field. */
  readonly identity: boolean;
  readonly sinceEngine: number;
}

export const TRANSFORMERS = [
  { name: "val", identity: true, sinceEngine: 40 },
  { name: "tolower", identity: false, sinceEngine: 40 },
  { name: "toupper", identity: false, sinceEngine: 40 },
  { name: "b64", identity: false, sinceEngine: 40 },
  { name: "basename", identity: false, sinceEngine: 43 },
  { name: "len", identity: false, sinceEngine: 46 },
  { name: "join", identity: false, sinceEngine: ENGINE_WITH_MODIFIERS },
  { name: "concat", identity: false, sinceEngine: ENGINE_WITH_MODIFIERS },
  { name: "getopt", identity: false, sinceEngine: ENGINE_WITH_MODIFIERS },
] as const satisfies readonly TransformerRow[];
