import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { temporaryFolder, temporaryFolderOfFile } from "./support.ts";
import {
  fullOptions,
  makeWorld,
  restore,
  signedOptions,
  snapshotOf,
  TAMPER_CLASSES,
  type TamperClass,
  type World,
} from "./tamper-classes.ts";

let world: World;
let files: Record<"trail" | "evidence", ReadonlyMap<string, Buffer>>;
beforeAll(async () => {
  world = await makeWorld(temporaryFolderOfFile());
  files = { trail: snapshotOf(world.trail), evidence: snapshotOf(world.evidence) };
});

/** A copy of the world that a test may damage. */
function copyOf(original: World, needs: TamperClass["needs"]): World {
  const folder = temporaryFolder();
  restore(files.trail, join(folder, "trail"));
  if (needs !== "evidence") return { ...original, trail: join(folder, "trail") };
  restore(files.evidence, join(folder, "evidence"));
  return { ...original, trail: join(folder, "trail"), evidence: join(folder, "evidence") };
}

test("the honest trail is intact and anchored", async () => {
  expect(await verifyAuditTrail(world.trail, fullOptions(world))).toMatchObject({
    state: "intact",
    exitCode: 0,
    tier: "ANCHORED",
    records: 61,
    signedSize: 61,
    anchoredSize: 61,
    pinned: true,
    orphanIntentCount: 0,
    reasonCodes: [],
  });
});

test("there are thirty classes", () => {
  expect(TAMPER_CLASSES.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
});

describe.each(TAMPER_CLASSES)("class $number: $name", ({ apply, seenAs, needs }) => {
  test("is seen wherever it is done", async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (numbers) => {
        const copy = copyOf(world, needs);
        apply(copy.trail, (below) => (numbers.next().value as number) % below, copy);
        const verdict = await verifyAuditTrail(copy.trail, fullOptions(copy));
        expect(verdict.state).not.toBe("intact");
        expect(verdict.exitCode).toBeGreaterThan(0);
        expect(verdict.reasonCodes.filter((reason) => seenAs.includes(reason))).not.toEqual([]);
      }),
      { numRuns: 4 },
    );
  });
});

test.each(TAMPER_CLASSES.filter(({ needs }) => needs === "anchor"))(
  "class $number is what a signature alone does not refuse: $name",
  async ({ apply, needs }) => {
    const copy = copyOf(world, needs);
    apply(copy.trail, (below) => below >> 1, copy);
    expect((await verifyAuditTrail(copy.trail, signedOptions(copy))).state).toBe("intact");
  },
);
