import type { Mark, ScalarMap } from "./yaml-node.ts";

export type TokenType =
  | "directive"
  | "document-start"
  | "document-end"
  | "block-sequence-start"
  | "block-sequence-end"
  | "block-map-start"
  | "block-map-end"
  | "block-entry"
  | "flow-sequence-start"
  | "flow-sequence-end"
  | "flow-map-start"
  | "flow-map-end"
  | "flow-entry"
  | "key"
  | "value"
  | "anchor"
  | "alias"
  | "tag"
  | "plain"
  | "quoted";

export interface Token {
  readonly type: TokenType;
  readonly mark: Mark;
  /** A key is only a key once its colon is seen: until then it (and the map it would open) is undecided. */
  state: "valid" | "undecided" | "invalid";
  /** The text of a scalar, or the name of a directive, anchor, alias or tag. */
  readonly value: string;
  readonly map: ScalarMap;
  readonly parameters: readonly string[];
}

const NONE: readonly never[] = [];

export function token(
  type: TokenType,
  mark: Mark,
  value = "",
  map: ScalarMap = 0,
  parameters: readonly string[] = NONE,
): Token {
  return { type, mark, state: "valid", value, map, parameters };
}
