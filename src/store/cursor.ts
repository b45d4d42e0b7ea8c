import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

/** The last alert of a page; the next page begins right after it, whatever arrives meanwhile. */
export interface Cursor {
  /** Filter and order that the page was made for. */
  readonly queryHash: string;
  readonly orderNs: bigint;
  readonly id: string;
}

/** A cursor as the opaque text that callers hand back. */
export function writeCursor({ queryHash, orderNs, id }: Cursor): string {
  return Buffer.from(`1.${queryHash}.${orderNs}.${id}`).toString("base64url");
}

/** The cursor in a text; fails with CURSOR_MISMATCH where it is none or belongs to another query. */
export function readCursor(text: string, queryHash: string): Cursor {
  const match = /^1\.([0-9a-f]{16})\.(-?\d{1,19})\.([0-9a-f]{32})$/.exec(Buffer.from(text, "base64url").toString());
  if (match === null) throw mismatch("the cursor was not made by this store");
  const [, hash = "", orderNs = "", id = ""] = match;
  if (hash !== queryHash) throw mismatch("the cursor belongs to a query with another filter or order");
  return { queryHash, orderNs: BigInt(orderNs), id };
}

function mismatch(message: string): FalcoSkillsError {
  return new FalcoSkillsError("CURSOR_MISMATCH", message, {
    fix: "Repeat the query without a cursor, or pass the cursor with exactly the filter, window and order it came from.",
  });
}
