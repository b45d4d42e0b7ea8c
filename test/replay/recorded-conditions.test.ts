import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { matchConditions } from "./match-conditions.ts";

type Events = readonly number[] | { readonly count: number; readonly sha256: string };

interface Recorded {
  readonly condition: string;
  readonly matches: Readonly<Record<string, Events>>;
}

const CAPTURES = join(import.meta.dirname, "../fixtures/captures");
const recorded = readFileSync(join(CAPTURES, "conditions.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded);

/** In the form that the recording has for as many events. */
function asRecorded(matches: readonly number[], expected: Events | undefined): Events {
  if (Array.isArray(expected)) return matches;
  const sha256 = createHash("sha256").update(matches.join(",")).digest("hex").slice(0, 16);
  return { count: matches.length, sha256 };
}

test.each(["web-intrusion", "files-zoo"])("%s: conditions hold at the events that Falco finds", async (name) => {
  const asked = recorded.filter(({ matches }) => matches[name] !== undefined);
  const path = join(CAPTURES, `${name}.scap`);
  const { results, fault } = await matchConditions(
    path,
    asked.map(({ condition }) => condition),
  );
  expect(fault).toBeUndefined();
  expect(asked.length).toBeGreaterThan(200);
  const given = results.map((result, index) => ({
    condition: asked[index]?.condition,
    events: "error" in result ? result.error : asRecorded(result.matches, asked[index]?.matches[name]),
  }));
  expect(given).toEqual(asked.map(({ condition, matches }) => ({ condition, events: matches[name] })));
});
