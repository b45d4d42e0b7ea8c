import { parseTimeNs } from "../../alert/time.ts";
import { compileCondition } from "../../condition/compile-condition.ts";
import type { FieldSource } from "../../condition/field-access.ts";
import { createFormatter } from "../../condition/format-output.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { Rule } from "../../rules/rule-set.ts";
import { alertTimeText, timeText } from "../../state/time-text.ts";
import { fieldsJson, valueJson } from "../alert-line.ts";
import type { Matching } from "../match-rules.ts";
import type { CountedOutcome, RunAlert, RunFault, RunInput } from "../runs/run.ts";
import type { RunOptions } from "../runs/run-rules.ts";
import { tallyAlerts } from "../runs/tally-alerts.ts";
import type { JsonEvent, JsonSource } from "./json-event.ts";
import { jsonFields } from "./json-fields.ts";
import { readJsonEvents } from "./read-json-events.ts";
import { JSON_SOURCES, sourceNamed, sourceOf } from "./sources.ts";

const SETTLE_EVERY = 1_000;
const SKIPPED_SHOWN = 100;

type EventFile = Extract<RunInput, { kind: "events" }>;

/**
 * What came of running the rules of one plugin source over a file of its events. Without a source in `input` the first
 * event's shape tells it; events of another shape are run all the same where the source was named, and passed over
 * otherwise. Fails with REPLAY_SOURCE_UNKNOWN, and as readJsonEvents does.
 */
export async function replayJsonEvents(
  input: EventFile,
  rules: readonly Rule[],
  onAlert: (alert: RunAlert) => void,
  { matching, hostname, limits = {}, signal, onProgress, settle }: RunOptions,
): Promise<CountedOutcome> {
  const run = jsonRun(input, rules, onAlert, { matching, hostname, limits });
  const skipped: RunFault[] = [];
  let skippedCount = 0;
  let bytes = 0;
  let parts = 0;
  const skip = (message: string): void => {
    skippedCount += 1;
    if (skipped.length < SKIPPED_SHOWN) skipped.push({ code: "REPLAY_EVENTS_UNREADABLE", message });
  };
  for await (const event of walkJsonEvents(input)) {
    parts += 1;
    bytes += event.bytes;
    if ("fault" in event) skip(`part ${parts} of the file is ${event.fault}`);
    else if (!run.onEvent(event.source, event.event)) break;
    if (parts % SETTLE_EVERY !== 0) continue;
    if (signal?.aborted) throw cancelled();
    await settle?.();
    onProgress?.({ bytes, events: parts });
  }
  if (signal?.aborted) throw cancelled();
  await settle?.();
  const { source, rulesRun, counts } = run.result();
  const { endedBy = "end of input", ...rest } = counts;
  return { source, rulesRun, bytes, ...rest, endedBy, skipped, skippedCount };
}

type WalkedPart =
  | { readonly event: JsonEvent; readonly source: JsonSource; readonly bytes: number }
  | { readonly fault: string; readonly bytes: number };

/** The events of a file, numbered and timed, with their source. */
export async function* walkJsonEvents({ path, source: named }: EventFile): AsyncGenerator<WalkedPart> {
  let source = named === undefined ? undefined : sourceNamed(named);
  if (named !== undefined && source === undefined)
    throw sourceUnknown(`no source ${JSON.stringify(named)} is read here`);
  let number = 0;
  let timeNs = 0n;
  for await (const part of readJsonEvents(path)) {
    if ("fault" in part) {
      yield part;
      continue;
    }
    const { value, bytes } = part;
    source ??= sourceOf(value);
    if (source === undefined) throw sourceUnknown(`the first event of ${JSON.stringify(path)} is of no known source`);
    if (named === undefined && !source.recognizes(value)) {
      yield { fault: `no event of source ${source.name}`, bytes };
      continue;
    }
    number += 1;
    timeNs = parseTimeNs(source.timeOf(value) ?? "") ?? timeNs;
    yield { event: { number, timeNs, value }, source, bytes };
  }
}

function jsonRun(
  { source: named }: EventFile,
  rules: readonly Rule[],
  onAlert: (alert: RunAlert) => void,
  { matching, hostname, limits = {} }: Pick<RunOptions, "matching" | "hostname" | "limits">,
) {
  let source = named === undefined ? undefined : sourceNamed(named);
  let own: readonly Rule[] = [];
  let match: ((event: JsonEvent, onMatch: (rule: Rule) => void) => void) | undefined;
  let fields: FieldSource<JsonEvent> = { reader: () => () => undefined };
  let lastNs = 0n;
  const tally = tallyAlerts<JsonEvent>({
    match: (event, onMatch) => match?.(event, onMatch),
    writerOf: (rule) => jsonAlertWriter(rule, fields, hostname),
    onAlert,
    limits,
    lastTime: {
      keep({ timeNs }) {
        lastNs = timeNs;
      },
      ns: () => lastNs,
    },
  });
  const begin = (found: JsonSource): void => {
    source = found;
    fields = jsonFields(found);
    own = rules.filter((rule) => rule.source === found.name);
    match = jsonMatcher(own, fields, matching);
  };
  if (source !== undefined) begin(source);
  return {
    onEvent(found: JsonSource, event: JsonEvent): boolean {
      if (match === undefined) begin(found);
      return tally.onEvent(event);
    },
    result: () => ({ source: source?.name ?? "unknown", rulesRun: own.length, counts: tally.result() }),
  };
}

/** Rules of one plugin source on its events, each asked in turn. */
function jsonMatcher(rules: readonly Rule[], fields: FieldSource<JsonEvent>, matching: Matching) {
  const tests = rules.map((rule) => ({ rule, test: compileCondition(rule.tree, fields, { source: rule.source }) }));
  return (event: JsonEvent, onMatch: (rule: Rule) => void): void => {
    for (const { rule, test } of tests) {
      if (!test(event)) continue;
      onMatch(rule);
      if (matching === "first") return;
    }
  };
}

function jsonAlertWriter(rule: Rule, source: FieldSource<JsonEvent>, hostname: string): (event: JsonEvent) => string {
  const formatter = createFormatter(rule.outputParts, source);
  const { priority, name, tags } = rule;
  const tail = `"priority":${valueJson(priority)},"rule":${valueJson(name)},"source":${valueJson(rule.source)},"tags":${valueJson(tags)}`;
  return (event) => {
    const { timeNs } = event;
    const output = `${timeText(timeNs, { nanoseconds: true })}: ${priority} ${formatter.text(event)}`;
    const values = fieldsJson({ ...formatter.fields(event), "evt.time": timeNs });
    return `{"hostname":${valueJson(hostname)},"output":${valueJson(output)},"output_fields":${values},${tail},"time":"${alertTimeText(timeNs)}"}`;
  };
}

function sourceUnknown(message: string): FalcoSkillsError {
  return new FalcoSkillsError("REPLAY_SOURCE_UNKNOWN", message, {
    fix: `Name the source: one of ${JSON_SOURCES.map(({ name }) => name).join(", ")}.`,
  });
}

function cancelled(): FalcoSkillsError {
  return new FalcoSkillsError("CANCELLED", "the run was cancelled", { fix: "Start it again when needed." });
}
