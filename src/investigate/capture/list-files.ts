import { Groups, type Page, type PageWishes, type ProcessRow, processRow, textReader, timeText } from "./rows.ts";
import { sensitiveKind } from "./sensitive-paths.ts";
import type { CaptureLook, Moment } from "./walk-capture.ts";

/** One file as one process opened it. */
export interface FileUse extends ProcessRow {
  /** First event. */
  readonly event: number;
  readonly time: string;
  readonly file: string;
  /** Kind of secret, where the path is that of one. */
  readonly kind?: string;
  readonly access: "read" | "write" | "read+write" | "none";
  /** How often it was opened. */
  readonly opens: number;
  /** How often opening it failed, with the last error. */
  readonly failed: number;
  readonly error?: string;
}

/** all: every file; written: opened for writing or created; sensitive: secrets opened for reading. */
export type FileChoice = "all" | "written" | "sensitive";

interface Group {
  readonly event: number;
  readonly timeNs: bigint;
  readonly file: string;
  readonly kind: string | undefined;
  /** As it was when it opened the file; it may run another program later. */
  readonly who: ProcessRow;
  reads: boolean;
  writes: boolean;
  opens: number;
  failed: number;
  error?: string;
}

const OPENS = new Set(["open", "openat", "openat2", "creat", "open_by_handle_at"]);

/** Collects files by path and process as they were opened. */
export class Files {
  readonly #groups = new Groups<Group>();
  readonly #choice: FileChoice;
  readonly #name;
  readonly #result;
  readonly #reads;
  readonly #writes;

  constructor(look: CaptureLook, choice: FileChoice) {
    this.#choice = choice;
    this.#name = textReader(look, "fd.name");
    this.#result = textReader(look, "evt.res");
    this.#reads = look.fields.reader({ name: "evt.is_open_read" });
    this.#writes = look.fields.reader({ name: "evt.is_open_write" });
  }

  see({ event, name, life }: Moment): void {
    if (!OPENS.has(name)) return;
    const writes = name === "creat" || this.#writes(event) === true;
    const reads = this.#reads(event) === true;
    if (this.#choice === "written" ? !writes : this.#choice === "sensitive" && !reads) return;
    const file = this.#name(event);
    if (file === undefined) return;
    const kind = sensitiveKind(file);
    if (this.#choice === "sensitive" && kind === undefined) return;
    const { number, timeNs } = event;
    const group = this.#groups.take(`${life?.id ?? -event.tid}\0${life?.command ?? ""}\0${file}`, () => {
      const who = processRow(life);
      return { event: number, timeNs, file, kind, who, reads: false, writes: false, opens: 0, failed: 0 };
    });
    if (!group) return;
    group.reads ||= reads;
    group.writes ||= writes;
    const error = this.#result(event);
    if (error === undefined || error === "SUCCESS") group.opens += 1;
    else {
      group.failed += 1;
      group.error = error;
    }
  }

  page(wishes: PageWishes): Page<FileUse> {
    return this.#groups.page(wishes, ({ event, timeNs, file, kind, who, reads, writes, opens, failed, error }) => ({
      event,
      time: timeText(timeNs),
      file,
      ...(kind === undefined ? {} : { kind }),
      access: reads && writes ? "read+write" : writes ? "write" : reads ? "read" : "none",
      opens,
      failed,
      ...(error === undefined ? {} : { error }),
      ...who,
    }));
  }

  notices(): string[] {
    return this.#groups.notices("files by process");
  }
}
