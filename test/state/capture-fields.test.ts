import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFormatter, type OutputFormatter } from "../../src/condition/format-output.ts";
import { parseOutput } from "../../src/condition/parse-output.ts";
import type { ScapEvent } from "../../src/event/event.ts";
import { valueJson } from "../../src/replay/alert-line.ts";
import { openCapture } from "../../src/scap/open-capture.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import { captureFields } from "../../src/state/capture-fields.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import { followCapture } from "../../src/state/follow-capture.ts";

const CAPTURES = join(import.meta.dirname, "../fixtures/captures");

/** Fields that are not compared. */
const LEFT_OUT = [
  // Falco reads memory that nothing has written when the process is older than the capture.
  "proc.exe_ino.ctime_duration_proc_start",
  "proc.exe_ino.ctime_duration_pidns_start",
];

/** Values as their JSON text, so that 64-bit numbers compare exactly. */
type Values = ReadonlyMap<string, string>;

interface RecordedEvent {
  readonly number: number;
  readonly values: Values;
}

const recorded = readFileSync(join(CAPTURES, "web-intrusion.fields.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map(readRecorded);

function readRecorded(line: string): RecordedEvent {
  const long = /"(?:[^"\\]|\\.)*"|-?\d{16,}/g;
  const exact = line.replace(long, (token) => (token.startsWith('"') ? token : `"\\u0000${token}"`));
  const { num, values } = JSON.parse(exact) as { num: number; values: Record<string, unknown> };
  const text = (value: unknown) =>
    typeof value === "string" && value.startsWith("\0") ? value.slice(1) : JSON.stringify(value);
  return { number: num, values: new Map(Object.entries(values).map(([name, value]) => [name, text(value)])) };
}

async function readValues(names: readonly string[], numbers: ReadonlySet<number>): Promise<Map<number, Values>> {
  const state = new CaptureState();
  const fields = captureFields(state);
  const formatters = new Map<string, OutputFormatter<ScapEvent>>();
  for (const name of names) {
    const { output } = parseOutput(`%${name}`, { source: "syscall" });
    if (output) formatters.set(name, createFormatter(output, fields));
  }
  const found = new Map<number, Values>();
  const handler = followCapture(state, (event) => {
    if (!numbers.has(event.number)) return true;
    const values = [...formatters].map(([name, formatter]) => [name, formatter.fields(event)[name] ?? null] as const);
    found.set(event.number, new Map(values.map(([name, value]) => [name, valueJson(value)])));
    return true;
  });
  await readCapture((await openCapture(join(CAPTURES, "web-intrusion.scap"))).bytes, handler);
  return found;
}

test("fields of a recorded intrusion are what Falco gives for them", async () => {
  const names = [...new Set(recorded.flatMap(({ values }) => [...values.keys()]))];
  const found = await readValues(names, new Set(recorded.map(({ number }) => number)));
  let compared = 0;
  const differing: string[] = [];
  for (const { number, values } of recorded) {
    for (const [name, expected] of values) {
      if (LEFT_OUT.includes(name)) continue;
      compared += 1;
      const given = found.get(number)?.get(name) ?? "null";
      if (given !== expected) differing.push(`event ${number} ${name}: ${given}, not ${expected}`);
    }
  }
  expect(differing).toEqual([]);
  expect(compared).toBeGreaterThan(4_600);
});
