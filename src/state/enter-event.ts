import type { ScapEvent } from "../event/event.ts";
import { keepEvent } from "../event/keep-event.ts";
import type { Update } from "./update-context.ts";

const EXECVE_EXIT = 293;
const EXECVEAT_ENTER = 330;

/** Keeps the enter event for its exit event. */
export const keepEnter: Update = ({ thread }, event) => {
  if (thread) thread.lastEnter = keepEvent(event);
};

/** The same, unless the event is one of those whose parameters were all empty. */
export const keepEnterIfFilled: Update = (state, event) => {
  if (event.paramLength(0) > 0) keepEnter(state, event);
};

/** The enter event of the call that `event` ends, where it was kept and is the right one. */
export function enterOf(state: Parameters<Update>[0], event: ScapEvent): ScapEvent | undefined {
  const { thread } = state;
  const enter = thread?.lastEnterValid ? thread.lastEnter : undefined;
  if (!thread || !enter) return undefined;
  // A successful execveat ends as execve.
  const isRight = enter.type === event.type - 1 || (event.type === EXECVE_EXIT && enter.type === EXECVEAT_ENTER);
  if (!isRight) thread.lastEnterValid = false;
  return isRight ? enter : undefined;
}
