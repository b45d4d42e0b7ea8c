/**
 * The first page whose rendered rows take at most `room` characters: asked for again with fewer rows until it fits, so
 * that its cursor continues exactly where it ends. One row is always kept; a row that is too long is cut later.
 */
export async function fitPage<Page>(
  limit: number,
  room: number,
  fetch: (limit: number) => Promise<Page>,
  rowsOf: (page: Page) => readonly unknown[],
): Promise<Page> {
  let page = await fetch(limit);
  for (;;) {
    const rows = rowsOf(page);
    const size = JSON.stringify(rows).length;
    if (size <= room || rows.length <= 1) return page;
    const fewer = Math.max(1, Math.min(rows.length - 1, Math.floor((rows.length * room * 0.9) / size)));
    page = await fetch(fewer);
  }
}
