import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldsOf } from "../../src/fields/field-catalogue.ts";
import { type CaptureSummary, readCapture } from "../../src/scap/read-capture.ts";
import { captureFields } from "../../src/state/capture-fields.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import { followCapture } from "../../src/state/follow-capture.ts";
import { inPieces } from "../scap/capture-builder.ts";

const CAPTURES = join(import.meta.dirname, "../fixtures/captures");
const unpacked = (name: string) => gunzipSync(readFileSync(join(CAPTURES, `${name}.scap`)));

/** Every field that can be read without an argument, and some with one. */
const REFERENCES = [
  ...fieldsOf("syscall").map(({ name }) => ({ name })),
  { name: "proc.aname", argument: "3" },
  { name: "proc.env", argument: "PATH" },
  { name: "evt.arg", argument: "flags" },
  { name: "evt.rawarg", argument: "res" },
  { name: "thread.cgroup", argument: "cpu" },
];

/** Reads a capture and, at every `step`-th event, every field; gives the summary and how many values there were. */
async function readAll(bytes: Buffer, step: number): Promise<CaptureSummary & { values: number }> {
  const state = new CaptureState();
  const fields = captureFields(state);
  const readers = REFERENCES.map((reference) => fields.reader(reference));
  let values = 0;
  const handler = followCapture(state, (event) => {
    if (event.number % step === 0) for (const read of readers) if (read(event) !== undefined) values += 1;
    return true;
  });
  return { ...(await readCapture(inPieces(bytes, 65_536), handler)), values };
}

test("a capture that crashes Falco itself is read to its end", async () => {
  const { fault, events, values } = await readAll(unpacked("lifecycle"), 10);
  expect(fault).toBeUndefined();
  expect(events).toBeGreaterThan(1_000);
  expect(values).toBeGreaterThan(events);
});

const bytes = unpacked("files-zoo");

test("wherever a capture is cut, what comes before counts", async () => {
  const whole = await readAll(bytes, 50);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 1 }), async (length) => {
      const { events, fault } = await readAll(bytes.subarray(0, length), 50);
      expect(events).toBeLessThanOrEqual(whole.events);
      if (fault) expect(fault.code).toMatch(/^CAPTURE_(TRUNCATED|FOREIGN|EMPTY)$/);
    }),
    { numRuns: 25 },
  );
});

test("whatever bytes are changed, reading ends with an answer", async () => {
  const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
      const damaged = Buffer.from(bytes);
      for (const [at, value] of changes) damaged[at] = value;
      const { fault } = await readAll(damaged, 50);
      if (fault) expect(fault.code).toMatch(/^CAPTURE_/);
    }),
    { numRuns: 25 },
  );
});
