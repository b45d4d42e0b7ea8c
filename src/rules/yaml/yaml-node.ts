/** A place in a YAML text: UTF-16 offset, line and column from 0 (what YAML readers report; shown from 1). */
export interface Mark {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/**
 * Where the characters of a scalar stand in its file: the offset of its first where value and file run in step all along,
 * else pairs of (offset in the value, offset in the file), ascending, from each of which on they do until the next.
 */
export type ScalarMap = number | readonly number[];

export interface YamlNull {
  readonly kind: "null";
  readonly mark: Mark;
}

export interface YamlScalar {
  readonly kind: "scalar";
  readonly mark: Mark;
  /** Always text: rule files have no types beyond it. */
  readonly value: string;
  readonly map: ScalarMap;
  /** Quoted, literal or folded: `"null"` is text where `null` is nothing. */
  readonly plain: boolean;
}

export interface YamlSequence {
  readonly kind: "sequence";
  readonly mark: Mark;
  readonly items: readonly YamlNode[];
  readonly recursive?: true;
}

export interface YamlMap {
  readonly kind: "map";
  readonly mark: Mark;
  /** In the order of the file, repeats included. */
  readonly pairs: readonly (readonly [YamlNode, YamlNode])[];
  readonly recursive?: true;
}

/** An alias is the very node it names: a document is a graph, without cycles. */
export type YamlNode = YamlNull | YamlScalar | YamlSequence | YamlMap;

/** The value of the first pair with that key; undefined where the node is no map or has no such key. */
export function lookup(node: YamlNode, key: string): YamlNode | undefined {
  if (node.kind !== "map") return undefined;
  // By index: in code that runs once, taking pairs apart costs more than the search.
  for (let at = 0; at < node.pairs.length; at += 1) {
    const pair = node.pairs[at];
    if (pair?.[0].kind === "scalar" && pair[0].value === key) return pair[1];
  }
  return undefined;
}

/** The file offset of a character of a scalar's value. */
export function offsetInFile(map: ScalarMap, offset: number): number {
  if (typeof map === "number") return map + Math.max(0, offset);
  let low = 0;
  let high = map.length / 2 - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((map[middle * 2] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return (map[low * 2 + 1] ?? 0) + Math.max(0, offset - (map[low * 2] ?? 0));
}

const TRUE = new Set(["y", "yes", "true", "on"]);
const FALSE = new Set(["n", "no", "false", "off"]);

/** true or false for Falco's words (y, yes, true, on and their opposites; lower, UPPER or Capitalised), else undefined. */
export function decodeBoolean(text: string): boolean | undefined {
  if (!/^(?:[a-z]+|[A-Z][a-z]*|[A-Z]+)$/.test(text)) return undefined;
  const lower = text.toLowerCase();
  if (TRUE.has(lower)) return true;
  return FALSE.has(lower) ? false : undefined;
}

/** An unsigned 32-bit integer as C++ streams read it (decimal, 0x hexadecimal, leading-zero octal), else undefined. */
export function decodeUint32(text: string): number | undefined {
  const digits = /^\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)[ \t\n\v\f\r]*$/.exec(text)?.[1];
  if (digits === undefined || digits.length > 32) return undefined;
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return value <= 0xffffffff ? value : undefined;
}

/** Whether the text is a whole decimal number of at most 19 digits. */
export function isInteger(text: string): boolean {
  return /^[+-]?[0-9]{1,19}$/.test(text);
}
