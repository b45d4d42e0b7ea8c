import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { type BlockCounts, BlockReader, type CaptureHandler } from "./block-reader.ts";
import { asFault, type CaptureFault } from "./capture-fault.ts";
import type { CaptureBytes } from "./open-capture.ts";

export interface ReadCaptureOptions {
  readonly signal?: AbortSignal;
  /** Called after each piece with the bytes of the unpacked capture and the events so far. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly events: number }) => void;
}

export interface CaptureSummary extends Readonly<BlockCounts> {
  /** Bytes of the unpacked capture that were looked at. */
  readonly bytes: number;
  /** Absent where the whole capture was read, or the handler ended the reading. */
  readonly fault?: CaptureFault;
}

/**
 * What was read of a capture, after its handler was told everything up to the end or up to the first fault.
 * Memory does not grow with the capture. A fault of the capture is part of the answer; anything else that is thrown
 * (a handler's own failure) goes up. CANCELLED when the signal fires.
 */
export async function readCapture(
  capture: CaptureBytes,
  handler: CaptureHandler,
  { signal, onProgress }: ReadCaptureOptions = {},
): Promise<CaptureSummary> {
  const reader = new BlockReader(handler);
  let bytes = 0;
  const summary = () => ({ ...reader.counts, bytes });
  try {
    for await (const piece of capture) {
      if (signal?.aborted) throw cancelled();
      bytes += piece.length;
      reader.push(piece);
      if (signal?.aborted) throw cancelled();
      onProgress?.({ bytes, events: reader.counts.events });
      if (reader.stopped) return summary();
    }
    reader.end();
  } catch (thrown) {
    const fault = isCaptureFault(thrown) ? asFault(thrown, reader.offset, reader.block) : undefined;
    if (!fault) throw thrown;
    return { ...summary(), fault };
  }
  return summary();
}

function isCaptureFault(thrown: unknown): boolean {
  return thrown instanceof FalcoSkillsError && thrown.code.startsWith("CAPTURE_");
}

function cancelled(): FalcoSkillsError {
  return new FalcoSkillsError("CANCELLED", "reading the capture was cancelled", { fix: "Start it again when needed." });
}
