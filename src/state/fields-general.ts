import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES, EventCategory } from "../event/event-types.ts";
import { nativeSyscallName } from "../event/native-syscalls.ts";
import { hasParam, paramText, paramU16, paramU32 } from "../event/read-param.ts";
import { SYSCALL_NAMES } from "../event/syscall-names.ts";
import type { CaptureState } from "./capture-state.ts";
import { exact, type FieldReader, type FieldTable } from "./field-reader.ts";
import { isoTimeText, timeText } from "./time-text.ts";

const SECOND_NS = 1_000_000_000n;
const GENERIC_EXIT = 1;
const UNKNOWN_CALL = 0;
const ASYNC_EVENT = 402;
const PLUGIN_EVENT = 322;

const NAMES = EVENT_TYPES.map(({ name }) => name);
const CATEGORIES = EVENT_TYPES.map(({ category }) => category);

/** Fields of every event: number, time, source, name. */
export function generalFields(state: CaptureState): FieldTable {
  const relative = (event: ScapEvent) => BigInt.asUintN(64, event.timeNs - state.firstEventNs);
  return {
    plain: {
      "evt.num": (event) => event.number,
      "evt.time": (event) => timeText(event.timeNs, { nanoseconds: true }),
      "evt.time.s": (event) => timeText(event.timeNs, {}),
      "evt.time.iso8601": (event) => isoTimeText(event.timeNs),
      "evt.datetime": (event) => timeText(event.timeNs, { date: true, nanoseconds: true }),
      "evt.datetime.s": (event) => timeText(event.timeNs, { date: true }),
      "evt.rawtime": (event) => event.timeNs,
      "evt.rawtime.s": (event) => Number(event.timeNs / SECOND_NS),
      "evt.rawtime.ns": (event) => Number(event.timeNs % SECOND_NS),
      "evt.reltime": (event) => exact(relative(event)),
      "evt.reltime.s": (event) => exact(relative(event) / SECOND_NS),
      "evt.reltime.ns": (event) => Number(relative(event) % SECOND_NS),
      "evt.pluginname": () => undefined,
      "evt.plugininfo": () => undefined,
      "evt.source": sourceOf,
      "evt.is_async": (event) => isMeta(event),
      "evt.asynctype": (event) => (isMeta(event) ? eventName(event) : undefined),
      // See CaptureState.bootNs: Falco does not know the host at replay.
      "evt.hostname": () => "",
      "evt.type": eventName,
      "syscall.type": (event) =>
        (CATEGORIES[event.type] ?? 0) & EventCategory.SYSCALL ? (syscallName(event) ?? NAMES[event.type]) : undefined,
      "evt.dir": (event) => ((event.type & 1) === 0 ? ">" : "<"),
      "evt.cpu": (event) => event.cpu,
      "evt.count": () => 1,
      "evt.latency": () => 0,
      "evt.latency.s": () => 0,
      "evt.latency.ns": () => 0,
      "evt.latency.quantized": () => 0,
      "evt.latency.human": () => "0ns",
      "evt.wait_latency": () => 0,
      "evt.outputtime": (event) => timeText(event.timeNs, { nanoseconds: true }),
    },
    made: {
      "evt.deltatime": () => deltaReader((delta) => exact(delta)),
      "evt.deltatime.s": () => deltaReader((delta) => exact(delta / SECOND_NS)),
      "evt.deltatime.ns": () => deltaReader((delta) => Number(delta % SECOND_NS)),
      "util.cnt": () => {
        let count = 0;
        return () => ++count;
      },
    },
  };
}

/** Name of an event: that of its type, of the call that a generic event carries, or of what a plugin called it. */
function eventName(event: ScapEvent): string | undefined {
  if (event.type === GENERIC_EXIT) return syscallName(event);
  return event.type === ASYNC_EVENT ? paramText(event, 1) : NAMES[event.type];
}

/** Calls that came after the recorder was built are told by the machine's own number, taken for one of x86_64. */
function syscallName(event: ScapEvent): string | undefined {
  if (event.type !== GENERIC_EXIT) return undefined;
  const code = paramU16(event, 0);
  const native = code === UNKNOWN_CALL && hasParam(event, 1) ? nativeSyscallName(paramU16(event, 1)) : undefined;
  return native ?? SYSCALL_NAMES[code] ?? "";
}

function isMeta(event: ScapEvent): boolean {
  return ((CATEGORIES[event.type] ?? 0) & EventCategory.METAEVENT) !== 0;
}

function sourceOf(event: ScapEvent): string | undefined {
  const mayBePlugins = event.type === PLUGIN_EVENT || event.type === ASYNC_EVENT;
  return mayBePlugins && paramU32(event, 0) !== 0 ? undefined : "syscall";
}

/** Time since the event for which the same reader was last asked. */
function deltaReader(part: (delta: bigint) => number | bigint): FieldReader {
  let last = 0n;
  let lastNumber = 0;
  let value: number | bigint = 0;
  return (event) => {
    if (event.number !== lastNumber) {
      value = last === 0n ? 0 : part(BigInt.asUintN(64, event.timeNs - last));
      last = event.timeNs;
      lastNumber = event.number;
    }
    return value;
  };
}
