import { ERROR_TEXTS, type LoadErrorCode, type LoadWarningCode, WARNING_TEXTS } from "./load-codes.ts";
import type { LoadContext, LoadFinding, SourceFile } from "./load-context.ts";
import type { Mark } from "./yaml/yaml-node.ts";

/** A place as Falco prints it: line and column from 0, offset and column in UTF-8 bytes. */
export interface FalcoPlace {
  readonly name: string;
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

export interface FalcoFinding {
  readonly code: string;
  readonly codedesc: string;
  readonly message: string;
  readonly context: {
    readonly locations: readonly {
      readonly item_type: string;
      readonly item_name: string;
      readonly position: FalcoPlace;
    }[];
    readonly snippet: string;
  };
  readonly deprecated_field?: string;
}

const SNIPPET_WIDTH = 160;
const LF = 0x0a;

/** A finding in the form of Falco's JSON. */
export function falcoFinding(finding: LoadFinding): FalcoFinding {
  const { severity, code, message, context, deprecatedField } = finding;
  const chain: LoadContext[] = [];
  for (let at: LoadContext | undefined = context; at !== undefined; at = at.parent) chain.unshift(at);
  const locations = chain.map((at) => ({
    item_type: at.type,
    item_name: at.name,
    position: falcoPlace(at),
  }));
  return {
    code,
    codedesc:
      severity === "error"
        ? (ERROR_TEXTS[code as LoadErrorCode] ?? "")
        : (WARNING_TEXTS[code as LoadWarningCode]?.[1] ?? ""),
    message,
    context: { locations, snippet: snippet(context, falcoPlace(context).offset) },
    ...(deprecatedField === undefined ? {} : { deprecated_field: deprecatedField }),
  };
}

function falcoPlace(context: LoadContext): FalcoPlace {
  const place = bytePlace(context.file, context.mark);
  const { expression } = context;
  if (expression === undefined) return { name: context.file.name, ...place };
  const { line, column, offset } = expression.position;
  return {
    name: expressionName(expression.text),
    line: place.line + line,
    column: place.column + column,
    offset: place.offset + offset,
  };
}

/** Bytes before the mark, without those of a byte order mark. */
function bytePlace(file: SourceFile, { offset, line, column }: Mark): Omit<FalcoPlace, "name"> {
  if (file.ascii) return { line, column, offset };
  const before = file.text.slice(file.text.startsWith("\uFEFF") ? 1 : 0, offset);
  return {
    line,
    column: Buffer.byteLength(file.text.slice(offset - column, offset)),
    offset: Buffer.byteLength(before),
  };
}

/** The first twenty bytes of a condition, in quotes, on one line. */
function expressionName(text: string): string {
  const bytes = Buffer.from(text);
  const shown = bytes.length > 20 ? `${bytes.subarray(0, 17).toString()}...` : text;
  return `"${shown.replace(/[\n\r]/g, " ")}"`;
}

/** The line of the place and a caret below it, cut as Falco cuts (rule_loader.cpp, context::snippet @13074749). */
function snippet(context: LoadContext, offset: number): string {
  const content = context.expression?.text ? Buffer.from(context.expression.text) : context.file.bytes();
  if (content.length === 0) return "<No context available>\n";
  const half = SNIPPET_WIDTH / 2;
  let at = Math.min(offset, content.length);
  while (at > 0 && (at >= content.length || content[at] === LF)) at -= 1;
  let from = at;
  while (from > 0 && content[from] !== LF && at - from < half) from -= 1;
  let to = at;
  while (to < content.length - 1 && content[to] !== LF && to - at < half) to += 1;
  if (content[from] === LF) from += 1;
  if (content[to] === LF) to -= 1;
  let line = Buffer.from(content.subarray(from, Math.max(from, to + 1)));
  if (line.length === 0) return "<No context available>\n";
  const dots = Buffer.from("...");
  if (at - from >= half) line = Buffer.concat([dots, line.subarray(3)]);
  if (to - at >= half) line = Buffer.concat([line.subarray(0, line.length - 3), dots]);
  const caret = at - from <= line.length ? `${" ".repeat(Math.max(0, at - from))}^\n` : "";
  return `${line.toString()}\n${caret}`;
}
