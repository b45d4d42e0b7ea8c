import { expect, test } from "vitest";
import { eventTypesOf } from "../../src/condition/event-types-of.ts";
import { EVENT_NAMES, EVENT_TYPES } from "../../src/event/event-types.ts";
import { parsed } from "./parsed.ts";

const ALL = "all";

/** Names without asyncevent, which every rule has; "all", or "all but …" where that is shorter. */
function names(source: string): string {
  const events = eventTypesOf(parsed(source));
  if ("message" in events) return events.message;
  expect(events.names).toContain("asyncevent");
  if (events.names.length === EVENT_NAMES.length) return ALL;
  const missing = EVENT_NAMES.filter((name) => !events.names.includes(name));
  if (missing.length < 20) return `all but ${missing.join(" ")}`;
  return events.names.filter((name) => name !== "asyncevent").join(" ");
}

test.each([
  ["evt.type = open", "open"],
  ["evt.type in (open, openat) and proc.name = a", "open openat"],
  ["evt.type = open or proc.name = a", ALL],
  ["evt.type = open and evt.type = close", ""],
  ["evt.type = open or evt.type = close", "close open"],
  ["evt.type != open", "all but open"],
  ["not evt.type in (open, close)", "all but close open"],
  ["not (evt.type = open or proc.name = a)", "all but open"],
  ["not (evt.type = open and proc.name = a)", ALL],
  ["not evt.type != open", "open"],
  ["syscall.type = open", "open"],
  ["evt.type exists", ALL],
  ["not evt.type exists", ""],
  ["not proc.name exists", ALL],
  ["evt.type contains open", ALL],
  ["evt.type = anyof (open)", ALL],
  ["evt.num = 0", ""],
  ["not evt.num = 0", ALL],
  ["evt.num < 1 or evt.type = open", "open"],
  ["evt.num >= 1", ALL],
  ["evt.num in (0)", ""],
  ["evt.num in ()", ""],
  ["evt.num in (0, 1)", ALL],
  ["evt.num = -1", ALL],
  ["evt.type = getpid", "getpid"],
  ["evt.type = prlimit", "prlimit"],
  ["evt.type = prlimit64", ""],
  ["evt.type = accept", "accept accept4"],
  ['evt.type = ""', ""],
  ["a_macro and evt.type = open", "open"],
  ["tolower(evt.type) = open", "event code search does not support `evt.type` checks with transformers"],
  ['concat("x", evt.type) exists', "event code search does not support `evt.type` checks with transformers"],
  ['join("-", (evt.type, proc.name)) = a', ALL],
  ['join("-", (proc.name, evt.type)) = a', "event code search does not support `evt.type` checks with transformers"],
  [
    "evt.type = val(proc.name)",
    "right-hand field comparisons on `evt.type`/`syscall.type` checks are not supported by event code search",
  ],
] as const)("%s: %s", (source, expected) => {
  expect(names(source)).toBe(expected);
});

test("types are numeric, with both directions, old versions and injected events", () => {
  const events = eventTypesOf(parsed("evt.type = open"));
  if ("message" in events) throw new Error(events.message);
  expect(events.types.map((type) => EVENT_TYPES[type]?.name)).toEqual(["open", "open", "asyncevent"]);
  expect(events.count).toBe(2);
});

test.each([
  ["evt.type = open", 2],
  ["evt.type != open", EVENT_TYPES.length - 2],
  ["proc.name = a", EVENT_TYPES.length],
  ["evt.num = 0", 0],
] as const)("%s allows %i types by itself", (source, count) => {
  expect(eventTypesOf(parsed(source))).toMatchObject({ count });
});
