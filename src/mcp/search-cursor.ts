import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { Window } from "./filter-input.ts";

type Bounds = { readonly from?: string | undefined; readonly to?: string | undefined; readonly archive?: boolean };

/**
 * A cursor for the caller: the store's own, with the window as it was understood when the first page was made. A
 * relative bound such as -1h moves with the clock, and a second page of another window would lose or repeat alerts.
 */
export function sealCursor(cursor: string, { from, to, archive = false }: Bounds, { fromNs, toNs }: Window): string {
  const parts = [archive, from ?? null, to ?? null, fromNs?.toString() ?? null, toNs?.toString() ?? null, cursor];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** The store's cursor and window of a cursor that `sealCursor` made for the same bounds. Fails with CURSOR_MISMATCH. */
export function openCursor(
  sealed: string,
  { from, to, archive = false }: Bounds,
): { readonly cursor: string; readonly window: Window } {
  const [sealedArchive, sealedFrom, sealedTo, fromNs, toNs, cursor] = parse(sealed);
  const isWhole = typeof cursor === "string" && isBound(fromNs) && isBound(toNs);
  if (!isWhole || sealedArchive !== archive || sealedFrom !== (from ?? null) || sealedTo !== (to ?? null)) {
    throw new FalcoSkillsError("CURSOR_MISMATCH", "the cursor is not of this query", {
      fix: "Call search_alerts without cursor, or with exactly the filters that gave it.",
    });
  }
  const window = {
    ...(fromNs === null ? {} : { fromNs: BigInt(fromNs) }),
    ...(toNs === null ? {} : { toNs: BigInt(toNs) }),
  };
  return { cursor, window };
}

function parse(sealed: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(sealed, "base64url").toString("utf8"));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

const isBound = (bound: unknown): bound is string | null =>
  bound === null || (typeof bound === "string" && /^\d{1,19}$/.test(bound));
