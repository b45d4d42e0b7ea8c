import { createFormatter } from "../../src/condition/format-output.ts";
import { parseOutput } from "../../src/condition/parse-output.ts";
import type { ScapEvent } from "../../src/event/event.ts";
import { valueJson } from "../../src/replay/alert-line.ts";
import { openCapture } from "../../src/scap/open-capture.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import { type CaptureFields, captureFields } from "../../src/state/capture-fields.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import { followCapture } from "../../src/state/follow-capture.ts";
import { answerLines, errorJson } from "./answer-lines.ts";

/** What these fields are for each event of a capture, as Falco's output_fields has them. */
interface Question {
  readonly id: string;
  readonly capture: string;
  readonly fields: readonly string[];
}

await answerLines<Question>(async ({ capture, fields: names }) => {
  const state = new CaptureState();
  const fields = captureFields(state);
  const writers = names.map((name) => fieldWriter(name, fields));
  const events: string[] = [];
  const handler = followCapture(state, (event) => {
    events.push(`{"num":${event.number},"values":{${writers.map((write) => write(event)).join(",")}}}`);
    return true;
  });
  const { fault } = await readCapture((await openCapture(capture)).bytes, handler);
  return `"events":[${events.join(",")}]${errorJson(fault)}`;
});

function fieldWriter(name: string, fields: CaptureFields): (event: ScapEvent) => string {
  const { output } = parseOutput(`%${name}`, { source: "syscall" });
  const key = JSON.stringify(name);
  if (output?.fields[0]?.name !== name) return () => `${key}:null`;
  const formatter = createFormatter(output, fields);
  return (event) => `${key}:${valueJson(formatter.fields(event)[name] ?? null)}`;
}
