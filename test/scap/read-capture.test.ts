import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { paramText, paramU32, returnValue } from "../../src/event/read-param.ts";
import type { CaptureHandler } from "../../src/scap/block-reader.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import {
  block,
  cstring,
  event,
  i64,
  inPieces,
  machine,
  processList,
  sectionHeader,
  text,
  u8,
  u16,
  u32,
} from "./capture-builder.ts";

/** A handler that notes in words what it is told. */
function noting(): { told: string[]; handler: CaptureHandler } {
  const told: string[] = [];
  return {
    told,
    handler: {
      onSection: () => told.push("section"),
      onMachine: ({ cpus, hostname, bootNs }) => told.push(`machine ${hostname} ${cpus} ${bootNs}`),
      onProcess: ({ tid, comm, exepath, cwd, uid, args, env, vpid, tty, exeInode, pgid }) =>
        told.push(
          `process ${tid} ${comm} [${exepath}] ${cwd} ${uid} ${args.length} ${env.length} ${vpid} ${tty} ${exeInode} ${pgid}`,
        ),
      onDescriptor: (tid, { fd, type, name, openFlags, device }) =>
        told.push(`fd ${tid} ${fd} ${type} ${name} ${openFlags} ${device}`),
      onInterfaces: (list) => told.push(...list.map(({ name, address }) => `interface ${name} ${address.join(".")}`)),
      onUsers: ({ users, groups }) =>
        told.push(
          ...users.map(({ uid, name, shell }) => `user ${uid} ${name} ${shell}`),
          ...groups.map(({ name }) => `group ${name}`),
        ),
      onReady: () => told.push("ready"),
      onEvent: (view) => {
        const params = Array.from({ length: view.paramCount }, (_, i) => view.paramLength(i));
        told.push(
          `event ${view.number} type ${view.type} tid ${view.tid} at ${view.timeNs} params ${params.join(",")}`,
        );
        return true;
      },
    },
  };
}

const close = event({ type: 5, params: [i64(0), i64(3)] });
const closeTold = "event 1 type 5 tid 10 at 5000000000 params 8,8";

async function tell(bytes: Buffer, piece = 7) {
  const { told, handler } = noting();
  const summary = await readCapture(inPieces(bytes, piece), handler);
  return { told, summary };
}

test.each([
  { what: "an event", blockType: 0x216 },
  { what: "an event with flags", blockType: 0x217 },
  { what: "an event of version 1", blockType: 0x204 },
  { what: "an event of version 1 with flags", blockType: 0x208 },
  { what: "an event of before the format was published", blockType: 0x8010abcd },
])("$what is read", async ({ blockType }) => {
  const bytes = Buffer.concat([sectionHeader(), event({ type: 5, params: [i64(0), i64(3)] }, blockType)]);
  const { told, summary } = await tell(bytes);
  expect(told).toEqual(["section", "ready", closeTold]);
  expect(summary).toEqual({
    blocks: 2,
    events: 1,
    droppedEvents: 0,
    unknownEvents: 0,
    unknownBlocks: 0,
    bytes: bytes.length,
  });
});

test.each([0x221, 0x222])("a large event of block type %i may be larger than 64 KiB", async (blockType) => {
  const json = cstring(`{"container":{"id":"${"a".repeat(100_000)}"}}`);
  const { told } = await tell(Buffer.concat([sectionHeader(), event({ type: 324, params: [json] }, blockType)]), 5_000);
  expect(told.at(-1)).toBe(`event 1 type 324 tid 10 at 5000000000 params ${json.length}`);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("a process list of version %i gives what that version has", async (version) => {
  const list = processList(version, { tid: 10, args: ["-c"], env: ["A=1"], cwd: "/srv" }, { tid: 11, comm: "sleep" });
  const { told } = await tell(Buffer.concat([sectionHeader(), machine(), list, close]));
  const env = version >= 3 ? 4 : 0;
  const path = version >= 7 ? "/usr/bin/sh" : "";
  const tail = (tid: number) => (version >= 9 ? `5 77 ${tid}` : "0 0 -1");
  const vpid = (tid: number) => (version >= 4 ? tid : -1);
  expect(told).toEqual([
    "section",
    "machine node 4 1000",
    `process 10 sh [${path}] /srv 33 3 ${env} ${vpid(10)} ${tail(10)}`,
    `process 11 sleep [${path}] / 33 0 0 ${vpid(11)} ${tail(11)}`,
    "ready",
    closeTold,
  ]);
});

test.each([1, 2])("lists of version %i are read", async (version) => {
  const sized = (body: Buffer) => (version === 2 ? Buffer.concat([u32(body.length + 4), body]) : body);
  const file = sized(
    Buffer.concat([i64(3), i64(99), u8(16), u32(1), text("/etc/passwd"), ...(version === 2 ? [u32(7)] : [])]),
  );
  const socket = sized(
    Buffer.concat([i64(4), i64(98), u8(3), Buffer.from([127, 0, 0, 1, 127, 0, 0, 1]), u16(1), u16(2), u8(2)]),
  );
  const later = sized(Buffer.concat([i64(5), i64(97), u8(99), ...(version === 2 ? [u32(1), u32(2)] : [])]));
  const address = Buffer.concat([
    u16(3),
    u16(2),
    Buffer.from([10, 0, 0, 5, 255, 0, 0, 0, 10, 255, 255, 255]),
    Buffer.from("lo"),
  ]);
  const user = sized(Buffer.concat([u8(0), u32(0), u32(0), text("root"), text("/root"), text("/bin/sh")]));
  const group = sized(Buffer.concat([u8(1), u32(0), text("wheel")]));
  const { told, summary } = await tell(
    Buffer.concat([
      sectionHeader(),
      block(version === 2 ? 0x219 : 0x205, version === 2 ? Buffer.concat([u32(address.length), address]) : address),
      block(version === 2 ? 0x220 : 0x206, user, group),
      block(version === 2 ? 0x218 : 0x203, i64(10), file, socket, later),
      close,
    ]),
  );
  expect(summary.fault).toBeUndefined();
  expect(told).toEqual([
    "section",
    "interface lo 10.0.0.5",
    "user 0 root /bin/sh",
    "group wheel",
    `fd 10 3 16 /etc/passwd 1 ${version === 2 ? 7 : 0}`,
    "fd 10 4 3  0 0",
    "fd 10 5 10 unknown-type:[99] 0 0",
    "ready",
    closeTold,
  ]);
});

test("blocks and events of later recorders are counted and stepped over, however large", async () => {
  const bytes = Buffer.concat([
    sectionHeader(),
    block(0x4242, Buffer.alloc(50_000)),
    event({ type: 60_000, params: [i64(1)] }),
    close,
    block(0x4243, u32(1)),
    close,
  ]);
  const { summary } = await tell(bytes, 999);
  expect(summary).toMatchObject({ events: 2, unknownEvents: 1, unknownBlocks: 2 });
  expect(summary.fault).toBeUndefined();
});

test("a second section begins anew and goes on counting", async () => {
  const { told } = await tell(Buffer.concat([sectionHeader(), close, sectionHeader(), close]));
  expect(told).toEqual(["section", "ready", closeTold, "section", "ready", closeTold.replace("event 1", "event 2")]);
});

test("an exit event of a former version takes what it lacks from its enter event", async () => {
  const seen: string[] = [];
  const { handler } = noting();
  const bytes = Buffer.concat([
    sectionHeader(),
    event({ type: 4, params: [i64(3)] }),
    event({ type: 5, params: [i64(0)] }),
    event({ type: 300, params: [] }),
    event({ type: 108, params: [cstring("/tmp/x")] }),
    event({ type: 109, params: [i64(-2)] }),
  ]);
  const summary = await readCapture(inPieces(bytes), {
    ...handler,
    onEvent: (view) => {
      seen.push(`${view.type} ${returnValue(view)} ${view.type === 5 ? paramU32(view, 9) : paramText(view, 1)}`);
      return true;
    },
  });
  expect(seen).toEqual(["5 0 0", "301 -2 /tmp/x"]);
  expect(summary).toMatchObject({ events: 2, droppedEvents: 3 });
});

test("a handler that wants no more ends the reading", async () => {
  const { handler } = noting();
  const summary = await readCapture(inPieces(Buffer.concat([sectionHeader(), close, close, close])), {
    ...handler,
    onEvent: ({ number }) => number < 2,
  });
  expect(summary).toMatchObject({ events: 2 });
  expect(summary.fault).toBeUndefined();
});

test("a cancelled reading fails with CANCELLED", async () => {
  const { handler } = noting();
  const reading = readCapture(inPieces(Buffer.concat([sectionHeader(), close])), handler, {
    signal: AbortSignal.abort(),
  });
  await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
});

const damagedTrailer = Buffer.concat([machine().subarray(0, -4), u32(1)]);

test.each([
  { what: "nothing", bytes: Buffer.alloc(0), code: "CAPTURE_FOREIGN", at: 0, block: "section header" },
  { what: "a text", bytes: Buffer.from("hello, world"), code: "CAPTURE_FOREIGN", at: 0, block: "unknown (0x6c6c6568)" },
  {
    what: "no events",
    bytes: Buffer.concat([sectionHeader(), machine()]),
    code: "CAPTURE_EMPTY",
    at: 220,
    block: "machine",
  },
  {
    what: "another byte order",
    bytes: sectionHeader(0x4d3c2b1a),
    code: "CAPTURE_UNSUPPORTED",
    at: 0,
    block: "section header",
  },
  {
    what: "a later format",
    bytes: sectionHeader(0x1a2b3c4d, 2),
    code: "CAPTURE_UNSUPPORTED",
    at: 0,
    block: "section header",
  },
  {
    what: "two lengths",
    bytes: Buffer.concat([sectionHeader(), damagedTrailer]),
    code: "CAPTURE_DAMAGED",
    at: 28,
    block: "machine",
  },
  {
    what: "a block without room",
    bytes: Buffer.concat([sectionHeader(), u32(0x216), u32(8)]),
    code: "CAPTURE_DAMAGED",
    at: 28,
    block: "event",
  },
  {
    what: "a huge event",
    bytes: Buffer.concat([sectionHeader(), u32(0x216), u32(70_000)]),
    code: "CAPTURE_DAMAGED",
    at: 28,
    block: "event",
  },
  {
    what: "a huge list",
    bytes: Buffer.concat([sectionHeader(), u32(0x215), u32(2 ** 31)]),
    code: "CAPTURE_TOO_LARGE",
    at: 28,
    block: "process list",
  },
  {
    what: "lists among events",
    bytes: Buffer.concat([sectionHeader(), close, machine()]),
    code: "CAPTURE_DAMAGED",
    at: 88,
    block: "machine",
  },
  {
    what: "a shape that no version had",
    bytes: Buffer.concat([sectionHeader(), event({ type: 5, params: [] })]),
    code: "CAPTURE_DAMAGED",
    at: 28,
    block: "event",
  },
])("$what: $code", async ({ bytes, code, at, block: kind }) => {
  const { summary } = await tell(bytes);
  expect(summary.fault).toMatchObject({ code, offsetBytes: at, block: kind });
  expect(summary.fault?.where).toContain(`byte ${at} of the unpacked capture`);
  expect(summary.fault?.fix).toMatch(/^[A-Z].*\.$/);
});

const small = Buffer.concat([sectionHeader(), machine(), processList(9, { tid: 10 }), close, close]);

test("a capture cut anywhere gives everything before the cut and says so", async () => {
  const whole = (await tell(small)).told;
  for (let length = 0; length < small.length; length++) {
    const { told, summary } = await tell(small.subarray(0, length));
    expect(told).toEqual(whole.slice(0, told.length));
    const eventsBefore = length >= small.length - close.length ? 1 : 0;
    expect(summary.events).toBe(eventsBefore);
    const isBetween = length === small.length - close.length;
    expect(summary.fault === undefined).toBe(isBetween);
  }
});

test("how a capture is cut into pieces changes nothing", async () => {
  const whole = (await tell(small, small.length)).told;
  for (let size = 1; size < small.length; size++) expect((await tell(small, size)).told).toEqual(whole);
});

test("no bytes make it throw or tell more than there is", async () => {
  const parts = fc.oneof(
    fc.constant(sectionHeader()),
    fc.constant(close),
    fc.constant(machine()),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.constantFrom(0x201, 0x215, 0x218, 0x219, 0x220, 0x216, 0x221), fc.uint8Array({ maxLength: 80 }))
      .map(([type, body]) => block(type, Buffer.from(body))),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(parts, { maxLength: 8 }), fc.integer({ min: 1, max: 90 }), async (blocks, size) => {
      const bytes = Buffer.concat([sectionHeader(), ...blocks]);
      const { summary } = await tell(bytes, size);
      expect(summary.bytes).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 500 },
  );
});

const FIXTURES = join(import.meta.dirname, "../fixtures/captures");

test("a real capture with any byte changed is read to its end or to a fault", async () => {
  const bytes = gunzipSync(readFileSync(join(FIXTURES, "files-zoo.scap")));
  const { handler } = noting();
  const counting = { ...handler, onEvent: () => true };
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, value) => {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      const summary = await readCapture(inPieces(changed, 100_000), counting);
      expect(summary.events).toBeLessThanOrEqual(6902);
    }),
    { numRuns: 40 },
  );
});
