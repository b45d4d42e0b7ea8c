import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { listSiblings } from "../../src/ingest/tail-siblings.ts";
import { tempFolder } from "./fixtures.ts";

test.each([
  { name: "falco.log.1", rotated: true },
  { name: "falco.log-20261122", rotated: true },
  { name: "falco.log.2026-11-22T10:00", rotated: true },
  { name: "falco.log.old", rotated: true },
  { name: "falco-20261122.log", rotated: true },
  { name: "falco.1.log", rotated: true },
  { name: "falco.log.keep", rotated: false },
  { name: "falco.log.1.gz", rotated: undefined },
  { name: "falco-other.log", rotated: undefined },
  { name: "falco.log", rotated: undefined },
  { name: "other.log.1", rotated: undefined },
])("$name beside falco.log: $rotated", async ({ name, rotated }) => {
  const folder = tempFolder();
  writeFileSync(join(folder, name), "");
  const siblings = await listSiblings(join(folder, "falco.log"));
  expect(siblings.map((sibling) => [basename(sibling.path), sibling.rotated])).toEqual(
    rotated === undefined ? [] : [[name, rotated]],
  );
});

test("a folder that is not there has none", async () => {
  expect(await listSiblings(join(tempFolder(), "none", "falco.log"))).toEqual([]);
});
