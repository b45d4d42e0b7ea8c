import { appendFileSync, copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { beforeAll, expect, test } from "vitest";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { openTrail, temporaryFolder, temporaryFolderOfFile } from "./support.ts";
import { fullOptions, makeWorld, restore, snapshotOf, TAMPER_CLASSES, type World } from "./tamper-classes.ts";

let world: World;
let trail: ReadonlyMap<string, Buffer>;
let large: string;
beforeAll(async () => {
  world = await makeWorld(temporaryFolderOfFile());
  trail = snapshotOf(world.trail);
  large = join(temporaryFolderOfFile(), "large");
}, 60_000);

/** The program of a thread, from its source. */
const PROGRAM = `import(${JSON.stringify(import.meta.resolve("tsx/esm/api"))}).then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL("../../src/audit/scan-worker.ts", import.meta.url).href)});
});`;
const workers = (count: number) => ({ count, start: () => new Worker(PROGRAM, { eval: true }) });

function copyOfTrail(): string {
  const folder = join(temporaryFolder(), "trail");
  restore(trail, folder);
  return folder;
}

test("threads and one reader say the same of a trail of many blocks, some packed, some pruned, one torn", async () => {
  let now = Date.UTC(2026, 0, 1);
  const log = openTrail(large, { nowMs: () => now, segmentBytes: 3_000_000 });
  const text = "x".repeat(900);
  for (let part = 0; part < 5; part += 1) {
    now = Date.UTC(2026, part, 1);
    await Promise.all(
      Array.from({ length: 3_000 }, (_, index) =>
        log.append(
          index % 2 === 0
            ? { type: "tool.intent", session: "s", tool: "get_alert", arguments: { text } }
            : { type: "resource.read", session: "s", arguments: { text: `${text}é` } },
        ),
      ),
    );
  }
  now = Date.UTC(2026, 4, 1) - 5_000;
  await log.append({ type: "session.end", session: "s" });
  await log.retain({ packBeforeMs: Date.UTC(2026, 2, 15), pruneBeforeMs: Date.UTC(2026, 0, 15) });
  await log.close();
  appendFileSync(join(large, "records.jsonl"), '{"args":');
  const names = readdirSync(join(large, "sealed"));
  expect(new Set(names.map((name) => name.slice(name.indexOf("."))))).toEqual(
    new Set([".jsonl", ".jsonl.gz", ".leaves"]),
  );
  const alone = await verifyAuditTrail(large);
  expect(alone).toMatchObject({ state: "intact", tier: "SIGNED", records: 15_003 });
  expect(alone.reasonCodes).toEqual(expect.arrayContaining(["torn-tail", "pruned", "clock-back", "orphan-intent"]));
  const sizes: number[] = [];
  const onProgress = ({ records }: { records: number }) => sizes.push(records);
  expect(await verifyAuditTrail(large, { workers: workers(2), onProgress })).toEqual(alone);
  // Progress never goes back: nothing was read twice.
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  expect(await verifyAuditTrail(large, { workers: workers(1), fromCheckpoint: true })).toEqual(
    await verifyAuditTrail(large, { fromCheckpoint: true }),
  );
}, 120_000);

test.each(TAMPER_CLASSES.filter(({ number }) => [1, 2, 3, 5, 6, 8, 12, 14, 15, 17, 18, 25, 29].includes(number)))(
  "class $number gets the same verdict from threads: $name",
  async ({ apply }) => {
    const folder = copyOfTrail();
    apply(folder, (below) => below >> 1, world);
    expect(await verifyAuditTrail(folder, { ...fullOptions(world), workers: workers(1) })).toEqual(
      await verifyAuditTrail(folder, fullOptions(world)),
    );
  },
  30_000,
);

test("a thread that cannot be started costs time, not the verdict", async () => {
  const broken = { count: 2, start: () => new Worker("throw new Error('no')", { eval: true }) };
  expect(await verifyAuditTrail(world.trail, { ...fullOptions(world), workers: broken })).toEqual(
    await verifyAuditTrail(world.trail, fullOptions(world)),
  );
});

test.each<{ what: string; change: (folder: string, sealed: string[]) => void }>([
  {
    what: "the last closed segment promises a record more than it holds",
    change(folder, sealed) {
      const last = sealed.at(-1)!;
      rmSync(join(folder, "records.jsonl"));
      const [first, to] = last.replace(".jsonl", "").split("-");
      const name = `${first}-${String(Number(to) + 1).padStart(12, "0")}.jsonl`;
      renameSync(join(folder, "sealed", last), join(folder, "sealed", name));
    },
  },
  {
    what: "the last record of a closed segment is another one, so that only the next segment disagrees",
    change(folder, sealed) {
      const path = join(folder, "sealed", sealed[1]!);
      const lines = readFileSync(path, "utf8").split("\n");
      lines[lines.length - 2] = lines.at(-2)!.replace(/"pid":\d+/, '"pid":1');
      writeFileSync(path, lines.join("\n"));
    },
  },
  {
    what: "a closed segment ends inside a line",
    change(folder, sealed) {
      const path = join(folder, "sealed", sealed[0]!);
      writeFileSync(path, readFileSync(path).subarray(0, -9));
    },
  },
  {
    what: "bytes that are no text",
    change(folder, sealed) {
      const path = join(folder, "sealed", sealed[1]!);
      const bytes = readFileSync(path);
      bytes[200] = 0xff;
      writeFileSync(path, bytes);
    },
  },
  {
    what: "a copy of a segment under another name",
    change: (folder, sealed) =>
      copyFileSync(join(folder, "sealed", sealed[0]!), join(folder, "sealed", "000000000500-000000000600.jsonl")),
  },
])(
  "$what: the same verdict, and not intact",
  async ({ change }) => {
    const folder = copyOfTrail();
    change(folder, readdirSync(join(folder, "sealed")).sort());
    const alone = await verifyAuditTrail(folder);
    expect(alone.state).not.toBe("intact");
    expect(await verifyAuditTrail(folder, { workers: workers(1) })).toEqual(alone);
  },
  30_000,
);
