import type { ScapEvent } from "../event/event.ts";
import type { Rule } from "../rules/rule-set.ts";
import type { CaptureFault } from "../scap/capture-fault.ts";
import type { CaptureBytes } from "../scap/open-capture.ts";
import { readCapture } from "../scap/read-capture.ts";
import { captureFields } from "../state/capture-fields.ts";
import { CaptureState } from "../state/capture-state.ts";
import { followCapture } from "../state/follow-capture.ts";
import { alertWriter } from "./alert-line.ts";
import { ruleMatcher } from "./match-rules.ts";
import type { CountedOutcome, RunAlert, RunFault } from "./runs/run.ts";
import type { RunOptions } from "./runs/run-rules.ts";
import { type LastTime, tallyAlerts } from "./runs/tally-alerts.ts";

/**
 * What came of running the rules for system calls over a capture; each alert goes to `onAlert` as soon as it is known, in
 * the order of the events and, under `all`, of the rules. A fault of the capture is part of the answer and follows the
 * alerts before it. Memory grows neither with the capture nor with the alerts. CANCELLED when the signal fires.
 */
export async function replayCapture(
  capture: CaptureBytes,
  rules: readonly Rule[],
  onAlert: (alert: RunAlert) => void,
  { matching, hostname, limits = {}, settle, ...options }: RunOptions,
): Promise<CountedOutcome> {
  const own = rules.filter(({ active, source }) => active && source === "syscall");
  const state = new CaptureState();
  const fields = captureFields(state);
  const tally = tallyAlerts({
    match: ruleMatcher(own, fields, matching),
    writerOf: (rule) => alertWriter(rule, fields, hostname),
    onAlert,
    limits,
    lastTime: lastTimeOfCapture(),
  });
  const handler = followCapture(state, tally.onEvent);
  const read = await readCapture(settled(capture, settle), handler, options);
  await settle?.();
  const { endedBy = read.fault === undefined ? "end of input" : "fault", ...counts } = tally.result();
  return {
    source: "syscall",
    rulesRun: own.length,
    bytes: read.bytes,
    ...counts,
    endedBy,
    ...(read.fault === undefined ? {} : { fault: faultOf(read.fault) }),
    skipped: [],
    skippedCount: 0,
  };
}

/** The pieces as they are, with what must be done before the next one is read. */
async function* settled(pieces: CaptureBytes, settle: RunOptions["settle"]): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    yield piece;
    await settle?.();
  }
}

/** Captures have millions of events, and a big number for each would cost more than the rules of most. */
function lastTimeOfCapture(): LastTime<ScapEvent> {
  let high = 0;
  let low = 0;
  return {
    keep(event) {
      high = event.timeHigh;
      low = event.timeLow;
    },
    ns: () => (BigInt(high) << 32n) | BigInt(low),
  };
}

const faultOf = ({ code, message, fix, where }: CaptureFault): RunFault => ({ code, message, fix, where });
