import { type ExplainedClause, explainCondition } from "../../condition/explain-condition.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { EVENT_TYPES } from "../../event/event-types.ts";
import type { Rule } from "../../rules/rule-set.ts";
import { openCapture } from "../../scap/open-capture.ts";
import { readCapture } from "../../scap/read-capture.ts";
import { captureFields } from "../../state/capture-fields.ts";
import { CaptureState } from "../../state/capture-state.ts";
import { followCapture } from "../../state/follow-capture.ts";
import { jsonFields } from "../json-sources/json-fields.ts";
import { walkJsonEvents } from "../json-sources/replay-json-events.ts";
import type { RunInput } from "../runs/run.ts";

export interface ExplainedEvent {
  readonly rule: string;
  readonly eventNumber: number;
  readonly timeNs: bigint;
  /** Name of the event's type; the source for events of plugins. */
  readonly eventType: string;
  readonly holds: boolean;
  /** The whole condition, clause by clause; see explainCondition. */
  readonly condition: ExplainedClause;
}

/**
 * Why a rule does, or does not, fire on one event of an input, with the values that its fields have there. The event is
 * named by its number as alerts and evt.num tell it. Fails with RULE_EVENT_NOT_FOUND, with INVALID_ARGUMENT for a rule of
 * another source, and as runRules does.
 */
export async function explainEvent(
  input: RunInput,
  rule: Rule,
  eventNumber: number,
  signal?: AbortSignal,
): Promise<ExplainedEvent> {
  const explained =
    input.kind === "capture"
      ? await inCapture(input.path, rule, eventNumber, signal)
      : await inEvents(input, rule, eventNumber);
  if (explained !== undefined) return explained;
  throw new FalcoSkillsError("RULE_EVENT_NOT_FOUND", `no event that rules see has number ${eventNumber} in the input`, {
    fix: "Pass the number of an event as an alert's evt.num or test_rules tells it.",
    where: input.path,
  });
}

async function inCapture(
  path: string,
  rule: Rule,
  eventNumber: number,
  signal: AbortSignal | undefined,
): Promise<ExplainedEvent | undefined> {
  requireSource(rule, "syscall");
  const state = new CaptureState();
  const explain = explainCondition(rule.tree, captureFields(state), { source: rule.source });
  let explained: ExplainedEvent | undefined;
  const handler = followCapture(state, (event) => {
    if (event.number < eventNumber) return true;
    if (event.number === eventNumber) {
      const eventType = EVENT_TYPES[event.type]?.name ?? "unknown";
      explained = resultOf(rule, event, eventType, explain(event));
    }
    return false;
  });
  const { bytes } = await openCapture(path);
  await readCapture(bytes, handler, signal === undefined ? {} : { signal });
  return explained;
}

async function inEvents(
  input: Extract<RunInput, { kind: "events" }>,
  rule: Rule,
  eventNumber: number,
): Promise<ExplainedEvent | undefined> {
  for await (const part of walkJsonEvents(input)) {
    if ("fault" in part || part.event.number < eventNumber) continue;
    requireSource(rule, part.source.name);
    const explain = explainCondition(rule.tree, jsonFields(part.source), { source: rule.source });
    return resultOf(rule, part.event, part.source.name, explain(part.event));
  }
  return undefined;
}

function resultOf(
  rule: Rule,
  { number, timeNs }: { readonly number: number; readonly timeNs: bigint },
  eventType: string,
  condition: ExplainedClause,
): ExplainedEvent {
  const holds = condition.outcome === "true";
  return { rule: rule.name, eventNumber: number, timeNs, eventType, holds, condition };
}

function requireSource(rule: Rule, source: string): void {
  if (rule.source === source) return;
  throw new FalcoSkillsError(
    "INVALID_ARGUMENT",
    `rule ${JSON.stringify(rule.name)} is of source ${rule.source}, the input of ${source}`,
    { fix: `Name a rule of source ${source}, or an input of source ${rule.source}.` },
  );
}
