import type { ScapEvent } from "../../event/event.ts";
import { EVENT_TYPES } from "../../event/event-types.ts";
import { paramI64, paramU8, returnValue } from "../../event/read-param.ts";
import { openCapture } from "../../scap/open-capture.ts";
import { type CaptureSummary, type ReadCaptureOptions, readCapture } from "../../scap/read-capture.ts";
import { type CaptureFields, captureFields } from "../../state/capture-fields.ts";
import { CaptureState } from "../../state/capture-state.ts";
import { followCapture } from "../../state/follow-capture.ts";
import type { CaptureFilter } from "./capture-filter.ts";
import { ProcessBook, type ProcessLife } from "./process-book.ts";

/** What stands behind the event that is being looked at. */
export interface CaptureLook {
  readonly state: CaptureState;
  readonly fields: CaptureFields;
  readonly book: ProcessBook;
}

/** One event within the filter, valid until the next one. */
export interface Moment {
  readonly event: ScapEvent;
  /** Name of the event's type, as `openat`. */
  readonly name: string;
  readonly life: ProcessLife | undefined;
}

export interface WalkOptions extends ReadCaptureOptions {
  readonly filter: CaptureFilter;
}

/** What was looked at, and whatever a reader must know to judge an answer. */
export interface Coverage extends CaptureSummary {
  /** Events within the filter. */
  readonly considered: number;
  readonly firstNs?: bigint;
  readonly lastNs?: bigint;
  readonly hostname: string;
  readonly processes: number;
  /** Processes beyond what is kept. */
  readonly processesLeftOut: number;
}

const EXECS = new Set(["execve", "execveat"]);
const CLONES = new Set(["clone", "clone3", "fork", "vfork"]);
const CREDENTIALS = /^set(?:re|res)?[ug]id$/;

/**
 * Reads a capture once and shows the events within the filter to what `prepare` gives. Memory does not grow with the
 * capture. A fault of the capture ends the walk and is part of the answer. Fails as openCapture does, or with CANCELLED.
 */
export async function walkCapture(
  path: string,
  { filter, ...options }: WalkOptions,
  prepare: (look: CaptureLook) => (moment: Moment) => void,
): Promise<Coverage> {
  const state = new CaptureState();
  const book = new ProcessBook(state);
  const see = prepare({ state, fields: captureFields(state), book });
  const moment: { event: ScapEvent; name: string; life: ProcessLife | undefined } = {
    event: undefined as unknown as ScapEvent,
    name: "",
    life: undefined,
  };
  let considered = 0;
  let firstNs: bigint | undefined;
  let lastNs = 0n;
  const onEvent = (event: ScapEvent): boolean => {
    const { timeNs } = event;
    firstNs ??= timeNs;
    if (timeNs > lastNs) lastNs = timeNs;
    moment.event = event;
    moment.name = nameOf(event);
    moment.life = followProcess(moment, state, book);
    const { life } = moment;
    const container = life?.container === undefined ? undefined : state.containers.get(life.container)?.name;
    // The process filter remembers whom it took, so it is asked about every event.
    if (filter.takes(life, event.tid, container) && isInTime(filter, timeNs)) {
      considered += 1;
      if (life) life.events += 1;
      see(moment);
    }
    return true;
  };
  const { bytes } = await openCapture(path);
  const summary = await readCapture(bytes, followCapture(state, onEvent), options);
  return {
    ...summary,
    considered,
    ...(firstNs === undefined ? {} : { firstNs, lastNs }),
    hostname: state.machine.hostname,
    processes: book.lives.length,
    processesLeftOut: book.leftOut,
  };
}

const NAMES = EVENT_TYPES.map(({ name }) => name);
const nameOf = (event: ScapEvent): string => NAMES[event.type] ?? "";

/** The process of an event, brought up to date with it. */
function followProcess({ event, name }: Moment, state: CaptureState, book: ProcessBook): ProcessLife | undefined {
  const thread = state.threadOf(event);
  if (!thread) return undefined;
  const life = book.of(thread);
  if (EXECS.has(name)) {
    if (returnValue(event) >= 0) {
      book.refresh(life, thread);
      book.noteProgram(life);
    }
  } else if (CLONES.has(name)) {
    const child = returnValue(event) > 0 ? state.threads.find(returnValue(event)) : undefined;
    if (child) book.of(child);
  } else if (name === "procexit") {
    if (thread.isMain) {
      life.endNs = event.timeNs;
      life.exit = exitOf(event);
    }
  } else if (CREDENTIALS.test(name) || life.name !== thread.comm) {
    if (thread.isMain) book.refresh(life, thread);
  }
  return life;
}

/** The wait status that procexit carries, taken apart. */
function exitOf(event: ScapEvent): { code: number; signal: number } | undefined {
  if (event.paramLength(0) !== 8) return undefined;
  const status = paramI64(event, 0);
  return { code: (status >> 8) & 0xff, signal: paramU8(event, 2) || status & 0x7f };
}

function isInTime({ fromNs, toNs }: CaptureFilter, timeNs: bigint): boolean {
  return (fromNs === undefined || timeNs >= fromNs) && (toNs === undefined || timeNs < toNs);
}
