import { expect, test } from "vitest";
import { createRateLimit } from "../../src/ingest/rate-limit.ts";

test("a burst passes, then the rate holds; a clock set back adds nothing", () => {
  let now = 1000;
  const allowed = createRateLimit(2, 3, () => now);
  const ask = (times: number) => Array.from({ length: times }, allowed);
  expect(ask(4)).toEqual([true, true, true, false]);
  now += 500;
  expect(ask(2)).toEqual([true, false]);
  now -= 10_000;
  expect(ask(1)).toEqual([false]);
  now += 60_000;
  expect(ask(4)).toEqual([true, true, true, false]);
});
