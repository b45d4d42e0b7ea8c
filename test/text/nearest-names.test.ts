import { expect, test } from "vitest";
import { nearestNames } from "../../src/text/nearest-names.ts";

const KNOWN = ["proc.name", "proc.pname", "proc.aname", "proc.cmdline", "fd.name", "container.id", "user.name"];

test.each([
  ["proc.nmae", 1, ["proc.name"]],
  ["proc.name", 1, ["proc.name"]],
  ["PROC.NAME", 1, ["proc.name"]],
  ["proc.nme", 3, ["proc.name", "proc.aname", "proc.pname"]],
  ["containerid", 1, ["container.id"]],
  ["zzzzzzzz", 3, []],
  ["", 3, []],
  ["x".repeat(5000), 3, []],
])("nearest to %s, at most %i: %j", (name, count, expected) => {
  expect(nearestNames(name, KNOWN, count)).toEqual(expected);
});
