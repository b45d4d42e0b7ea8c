import type { FalcoPosition } from "../condition/ast.ts";
import { createLineIndex, type LineIndex } from "../text/line-index.ts";
import type { Span } from "../text/span.ts";
import type { LoadErrorCode, LoadWarningCode } from "./load-codes.ts";
import { type Mark, offsetInFile, type YamlNode } from "./yaml/yaml-node.ts";

/** A rule file in the order of loading. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
  readonly order: number;
  /** UTF-8 bytes and UTF-16 units are the same, so that offsets need no conversion. */
  readonly ascii: boolean;
  lines(): LineIndex;
  bytes(): Buffer;
}

export function createSourceFile(name: string, text: string, order: number): SourceFile {
  let index: LineIndex | undefined;
  let bytes: Buffer | undefined;
  return {
    name,
    text,
    order,
    ascii: /^[\x00-\x7f]*$/.test(text),
    lines() {
      index ??= createLineIndex(text);
      return index;
    },
    bytes() {
      bytes ??= Buffer.from(text);
      return bytes;
    },
  };
}

/** What Falco calls the places it names in a finding. */
export type ItemType =
  | "value for"
  | "exceptions"
  | "exception"
  | "exception values"
  | "exception value"
  | "rules content"
  | "rules content item"
  | "required_engine_version"
  | "required plugin versions"
  | "required plugin versions entry"
  | "required plugin versions alternative"
  | "list"
  | "list item"
  | "macro"
  | "macro condition"
  | "rule"
  | "rule condition"
  | "condition expression"
  | "rule output"
  | "rule priority"
  | "overrides";

/** Where a finding was made, as a chain from the file down to the value. */
export interface LoadContext {
  readonly file: SourceFile;
  readonly type: ItemType;
  readonly name: string;
  readonly mark: Mark;
  readonly node: YamlNode | undefined;
  readonly parent: LoadContext | undefined;
  /** A place inside a condition: Falco shows the condition's text instead of the file's. */
  readonly expression?: { readonly text: string; readonly position: FalcoPosition };
}

/** A real place in a file, where it is known better than by the context. */
export interface FilePlace {
  readonly file: SourceFile;
  readonly span: Span;
}

export interface LoadFinding {
  readonly severity: "error" | "warning";
  readonly code: LoadErrorCode | LoadWarningCode | `RULES_${string}`;
  /** Falco's words. */
  readonly message: string;
  readonly context: LoadContext;
  readonly deprecatedField?: string;
  readonly place?: FilePlace;
  /** Macros passed through on the way to the place, outermost first. */
  readonly macros?: readonly string[];
  /** The macro whose name could not be resolved. */
  readonly macro?: string;
  /** That macro is there but had been found broken by then: its own errors say why. */
  readonly follows?: boolean;
}

const START: Mark = { offset: 0, line: 0, column: 0 };

export function fileContext(file: SourceFile): LoadContext {
  return { file, type: "rules content", name: "", mark: START, node: undefined, parent: undefined };
}

export function nodeContext(node: YamlNode, type: ItemType, name: string, parent: LoadContext): LoadContext {
  return { file: parent.file, type, name, mark: node.mark, node, parent };
}

export function markContext(mark: Mark, parent: LoadContext): LoadContext {
  return { file: parent.file, type: "value for", name: "", mark, node: undefined, parent };
}

export function expressionContext(text: string, position: FalcoPosition, parent: LoadContext): LoadContext {
  const { file, mark } = parent;
  return {
    file,
    type: "condition expression",
    name: "",
    mark,
    node: undefined,
    parent,
    expression: { text, position },
  };
}

/** Ends the work on one item, whose errors it carries (Falco reports the first); the next item has its turn. */
export class ItemRejected extends Error {
  readonly findings: readonly [LoadFinding, ...LoadFinding[]];

  constructor(first: LoadFinding, ...others: readonly LoadFinding[]) {
    super(first.message);
    this.findings = [first, ...others];
  }
}

export function reject(code: LoadErrorCode | `RULES_${string}`, message: string, context: LoadContext): never {
  throw new ItemRejected({ severity: "error", code, message, context });
}

/** The stretch of the file that a context is about: a scalar's characters, or the first one of anything else. */
export function placeOf(context: LoadContext): FilePlace {
  const { file, node, mark } = context;
  if (node?.kind !== "scalar" || node.value === "") {
    const scalar = node?.kind === "map" ? node.pairs[0]?.[0] : undefined;
    if (scalar?.kind === "scalar") return placeOf({ ...context, node: scalar });
    return { file, span: { start: mark.offset, end: Math.min(mark.offset + 1, file.text.length) } };
  }
  const start = offsetInFile(node.map, 0);
  const end = offsetInFile(node.map, node.value.length - 1) + 1;
  return { file, span: { start, end: Math.max(end, start + 1) } };
}
