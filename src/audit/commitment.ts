import { createHash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";

const DOMAIN = Buffer.from("falco-skills/commit/v1\0", "latin1");

/** What proves later that a value is the one a record committed to. Kept in private/openings.jsonl, one a line. */
export interface Opening {
  /** SHA-256(domain || salt || canonical value), hex. */
  readonly commit: string;
  /** 32 random bytes, hex: without them a short value could be guessed from its hash. */
  readonly salt: string;
  readonly value: unknown;
}

/** A salted commitment to an already redacted value, with its opening. `salt` is 32 random bytes. */
export function commitTo(value: unknown, salt: Uint8Array): Opening {
  return { commit: digest(salt, canonicalJson(value)), salt: Buffer.from(salt).toString("hex"), value };
}

/** Whether the opening really opens its commitment. */
export function opens({ commit, salt, value }: Opening): boolean {
  if (!/^[0-9a-f]{64}$/.test(salt)) return false;
  try {
    return digest(Buffer.from(salt, "hex"), canonicalJson(value)) === commit;
  } catch {
    return false;
  }
}

function digest(salt: Uint8Array, canonical: string): string {
  return createHash("sha256").update(DOMAIN).update(salt).update(canonical).digest("hex");
}
