import { isStart } from "./list-executions.ts";
import type { ProcessLife } from "./process-book.ts";
import { Groups, type Page, type PageWishes, timeText } from "./rows.ts";
import type { CaptureLook, Moment } from "./walk-capture.ts";

/** What one container, or the host, did. */
export interface ContainerActivity {
  /** First event. */
  readonly event: number;
  readonly time: string;
  readonly last: string;
  /** Container id, or `host`. */
  readonly container: string;
  readonly name: string;
  readonly image: string;
  readonly type: string;
  /** Absent where only the id is known. */
  readonly privileged?: boolean;
  readonly processes: number;
  readonly executions: number;
  readonly events: number;
}

interface Group {
  readonly event: number;
  readonly timeNs: bigint;
  readonly container: string;
  lastNs: bigint;
  processes: number;
  executions: number;
  events: number;
}

/** Collects containers by their id; what the capture says of them is looked up when the rows are made. */
export class ContainerActivities {
  readonly #groups = new Groups<Group>();
  readonly #look: CaptureLook;
  readonly #placed = new WeakMap<ProcessLife, Group | undefined>();
  /** As the capture told it last: a container that was removed is forgotten by the state. */
  readonly #about = new Map<string, Pick<ContainerActivity, "name" | "image" | "type" | "privileged">>();

  constructor(look: CaptureLook) {
    this.#look = look;
  }

  see({ event, name, life }: Moment): void {
    if (!life) return;
    const container = life.container ?? "host";
    let group = this.#placed.get(life);
    if (group?.container !== container) {
      group = this.#groups.take(container, () => {
        const { number, timeNs } = event;
        return { event: number, timeNs, lastNs: timeNs, container, processes: 0, executions: 0, events: 0 };
      });
      if (group) group.processes += 1;
      this.#placed.set(life, group);
    }
    if (!group) return;
    this.#learn(container);
    group.lastNs = event.timeNs;
    group.events += 1;
    if (isStart(name, event)) group.executions += 1;
  }

  page(wishes: PageWishes): Page<ContainerActivity> {
    return this.#groups.page(wishes, ({ timeNs, lastNs, ...group }) => ({
      ...group,
      time: timeText(timeNs),
      last: timeText(lastNs),
      ...(this.#about.get(group.container) ?? { name: "", image: "", type: "" }),
    }));
  }

  notices(): string[] {
    return this.#groups.notices("containers");
  }

  #learn(container: string): void {
    const known = this.#about.get(container);
    if (known?.name !== undefined && known.name !== "") return;
    const found = this.#look.state.containers.get(container === "host" ? "" : container);
    if (!found) return;
    const { name, image, type, isPrivileged } = found;
    const isTold = container !== "host" && image !== "";
    this.#about.set(container, { name, image, type, ...(isTold ? { privileged: isPrivileged } : {}) });
  }
}
