import { expect, test } from "vitest";
import { alertTimeText, isoTimeText, timeText } from "../../src/state/time-text.ts";

const TIME = 1_795_315_751_000_000_903n;

test("times keep their nanoseconds", () => {
  expect(timeText(TIME, { nanoseconds: true })).toBe("02:49:11.000000903");
  expect(timeText(TIME, {})).toBe("02:49:11");
  expect(timeText(TIME, { date: true })).toBe("2026-11-22 02:49:11");
  expect(isoTimeText(TIME)).toBe("2026-11-22T02:49:11.000000903+0000");
  expect(alertTimeText(TIME)).toBe("2026-11-22T02:49:11.000000903Z");
});

test("the latest time that an event can hold is still a time", () => {
  expect(alertTimeText(0xffff_ffff_ffff_ffffn)).toBe("2554-07-21T23:34:33.709551615Z");
});
