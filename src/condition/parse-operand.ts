import type { Span } from "../text/span.ts";
import type { Field, Transformer, TransformerArgument, TransformerList, TransformerName, Value } from "./ast.ts";
import {
  type Cursor,
  lexBareArgument,
  lexBlank,
  lexFieldName,
  lexNumber,
  lexQuoted,
  lexText,
  lexTransformer,
  nested,
  openCursor,
  SyntaxStop,
} from "./cursor.ts";

// The productions Field, Transformer, Argument, ArgumentList and Element of the grammar in parse-condition.ts.

export type ParsedOperand =
  | { readonly part: Field | Transformer; readonly end: number; readonly error?: never }
  | { readonly part?: never; readonly end: number; readonly error: string };

/**
 * The field or transformer that a text begins with and where it ends, as outputs name them; what follows is not looked at.
 * On an error `end` is where the parser stood.
 */
export function parseOperand(text: string, maxDepth: number): ParsedOperand {
  const cursor = openCursor(text, maxDepth);
  try {
    const part = nested(cursor, parseFieldOrTransformer);
    return { part, end: cursor.at };
  } catch (thrown) {
    if (!(thrown instanceof SyntaxStop)) throw thrown;
    return { error: thrown.message, end: cursor.at };
  }
}

function parseFieldOrTransformer(cursor: Cursor): Field | Transformer {
  if (lexFieldName(cursor)) return parseField(cursor, 0);
  if (lexTransformer(cursor)) {
    lexBlank(cursor);
    return parseTransformer(cursor, 0);
  }
  throw new SyntaxStop(`unexpected token after '${cursor.token}`);
}

export function parseField(cursor: Cursor, start: number): Field {
  const name = cursor.token;
  return nested(cursor, () => {
    const argument = parseOptionalArgument(cursor);
    const span = spanFrom(cursor, start);
    return argument === undefined ? { kind: "field", span, name } : { kind: "field", span, name, argument };
  });
}

function parseOptionalArgument(cursor: Cursor): string | undefined {
  if (!lexText(cursor, "[")) return undefined;
  if (!lexQuoted(cursor) && !lexBareArgument(cursor)) {
    throw new SyntaxStop("expected a valid field argument: a quoted string or a bare string");
  }
  const argument = cursor.token;
  if (!lexText(cursor, "]")) throw new SyntaxStop("expected a ']' token");
  return argument;
}

/** The rest of a transformer, behind its '('; the cursor's token is its name. */
export function parseTransformer(cursor: Cursor, start: number): Transformer {
  const name = cursor.token as TransformerName;
  return nested(cursor, () => {
    const values: TransformerArgument[] = [];
    lexBlank(cursor);
    do {
      values.push(nested(cursor, parseTransformerArgument));
      lexBlank(cursor);
    } while (lexText(cursor, ","));
    closeTransformer(cursor);
    return transformer(cursor, start, name, values);
  });
}

export function closeTransformer(cursor: Cursor): void {
  if (!lexText(cursor, ")")) throw new SyntaxStop("expected a ')' token closing the transformer");
}

export function transformer(
  cursor: Cursor,
  start: number,
  name: TransformerName,
  values: readonly TransformerArgument[],
): Transformer {
  const argument = parseOptionalArgument(cursor);
  const span = spanFrom(cursor, start);
  return argument === undefined
    ? { kind: "transformer", span, name, values }
    : { kind: "transformer", span, name, values, argument };
}

function parseTransformerArgument(cursor: Cursor): TransformerArgument {
  lexBlank(cursor);
  const start = cursor.at;
  if (lexNumber(cursor) || lexQuoted(cursor)) return value(cursor, start);
  if (lexText(cursor, "(")) return parseTransformerList(cursor, start);
  if (lexTransformer(cursor)) return parseTransformer(cursor, start);
  if (lexFieldName(cursor)) return parseField(cursor, start);
  throw new SyntaxStop(
    "expected field transformer argument: field, transformer, quoted string, number, or transformer list",
  );
}

function parseTransformerList(cursor: Cursor, start: number): TransformerList {
  const items: (Field | Transformer | Value)[] = [];
  lexBlank(cursor);
  if (!lexText(cursor, ")")) {
    do {
      lexBlank(cursor);
      items.push(parseTransformerElement(cursor));
      lexBlank(cursor);
    } while (lexText(cursor, ","));
    if (!lexText(cursor, ")")) throw new SyntaxStop("expected ')'");
  }
  return { kind: "transformer-list", span: spanFrom(cursor, start), items };
}

function parseTransformerElement(cursor: Cursor): Field | Transformer | Value {
  const start = cursor.at;
  if (lexFieldName(cursor)) return parseField(cursor, start);
  if (lexTransformer(cursor)) {
    lexBlank(cursor);
    return parseTransformer(cursor, start);
  }
  if (lexQuoted(cursor) || lexNumber(cursor)) return value(cursor, start);
  throw new SyntaxStop("expected transformer list argument: field, transformer, quoted string, or number");
}

export function value(cursor: Cursor, start: number): Value {
  return { kind: "value", span: spanFrom(cursor, start), text: cursor.token };
}

export function spanFrom(cursor: Cursor, start: number): Span {
  return { start, end: cursor.tokenEnd };
}
