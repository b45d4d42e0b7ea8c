import { createInterface } from "node:readline";
import { fieldJson } from "../../src/replay/field-json.ts";
import { openCapture } from "../../src/scap/open-capture.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import { captureFields } from "../../src/state/capture-fields.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import { followCapture } from "../../src/state/follow-capture.ts";

/** One question a line: what these fields are for each event of a capture, written as Falco's output_fields. */
interface Question {
  readonly id: string;
  readonly capture: string;
  readonly fields: readonly string[];
}

async function answer({ id, capture, fields: names }: Question): Promise<string> {
  const state = new CaptureState();
  const fields = captureFields(state);
  const writers = names.map((name) => [JSON.stringify(name), fieldJson(fields, name)] as const);
  const events: string[] = [];
  const handler = followCapture(state, (event) => {
    const values = writers.map(([name, write]) => `${name}:${write(event)}`);
    events.push(`{"num":${event.number},"values":{${values.join(",")}}}`);
    return true;
  });
  const { bytes } = await openCapture(capture);
  const { fault } = await readCapture(bytes, handler);
  const error = fault ? `,"error":${JSON.stringify({ code: fault.code, message: fault.message })}` : "";
  return `{"id":${JSON.stringify(id)},"events":[${events.join(",")}]${error}}`;
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line.trim() !== "") process.stdout.write(`${await answer(JSON.parse(line) as Question)}\n`);
}
