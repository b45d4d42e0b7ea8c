import { SKILL_LIMITS } from "./skill-limits.ts";

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} ._+@=,()-]*$/u;
const RESERVED = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/** Why a file or folder of that name may not be in a skill; undefined when it may. */
export function nameFault(name: string): string | undefined {
  if (name.startsWith(".")) return "starts with a dot";
  if (Buffer.byteLength(name) > SKILL_LIMITS.nameBytes) return `is longer than ${SKILL_LIMITS.nameBytes} bytes`;
  if (name !== name.normalize("NFC")) return "is not in Unicode normal form C";
  if (!PLAIN.test(name)) return "has characters other than letters, digits, blanks and _.+@=,()-";
  if (/[ .]$/.test(name)) return "ends in a blank or a dot";
  if (RESERVED.test(name)) return "is a device name on Windows";
  return undefined;
}
