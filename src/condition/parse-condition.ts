import { OPERATORS, TRANSFORMERS } from "../fields/operators.ts";
import type { Span } from "../text/span.ts";
import type {
  Comparison,
  ComparisonOperator,
  FalcoPosition,
  Field,
  List,
  Modifier,
  Node,
  Transformer,
  Value,
} from "./ast.ts";
import {
  type Cursor,
  lexBareString,
  lexBlank,
  lexFieldName,
  lexIdentifier,
  lexListOperator,
  lexModifier,
  lexNotWord,
  lexNumber,
  lexNumericOperator,
  lexQuoted,
  lexStringOperator,
  lexText,
  lexTransformer,
  lexUnaryOperator,
  lexVal,
  nested,
  openCursor,
  SyntaxStop,
} from "./cursor.ts";
import { falcoPositionAt } from "./falco-position.ts";
import { closeTransformer, parseField, parseTransformer, spanFrom, transformer, value } from "./parse-operand.ts";

// The language, one parse function a production (blank is space, tab, backspace, CR or LF, and may stand between tokens):
//
//   Expr            ::= OrExpr
//   OrExpr          ::= AndExpr ('or' (blank AndExpr | '(' Expr ')'))*
//   AndExpr         ::= NotExpr ('and' (blank NotExpr | '(' Expr ')'))*
//   NotExpr         ::= ('not' blank)* ('not(' Expr ')' | Check)
//   Check           ::= '(' Expr ')' | Field Condition | Transformer Condition | Identifier
//   Condition       ::= UnaryOp | NumOp (Number | Right) | StrOp (String | Right)
//                     | StrOp Modifier ListValue | ListOp (ListValue | Right)
//   ListValue       ::= '(' [String (',' String)*] ')' | Identifier
//   Right           ::= 'val(' Field ')' | Transformer
//   Transformer     ::= Function '(' Argument (',' Argument)* ')' ['[' FieldArgument ']']
//   Argument        ::= Number | Quoted | ArgumentList | Transformer | Field
//   ArgumentList    ::= '(' [Element (',' Element)*] ')'
//   Element         ::= Field | Transformer | Quoted | Number
//   Field           ::= FieldName ['[' FieldArgument ']']
//   FieldArgument   ::= Quoted | [^][\"'[:space:]]+
//   String          ::= Quoted | [^()"'[:space:]=,]+
//   Quoted          ::= '"' ... '"' | "'" ... "'"
//   FieldName       ::= Identifier ('.' Identifier)+
//   Identifier      ::= [a-zA-Z][a-zA-Z0-9_]*
//   Number          ::= 0[xX][0-9a-fA-F]+ | [+-]?[0-9]+[.]?[0-9]*([eE][+-][0-9]+)?
//   UnaryOp         ::= 'exists'
//   NumOp           ::= '<=' | '<' | '>=' | '>'
//   StrOp           ::= '==' | '=' | '!=' | 'glob' | 'iglob' | 'contains' | 'icontains' | 'bcontains'
//                     | 'startswith' | 'bstartswith' | 'endswith' | 'regex'
//   ListOp          ::= 'intersects' | 'in' | 'pmatch'
//   Modifier        ::= 'oneof' | 'anyof' | 'allof'
//   Function        ::= 'tolower' | 'toupper' | 'b64' | 'basename' | 'len' | 'join' | 'concat' | 'getopt'
//
// Words of StrOp and Modifier need a blank behind them, those of ListOp do not ('in(a)', even 'ina', reads as 'in').

/** Falco's own limit for rules; the parser counts every production on the way down, so about 200 brackets reach it. */
const MAX_DEPTH = 1000;

interface SyntaxFault {
  /** Falco's exact text. */
  readonly message: string;
  /** Where the parser stood: empty at the end of the text, else one character. */
  readonly span: Span;
  readonly position: FalcoPosition;
}

export type ParsedCondition =
  | { readonly node: Node; readonly error?: never }
  | { readonly node?: never; readonly error: SyntaxFault };

/**
 * The tree of a condition, or Falco's message with the place where its parser stops; never throws on any text.
 * Lists must be substituted before; macro names stay as references. Time grows with the length of the text.
 * Source: libs userspace/libsinsp/filter/parser.cpp @48dfd53c.
 */
export function parseCondition(text: string, maxDepth = MAX_DEPTH): ParsedCondition {
  const cursor = openCursor(text, maxDepth);
  try {
    if (text.length === 0) throw new SyntaxStop("filter input string is empty");
    const node = nested(cursor, parseOr);
    if (cursor.depth > 0) throw new SyntaxStop("parser fatal error: recursion is unbalanced");
    if (cursor.at !== text.length) {
      throw new SyntaxStop(`unexpected token after '${cursor.token}', expecting 'or', 'and'`);
    }
    return { node };
  } catch (thrown) {
    if (!(thrown instanceof SyntaxStop)) throw thrown;
    const span = { start: cursor.at, end: Math.min(cursor.at + 1, text.length) };
    return { error: { message: thrown.message, span, position: falcoPositionAt(text, cursor.at) } };
  }
}

function parseOr(cursor: Cursor): Node {
  return parseChain(cursor, "or", parseAnd);
}

function parseAnd(cursor: Cursor): Node {
  return parseChain(cursor, "and", parseNot);
}

function parseChain(cursor: Cursor, kind: "or" | "and", parseOperand: (cursor: Cursor) => Node): Node {
  lexBlank(cursor);
  const start = cursor.at;
  const first = nested(cursor, parseOperand);
  const children = [first];
  lexBlank(cursor);
  while (lexText(cursor, kind)) {
    if (lexBlank(cursor)) children.push(nested(cursor, parseOperand));
    else if (lexText(cursor, "(")) children.push(nested(cursor, parseBracketed));
    else throw new SyntaxStop(`expected blank or '(' after '${kind}'`);
    lexBlank(cursor);
  }
  return children.length === 1 ? first : { kind, span: spanFrom(cursor, start), children };
}

function parseNot(cursor: Cursor): Node {
  lexBlank(cursor);
  const start = cursor.at;
  let negated = false;
  while (lexNotWord(cursor)) negated = !negated;
  let child: Node;
  if (lexText(cursor, "not(")) {
    negated = !negated;
    child = nested(cursor, parseBracketed);
  } else {
    child = nested(cursor, parseCheck);
  }
  return negated ? { kind: "not", span: spanFrom(cursor, start), child } : child;
}

/** The rest of a bracketed expression, behind its '('. */
function parseBracketed(cursor: Cursor): Node {
  lexBlank(cursor);
  const child = nested(cursor, parseOr);
  lexBlank(cursor);
  if (!lexText(cursor, ")")) throw new SyntaxStop("expected a ')' token");
  return child;
}

function parseCheck(cursor: Cursor): Node {
  lexBlank(cursor);
  const start = cursor.at;
  if (lexText(cursor, "(")) return nested(cursor, parseBracketed);
  if (lexFieldName(cursor)) {
    const left = parseField(cursor, start);
    return nested(cursor, () => parseComparison(cursor, left));
  }
  if (lexTransformer(cursor)) {
    lexBlank(cursor);
    const left = parseTransformer(cursor, start);
    return nested(cursor, () => parseComparison(cursor, left));
  }
  if (lexIdentifier(cursor)) {
    return { kind: "macro", span: spanFrom(cursor, start), name: cursor.token };
  }
  throw new SyntaxStop("expected a '(' token, a field check, or an identifier");
}

const OPERATOR_NAMES = quotedNames(OPERATORS);
const TRANSFORMER_NAMES = quotedNames(TRANSFORMERS);

function quotedNames(rows: readonly { readonly name: string }[]): string {
  return rows.map(({ name }) => `'${name}'`).join(", ");
}

function parseComparison(cursor: Cursor, left: Field | Transformer): Node {
  lexBlank(cursor);
  if (lexUnaryOperator(cursor)) return { kind: "exists", span: spanFrom(cursor, left.span.start), left };
  if (lexNumericOperator(cursor)) {
    return comparison(cursor, left, cursor.token, nested(cursor, parseNumberOrRight));
  }
  if (lexStringOperator(cursor)) {
    const operator = cursor.token;
    // A word has its blank behind it already; a sign may have one.
    const blank = lexBlank(cursor) || /^[a-z]/.test(operator);
    if (blank && lexModifier(cursor)) {
      const modifier = cursor.token as Modifier;
      const check = comparison(cursor, left, operator, nested(cursor, parseListValue));
      return { ...check, modifier };
    }
    return comparison(cursor, left, operator, nested(cursor, parseStringOrRight));
  }
  if (lexListOperator(cursor)) {
    return comparison(cursor, left, cursor.token, nested(cursor, parseListOrRight));
  }
  throw new SyntaxStop(`expected a valid check operator: one of ${OPERATOR_NAMES}`);
}

function comparison(
  cursor: Cursor,
  left: Field | Transformer,
  operator: string,
  right: Value | List | Transformer,
): Comparison {
  const span = spanFrom(cursor, left.span.start);
  return { kind: "comparison", span, left, operator: operator as ComparisonOperator, right };
}

function parseNumberOrRight(cursor: Cursor): Value | Transformer {
  lexBlank(cursor);
  const start = cursor.at;
  const right = nested(cursor, parseRight);
  if (right !== undefined) return right;
  if (lexNumber(cursor)) return value(cursor, start);
  throw new SyntaxStop(`expected a number value or a field with a valid transformer: ${TRANSFORMER_NAMES}`);
}

function parseStringOrRight(cursor: Cursor): Value | Transformer {
  lexBlank(cursor);
  const start = cursor.at;
  const right = nested(cursor, parseRight);
  if (right !== undefined) return right;
  if (lexQuoted(cursor) || lexBareString(cursor)) return value(cursor, start);
  throw new SyntaxStop(`expected a string value or a field with a valid transformer: ${TRANSFORMER_NAMES}`);
}

function parseString(cursor: Cursor): Value {
  lexBlank(cursor);
  const start = cursor.at;
  if (lexQuoted(cursor) || lexBareString(cursor)) return value(cursor, start);
  throw new SyntaxStop("expected a string value");
}

function parseListValue(cursor: Cursor): Value | List {
  lexBlank(cursor);
  const start = cursor.at;
  const list = tryParseList(cursor);
  if (list !== undefined) return list;
  if (lexIdentifier(cursor)) return value(cursor, start);
  throw new SyntaxStop("expected a list or an identifier");
}

function parseListOrRight(cursor: Cursor): Value | List | Transformer {
  lexBlank(cursor);
  const start = cursor.at;
  const list = tryParseList(cursor);
  if (list !== undefined) return list;
  const right = nested(cursor, parseRight);
  if (right !== undefined) return right;
  if (lexIdentifier(cursor)) return value(cursor, start);
  throw new SyntaxStop(`expected a list, an identifier, or a field with a valid transformer: ${TRANSFORMER_NAMES}`);
}

function tryParseList(cursor: Cursor): List | undefined {
  const start = cursor.at;
  if (!lexText(cursor, "(")) return undefined;
  const values: Value[] = [];
  lexBlank(cursor);
  const first = tryParseFirst(cursor);
  if (first !== undefined) {
    values.push(first);
    lexBlank(cursor);
    while (lexText(cursor, ",")) {
      values.push(nested(cursor, parseString));
      lexBlank(cursor);
    }
  }
  if (!lexText(cursor, ")")) throw new SyntaxStop("expected a ')' token");
  return { kind: "list", span: spanFrom(cursor, start), values };
}

/**
 * The first element, or undefined where the list has to be empty. As in libs any failure counts as "empty", so a list
 * whose only element has a bad escape is read as an empty list, and one at the depth limit leaves the depth off by one.
 */
function tryParseFirst(cursor: Cursor): Value | undefined {
  const { depth } = cursor;
  try {
    return nested(cursor, parseString);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxStop)) throw thrown;
    cursor.depth = depth + 1 >= cursor.maxDepth ? depth + 1 : depth;
    return undefined;
  }
}

/** `val(field)` or a transformer; undefined when neither stands here. */
function parseRight(cursor: Cursor): Transformer | undefined {
  lexBlank(cursor);
  const start = cursor.at;
  if (lexVal(cursor)) {
    lexBlank(cursor);
    const fieldStart = cursor.at;
    if (!lexFieldName(cursor)) throw new SyntaxStop("expected a field within 'val' transformer");
    const field = parseField(cursor, fieldStart);
    lexBlank(cursor);
    closeTransformer(cursor);
    return transformer(cursor, start, "val", [field]);
  }
  if (!lexTransformer(cursor)) return undefined;
  lexBlank(cursor);
  return parseTransformer(cursor, start);
}
