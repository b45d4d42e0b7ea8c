import type { ScapEvent } from "../event/event.ts";
import type { CaptureHandler } from "../scap/block-reader.ts";
import type { CaptureState } from "./capture-state.ts";

/**
 * A handler for `readCapture` that keeps `state` up to date and then shows each event; `onEvent` says false to stop.
 * The events that only tell how things stood when the recording began are taken in and not shown.
 */
export function followCapture(state: CaptureState, onEvent: (event: ScapEvent) => boolean): CaptureHandler {
  return {
    onSection: () => state.onSection(),
    onMachine: (machine) => state.onMachine(machine),
    onProcess: (process) => state.onProcess(process),
    onDescriptor: (tid, descriptor) => state.onDescriptor(tid, descriptor),
    onInterfaces: (interfaces) => state.onInterfaces(interfaces),
    onUsers: (users) => state.onUsers(users),
    onReady: () => state.onReady(),
    onEvent: (event) => !state.apply(event) || onEvent(event),
  };
}
