import { checkCondition } from "../../src/condition/check-condition.ts";
import { compileCondition, type Test } from "../../src/condition/compile-condition.ts";
import { eventTypesOf } from "../../src/condition/event-types-of.ts";
import { parseCondition } from "../../src/condition/parse-condition.ts";
import type { ScapEvent } from "../../src/event/event.ts";
import { EVENT_TYPES } from "../../src/event/event-types.ts";
import type { CaptureFault } from "../../src/scap/capture-fault.ts";
import { openCapture } from "../../src/scap/open-capture.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import { type CaptureFields, captureFields } from "../../src/state/capture-fields.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import { followCapture } from "../../src/state/follow-capture.ts";

/** The numbers of the events that a condition holds for, or why it is none. */
export type Matched =
  | { readonly matches: number[] }
  | { readonly error: { readonly code: string; readonly message: string } };

interface Asked {
  readonly matches: number[];
  readonly test: Test<ScapEvent>;
}

const SOURCE = { source: "syscall" };

/** Runs each condition as the only one of a rule over a capture. */
export async function matchConditions(
  path: string,
  conditions: readonly string[],
): Promise<{ results: Matched[]; fault: CaptureFault | undefined }> {
  const state = new CaptureState();
  const fields = captureFields(state);
  const byType: Asked[][] = EVENT_TYPES.map(() => []);
  const results = conditions.map((condition) => prepare(condition, fields, byType));
  const handler = followCapture(state, (event) => {
    for (const { test, matches } of byType[event.type] ?? []) if (test(event)) matches.push(event.number);
    return true;
  });
  const { fault } = await readCapture((await openCapture(path)).bytes, handler);
  return { results, fault };
}

function prepare(condition: string, fields: CaptureFields, byType: readonly Asked[][]): Matched {
  const parsed = parseCondition(condition);
  if (parsed.error !== undefined) return failed("CONDITION_SYNTAX", parsed.error.message);
  const error = checkCondition(parsed.node, SOURCE).find(({ severity }) => severity === "error");
  if (error !== undefined) return failed(error.kind, error.message);
  const events = eventTypesOf(parsed.node);
  if ("message" in events) return failed("CONDITION_EVENTS", events.message);
  const asked: Asked = { matches: [], test: compileCondition(parsed.node, fields, SOURCE) };
  for (const type of events.types) byType[type]?.push(asked);
  return { matches: asked.matches };
}

function failed(code: string, message: string): Matched {
  return { error: { code, message } };
}
