import { NO_ID } from "../../state/thread.ts";
import { isStart } from "./list-executions.ts";
import type { ProcessLife } from "./process-book.ts";
import { Groups, type Page, type PageWishes, timeText, userText } from "./rows.ts";
import type { CaptureLook, Moment } from "./walk-capture.ts";

/** What ran as one user in one container or on the host. */
export interface UserActivity {
  /** First event. */
  readonly event: number;
  readonly time: string;
  readonly last: string;
  readonly user: string;
  readonly uid: number;
  /** Container id, or `host`: the same number is another user in each. */
  readonly container: string;
  /** Numbers of the users that had logged in; none for services. */
  readonly logins: readonly number[];
  readonly processes: number;
  readonly executions: number;
  readonly events: number;
}

/** A process that went on as another user. */
export interface UserChange {
  readonly event: number;
  readonly time: string;
  readonly call: string;
  readonly pid: number;
  readonly process: string;
  readonly command: string;
  readonly from: string;
  readonly to: string;
}

interface Group {
  readonly event: number;
  readonly timeNs: bigint;
  readonly user: string;
  readonly uid: number;
  readonly container: string;
  lastNs: bigint;
  readonly logins: Set<number>;
  processes: number;
  executions: number;
  events: number;
}

const MAX_CHANGES = 100;
const MAX_LOGINS = 20;

/** Collects users, and the processes that changed theirs. */
export class UserActivities {
  readonly #groups = new Groups<Group>();
  readonly #look: CaptureLook;
  readonly #last = new WeakMap<
    ProcessLife,
    { readonly uid: number; readonly text: string; readonly group: Group | undefined }
  >();
  readonly changes: UserChange[] = [];
  #changesLeftOut = 0;

  constructor(look: CaptureLook) {
    this.#look = look;
  }

  see({ event, name, life }: Moment): void {
    const thread = this.#look.state.threadOf(event);
    if (!life || !thread) return;
    const { uid, loginUid, containerId } = thread;
    const before = this.#last.get(life);
    let group = before?.group;
    if (before?.uid !== uid) {
      const container = containerId === "" ? "host" : containerId;
      const text = uid === life.uid ? userText(life) : `uid ${uid}`;
      group = this.#groups.take(`${container}\0${uid}`, () => {
        const counts = { processes: 0, executions: 0, events: 0, logins: new Set<number>() };
        return {
          event: event.number,
          timeNs: event.timeNs,
          lastNs: event.timeNs,
          user: text,
          uid,
          container,
          ...counts,
        };
      });
      if (group) group.processes += 1;
      if (before) this.#noteChange({ event, name, life }, before.text, text);
      this.#last.set(life, { uid, text, group });
    }
    if (!group) return;
    group.lastNs = event.timeNs;
    group.events += 1;
    if (isStart(name, event)) group.executions += 1;
    if (loginUid !== NO_ID && loginUid !== -1 && group.logins.size < MAX_LOGINS) group.logins.add(loginUid);
  }

  page(wishes: PageWishes): Page<UserActivity> {
    return this.#groups.page(wishes, ({ timeNs, lastNs, logins, ...group }) => ({
      ...group,
      time: timeText(timeNs),
      last: timeText(lastNs),
      logins: [...logins],
    }));
  }

  notices(): string[] {
    const cut = this.#changesLeftOut;
    return [
      ...this.#groups.notices("users"),
      ...(cut === 0 ? [] : [`changes shows the first ${MAX_CHANGES}; ${cut} more are left out: narrow the filter`]),
    ];
  }

  #noteChange({ event, name, life }: Moment & { life: ProcessLife }, from: string, to: string): void {
    if (this.changes.length >= MAX_CHANGES) {
      this.#changesLeftOut += 1;
      return;
    }
    const { pid, name: process, command } = life;
    this.changes.push({
      event: event.number,
      time: timeText(event.timeNs),
      call: name,
      pid,
      process,
      command,
      from,
      to,
    });
  }
}
