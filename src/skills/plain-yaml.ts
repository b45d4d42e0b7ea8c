import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { Position } from "./errors.ts";
import { quote } from "./quote.ts";

/** YAML that has passed: its plain value and where each part of it stands. */
export interface PlainYaml {
  readonly value: unknown;
  /** Line and column (from 1, in the file) of the value at that path; of its nearest parent when the path does not exist. */
  positionOf(path: readonly PropertyKey[]): Position;
}

export interface YamlFault {
  readonly message: string;
  readonly position: Position;
}

const DEEPEST = 16;

/**
 * One YAML 1.2 document without directives, anchors, aliases, tags or duplicate keys: what a reader sees is what we take.
 * `firstLine` is the line of the file on which `text` begins. Gives faults instead of throwing, whatever the text.
 */
export function parsePlainYaml(text: string, firstLine = 1): PlainYaml | readonly YamlFault[] {
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1) + firstLine - 1, column: Math.max(col, 1) };
  };
  if (nestsTooDeep(text)) return [{ message: `nests deeper than ${DEEPEST} levels`, position: positionAt(0) }];
  // A directive could change the version of YAML, and with it what a word means.
  if (/^%/m.test(text)) return [{ message: "uses a directive, which is not plain YAML", position: positionAt(0) }];
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    return problems
      .slice(0, 20)
      .map((problem) => ({ message: inWords(problem), position: positionAt(problem.pos[0]) }));
  }
  const unplain = findUnplain(document.contents);
  if (unplain !== undefined) return [{ message: unplain.message, position: positionAt(unplain.offset) }];
  return {
    value: document.toJS({ maxAliasCount: 0 }) as unknown,
    positionOf(path) {
      for (let length = path.length; length >= 0; length -= 1) {
        const node = document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return positionAt(node.range[0]);
      }
      return positionAt(0);
    },
  };
}

function findUnplain(contents: Node | null): { message: string; offset: number } | undefined {
  let found: { message: string; offset: number } | undefined;
  if (contents === null) return undefined;
  visit(contents, {
    Node(_key, node) {
      const tag = "tag" in node ? node.tag : undefined;
      const what = isAlias(node)
        ? "an alias"
        : "anchor" in node && node.anchor
          ? "an anchor"
          : tag
            ? "a tag"
            : undefined;
      if (what !== undefined) {
        found = { message: `uses ${what}, which is not plain YAML`, offset: node.range?.[0] ?? 0 };
        return visit.BREAK;
      }
      if (isMap(node)) found = repeatedKey(node);
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
}

/** Looked for here and not by the parser, which compares every key with every other. */
function repeatedKey({ items }: YAMLMap): { message: string; offset: number } | undefined {
  const seen = new Set<string>();
  for (const { key } of items) {
    const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
    if (!isScalar(key)) return { message: "has a key that is no plain text", offset };
    const name = String(key.value);
    if (seen.has(name)) return { message: `has the key ${quote(name)} twice`, offset };
    seen.add(name);
  }
  return undefined;
}

/**
 * Whether the text could nest deeper than anything we read. Counted before parsing, because a parser that recurses must
 * not meet a line of ten thousand brackets; brackets inside strings count too, which no honest file notices.
 */
function nestsTooDeep(text: string): boolean {
  let flow = 0;
  for (const line of text.split("\n")) {
    const indent = /^[ \t]*(?:[-?:][ \t]+)*/.exec(line)?.[0].length ?? 0;
    if (indent > DEEPEST * 8) return true;
    for (const character of line) {
      if (character === "[" || character === "{") flow += 1;
      else if ((character === "]" || character === "}") && flow > 0) flow -= 1;
      if (flow > DEEPEST) return true;
    }
  }
  return false;
}

function inWords({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "holds more than one YAML document";
  const line = message.split("\n")[0] ?? "";
  return line.charAt(0).toLowerCase() + line.slice(1);
}
