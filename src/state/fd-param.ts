import { EVENT_TYPES } from "../event/event-types.ts";

/** Parameter that names the descriptor in exit events, by event type (libs `get_exit_event_fd_location` @48dfd53c). */
const EXIT_PARAMS: Readonly<Record<number, readonly number[]>> = {
  1: [
    241, 25, 37, 97, 87, 89, 171, 71, 5, 237, 239, 243, 333, 151, 367, 363, 365, 419, 385, 313, 305, 303, 417, 51, 55,
    343, 341, 45, 47, 373, 413, 317, 383,
  ],
  2: [7, 113, 21, 9, 115, 33, 29, 31, 49, 189, 167, 119, 123, 23, 181],
  3: [35, 117, 121],
  5: [53],
  8: [161, 163],
};

const exitParams = new Int8Array(EVENT_TYPES.length).fill(-1);
for (const [param, types] of Object.entries(EXIT_PARAMS)) for (const type of types) exitParams[type] = Number(param);

/** Index of the parameter that names the descriptor an exit event used; -1 for none. */
export function exitFdParam(type: number): number {
  return exitParams[type] ?? -1;
}

const MMAP = [160, 162];
const SPLICE = 166;

/** The same for enter events. */
export function enterFdParam(type: number): number {
  if (MMAP.includes(type)) return 4;
  return type === SPLICE ? 1 : 0;
}
