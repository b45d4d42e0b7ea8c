import type { ScapEvent } from "../../event/event.ts";
import { returnValue } from "../../event/read-param.ts";
import { EventRows, type Page, type PageWishes, type ProcessRow, processRow, textReader, timeText } from "./rows.ts";
import type { CaptureLook, Moment } from "./walk-capture.ts";

/** One program that was started. */
export interface Execution extends ProcessRow {
  readonly event: number;
  readonly time: string;
  /** Working folder. */
  readonly folder: string;
}

/** True where the event is that of a program that was started. */
export function isStart(name: string, event: ScapEvent): boolean {
  return (name === "execve" || name === "execveat") && returnValue(event) >= 0;
}

/** Collects the programs that were started; calls that failed are only counted. */
export class Executions {
  readonly #rows: EventRows<Execution>;
  readonly #folder;
  failed = 0;

  constructor(look: CaptureLook, wishes: PageWishes) {
    this.#rows = new EventRows(wishes);
    this.#folder = textReader(look, "proc.cwd");
  }

  see({ event, name, life }: Moment): void {
    if (name !== "execve" && name !== "execveat") return;
    if (returnValue(event) < 0) {
      this.failed += 1;
      return;
    }
    this.#rows.add(event.number, () => ({
      event: event.number,
      time: timeText(event.timeNs),
      ...processRow(life),
      folder: this.#folder(event) ?? "",
    }));
  }

  page(): Page<Execution> {
    return this.#rows.page();
  }

  notices(): string[] {
    return this.failed === 0 ? [] : [`${this.failed} starts that failed are left out`];
  }
}
