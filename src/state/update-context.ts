import type { ScapEvent } from "../event/event.ts";
import type { CgroupSets } from "./cgroups.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Interfaces } from "./interfaces.ts";
import type { Thread } from "./thread.ts";
import type { ThreadTable } from "./thread-table.ts";
import type { Users } from "./users.ts";

/** What an update may see and change: the tables, and the thread and the descriptor of the current event. */
export interface UpdateContext {
  readonly threads: ThreadTable;
  readonly users: Users;
  readonly interfaces: Interfaces;
  readonly cgroupSets: CgroupSets;
  /** When the recorded machine was booted, as Falco knows it at replay. */
  readonly bootNs: bigint;
  thread: Thread | undefined;
  descriptor: Descriptor | undefined;
  threadOf(event: ScapEvent): Thread | undefined;
  open(fd: number, descriptor: Descriptor): void;
  removeLater(tid: number): void;
  closeLater(tid: number, fd: number): void;
}

/** Changes the state as one type of event tells it. */
export type Update = (state: UpdateContext, event: ScapEvent) => void;
