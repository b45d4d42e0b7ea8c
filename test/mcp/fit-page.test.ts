import fc from "fast-check";
import { expect, test } from "vitest";
import { fitPage } from "../../src/mcp/fit-page.ts";

test("a page is the longest prefix asked for that fits, and never empty", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 10, max: 4_000 }),
      async (rows, room) => {
        const page = await fitPage(
          50,
          room,
          async (limit) => rows.slice(0, limit),
          (found) => found,
        );
        expect(page).toEqual(rows.slice(0, page.length));
        expect(page.length).toBeGreaterThan(0);
        if (page.length > 1) expect(JSON.stringify(page).length).toBeLessThanOrEqual(room);
      },
    ),
  );
});
