/** A half-open stretch of a text in UTF-16 offsets: the one form of position; lines and columns exist only when shown. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
