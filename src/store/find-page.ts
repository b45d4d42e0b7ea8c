import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { AlertFilter, AlertPage, PageOptions } from "./alert-store.ts";
import { compileFilter, hashFilter, type Query } from "./compile-filter.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Part } from "./part.ts";
import { type FoundPage, type PageRequest, searchParts } from "./search-parts.ts";

/** Most alerts of one page. */
export const MAX_PAGE = 1000;

/** A page to find, checked. */
export interface PageQuery {
  readonly queryHash: string;
  readonly query: Query;
  readonly request: PageRequest;
}

/**
 * One page of the alerts that match, with a cursor where more follow. A cursor holds for the filter and the order it was
 * made with, time window included, so a window relative to now must be resolved once for all pages. Fails with
 * INVALID_ARGUMENT and CURSOR_MISMATCH.
 */
export function findPage(parts: readonly Part[], filter: AlertFilter, options: PageOptions): AlertPage {
  const asked = pageQuery(filter, options);
  return pageOf(asked, searchParts(parts, asked.query, asked.request));
}

export function pageQuery(filter: AlertFilter, { limit, order, cursor, cold }: PageOptions): PageQuery {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `limit ${limit} is not from 1 to ${MAX_PAGE}`, {
      fix: `Pass a limit from 1 to ${MAX_PAGE} and follow the cursor.`,
    });
  }
  const queryHash = hashFilter(filter, cold === true ? `${order} cold` : order);
  return {
    queryHash,
    query: compileFilter(filter),
    request: {
      limit,
      isNewestFirst: order === "newest",
      ...(cursor === undefined ? {} : { after: readCursor(cursor, queryHash) }),
    },
  };
}

export function pageOf({ queryHash }: PageQuery, { alerts, matched, considered, hasMore }: FoundPage): AlertPage {
  const last = alerts.at(-1);
  return {
    alerts,
    matched,
    considered,
    ...(hasMore && last !== undefined
      ? { nextCursor: writeCursor({ queryHash, orderNs: last.orderNs, id: last.id }) }
      : {}),
  };
}
