import { checkCondition } from "../../src/condition/check-condition.ts";
import { compileCondition, type Test } from "../../src/condition/compile-condition.ts";
import { eventTypesOf } from "../../src/condition/event-types-of.ts";
import { parseCondition } from "../../src/condition/parse-condition.ts";
import type { ScapEvent } from "../../src/event/event.ts";
import { EVENT_TYPES } from "../../src/event/event-types.ts";
import { openCapture } from "../../src/scap/open-capture.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import { type CaptureFields, captureFields } from "../../src/state/capture-fields.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import { followCapture } from "../../src/state/follow-capture.ts";
import { answerLines, errorJson } from "./answer-lines.ts";

/** At which events of a capture each of these conditions holds. */
interface Question {
  readonly id: string;
  readonly capture: string;
  readonly conditions: readonly { readonly id: string; readonly condition: string }[];
}

interface Asked {
  readonly id: string;
  readonly matches: number[];
  readonly test: Test<ScapEvent>;
}

const SOURCE = { source: "syscall" };

await answerLines<Question>(async ({ capture, conditions }) => {
  const state = new CaptureState();
  const fields = captureFields(state);
  const byType: Asked[][] = EVENT_TYPES.map(() => []);
  const results = conditions.map(({ id, condition }) => prepare(id, condition, fields, byType));
  const handler = followCapture(state, (event) => {
    for (const { test, matches } of byType[event.type] ?? []) if (test(event)) matches.push(event.number);
    return true;
  });
  const { fault } = await readCapture((await openCapture(capture)).bytes, handler);
  return `"results":${JSON.stringify(results)}${errorJson(fault)}`;
});

/** The condition ready to be tested at the events it can hold for, or why it is none. */
function prepare(id: string, condition: string, fields: CaptureFields, byType: readonly Asked[][]): object {
  const parsed = parseCondition(condition);
  if (parsed.error !== undefined) return failed(id, "CONDITION_SYNTAX", parsed.error.message);
  const error = checkCondition(parsed.node, SOURCE).find(({ severity }) => severity === "error");
  if (error !== undefined) return failed(id, error.kind, error.message);
  const events = eventTypesOf(parsed.node);
  if ("message" in events) return failed(id, "CONDITION_EVENTS", events.message);
  const asked: Asked = { id, matches: [], test: compileCondition(parsed.node, fields, SOURCE) };
  for (const type of events.types) byType[type]?.push(asked);
  return { id, matches: asked.matches };
}

function failed(id: string, code: string, message: string): object {
  return { id, error: { code, message } };
}
