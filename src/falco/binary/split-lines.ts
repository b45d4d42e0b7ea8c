const LF = 0x0a;

/** One line of a child's output, without its line end. */
export interface OutputLine {
  readonly bytes: Buffer;
  /** How many bytes of it were left out because the line is longer than the limit. */
  readonly bytesLeftOut: number;
  /** False for what stood after the last line end when the child ended: half a line, perhaps. */
  readonly isEnded: boolean;
}

export interface LineSplitter {
  /** The lines that end inside this piece. */
  push(piece: Buffer): readonly OutputLine[];
  /** What is left when the output has ended; undefined where it ended with a line end. */
  rest(): OutputLine | undefined;
}

/** Splits output into lines of at most `lineBytes`; what a longer line has beyond that is counted and dropped at once. */
export function lineSplitter(lineBytes: number): LineSplitter {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let bytesLeftOut = 0;

  function hold(piece: Buffer): void {
    const kept = piece.subarray(0, lineBytes - heldBytes);
    if (kept.length > 0) held.push(kept);
    heldBytes += kept.length;
    bytesLeftOut += piece.length - kept.length;
  }

  function take(isEnded: boolean): OutputLine {
    const bytes = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
    const line = { bytes, bytesLeftOut, isEnded };
    held = [];
    heldBytes = 0;
    bytesLeftOut = 0;
    return line;
  }

  return {
    push(piece) {
      const lines: OutputLine[] = [];
      let from = 0;
      for (let at = piece.indexOf(LF); at !== -1; at = piece.indexOf(LF, from)) {
        hold(piece.subarray(from, at));
        lines.push(take(true));
        from = at + 1;
      }
      if (from < piece.length) hold(piece.subarray(from));
      return lines;
    },
    rest: () => (heldBytes + bytesLeftOut === 0 ? undefined : take(false)),
  };
}
