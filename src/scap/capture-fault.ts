import type { ErrorCode } from "../errors/codes.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

/** Why reading a capture stopped before its end. Everything before `offsetBytes` was delivered. */
export interface CaptureFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
  /** Where in words: `byte 1048 of the unpacked capture, in an event block`. */
  readonly where: string;
  /** Where the faulty block begins, in bytes of the unpacked capture. */
  readonly offsetBytes: number;
  /** What the faulty block is, or was expected to be. */
  readonly block: string;
}

const FIXES: Partial<Record<ErrorCode, string>> = {
  CAPTURE_FOREIGN: "Pass a .scap file, as Falco, sysdig or scap-open writes it.",
  CAPTURE_UNSUPPORTED: "Record the capture on a little-endian machine with libs 0.2 to 0.25.",
  CAPTURE_TRUNCATED: "Record the capture again, or copy it again if it was cut on its way.",
  CAPTURE_DAMAGED: "Copy the capture again from where it was recorded and compare checksums.",
  CAPTURE_TOO_LARGE: "Check that the file is a capture; no recorder writes blocks this large.",
  CAPTURE_EMPTY: "Record again while the activity of interest happens.",
};

/** A failure inside a block; the block reader adds where the block begins. */
export function captureError(code: ErrorCode, message: string): FalcoSkillsError {
  return new FalcoSkillsError(code, message, { fix: FIXES[code] ?? "Check the capture file." });
}

/** The fault that a failure amounts to; undefined for anything that is a defect of ours. */
export function asFault(thrown: unknown, offsetBytes: number, block: string): CaptureFault | undefined {
  if (!(thrown instanceof FalcoSkillsError)) return undefined;
  return {
    code: thrown.code,
    message: thrown.message,
    fix: thrown.fix,
    where: `byte ${offsetBytes} of the unpacked capture, in ${article(block)}`,
    offsetBytes,
    block,
  };
}

function article(block: string): string {
  return `${/^[aeiou]/.test(block) ? "an" : "a"} ${block}${block.endsWith("block") ? "" : " block"}`;
}
