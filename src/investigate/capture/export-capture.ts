import { createHash } from "node:crypto";
import { type FileHandle, mkdir, mkdtemp, open, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { ScapEvent } from "../../event/event.ts";
import { EVENT_TYPES, EventFlag } from "../../event/event-types.ts";
import { BLOCK_TYPES } from "../../scap/block-types.ts";
import type { CaptureFault } from "../../scap/capture-fault.ts";
import { type CaptureBytes, openCapture } from "../../scap/open-capture.ts";
import { type ReadCaptureOptions, readCapture } from "../../scap/read-capture.ts";
import { CaptureState } from "../../state/capture-state.ts";
import { followCapture } from "../../state/follow-capture.ts";
import { type CaptureFilter, captureFilter, type FilterWishes } from "./capture-filter.ts";
import { ProcessBook } from "./process-book.ts";
import { splitBlocks } from "./split-blocks.ts";

export interface ExportWishes extends FilterWishes, ReadCaptureOptions {
  /** Folder that the file is written to; made when it is missing. */
  readonly folder: string;
  /** Bytes after which the export ends, said in `isCut`; 256 MiB without it. */
  readonly maxBytes?: number;
}

export interface CaptureFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A part of a capture that was written as a capture of its own. */
export interface ExportedCapture {
  readonly file: CaptureFile;
  readonly source: CaptureFile;
  /** Events of the chosen processes and time. */
  readonly events: number;
  /** Events kept besides, so that a reader knows the processes, descriptors and containers of the chosen ones. */
  readonly contextEvents: number;
  /** Events of the whole source. */
  readonly sourceEvents: number;
  /** Lists of machine, interfaces, users, processes and their descriptors; all are kept. */
  readonly headBlocks: number;
  readonly isCut: boolean;
  /** True when the source had another size or time after it was read. */
  readonly sourceChanged: boolean;
  readonly fault?: CaptureFault;
}

const MAX_BYTES = 256 * 1024 * 1024;
const FLAGS = Uint16Array.from(EVENT_TYPES, ({ flags }) => flags);

/** Events of any process that tell who is who: always kept up to the window's end. */
const LIFECYCLE =
  /^(?:clone3?|v?fork|execve(?:at)?|procexit|chdir|fchdir|chroot|setns|unshare|setpgid|setsid|set(?:re|res)?[ug]id|prctl|container|asyncevent|user(?:added|deleted)|group(?:added|deleted)|procinfo|mesos|notification)$/;
const IS_LIFECYCLE = EVENT_TYPES.map(({ name }) => LIFECYCLE.test(name));

/**
 * Writes the events of the chosen processes and time as a capture that Falco reads, blocks as they were recorded, and
 * gives both files with their SHA-256. The name holds the first twelve digits of the file's own. The file appears under its name only when it
 * is whole; nothing is left of one that failed. Fails as queryCapture does, with INVALID_ARGUMENT where no event is chosen,
 * HOME_NOT_WRITABLE or DISK_FULL.
 */
export async function exportCapture(path: string, wishes: ExportWishes): Promise<ExportedCapture> {
  const before = await stat(path).catch(() => undefined);
  const source = await openCapture(path);
  const folder = await makeFolder(wishes.folder);
  try {
    const partial = join(folder, "capture");
    const written = await writeChosen(source.bytes, partial, wishes).catch((cause: unknown) => {
      throw writeError(cause, wishes.folder);
    });
    throwWhereNothingIs(written);
    const { sha256, bytes, ...counts } = written;
    await throwWhereUnreadable(partial);
    const file = { path: join(wishes.folder, `${plainName(path)}-${sha256.slice(0, 12)}.scap`), bytes, sha256 };
    const original = await hashFile(path);
    const after = await stat(path).catch(() => undefined);
    await rename(partial, file.path);
    const sourceChanged = before?.size !== after?.size || before?.mtimeMs !== after?.mtimeMs;
    return { file, source: { path, ...original }, ...counts, sourceChanged };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Written = Omit<ExportedCapture, "file" | "source" | "sourceChanged"> & { sha256: string; bytes: number };

async function writeChosen(source: CaptureBytes, target: string, wishes: ExportWishes): Promise<Written> {
  const out = await open(target, "wx", 0o600);
  try {
    const sink = sinkOf(out);
    const choice = new Choice(captureFilter(wishes));
    const most = wishes.maxBytes ?? MAX_BYTES;
    let isCut = false;
    async function* watched(): CaptureBytes {
      for await (const block of splitBlocks(source)) {
        choice.next(block);
        // The reader has told the choice about the block when it asks for the following one.
        yield block;
        if (!choice.keeps()) continue;
        if (sink.bytes() + block.length > most) {
          isCut = true;
          return;
        }
        await sink.write(block);
        choice.count();
      }
    }
    const summary = await readCapture(
      watched(),
      choice.handler(() => isCut),
      everyPiece(wishes),
    );
    await sink.flush();
    await out.sync();
    // A cut before the first event or after the last one is no fault of the source.
    const fault = isCut ? undefined : summary.fault;
    return { ...choice.counts, sourceEvents: summary.events, isCut, ...(fault ? { fault } : {}), ...sink.digest() };
  } finally {
    await out.close();
  }
}

/** Decides about one block at a time, while the reader tells what stands in it. */
class Choice {
  readonly #state = new CaptureState();
  readonly #book = new ProcessBook(this.#state);
  readonly #filter: CaptureFilter;
  #block: Buffer = Buffer.alloc(0);
  #isHead = false;
  #isTold = false;
  #kept: "chosen" | "context" | undefined;
  readonly counts = { events: 0, contextEvents: 0, headBlocks: 0 };

  constructor(filter: CaptureFilter) {
    this.#filter = filter;
  }

  next(block: Buffer): void {
    this.#block = block;
    this.#isTold = false;
    this.#kept = undefined;
    this.#isHead = block.length >= 8 && BLOCK_TYPES.get(block.readUInt32LE(0))?.kind !== "event";
  }

  keeps(): boolean {
    // Events that no handler is told of are halves of calls that old recorders wrote; they go with their thread.
    if (!this.#isHead && !this.#isTold) this.#judgeUntold();
    return this.#isHead || this.#kept !== undefined;
  }

  count(): void {
    if (this.#isHead) this.counts.headBlocks += 1;
    else if (this.#kept === "chosen") this.counts.events += 1;
    else this.counts.contextEvents += 1;
  }

  handler(isDone: () => boolean) {
    const handler = followCapture(this.#state, () => true);
    return {
      ...handler,
      onEvent: (event: ScapEvent): boolean => {
        const isShown = this.#state.apply(event);
        this.#isTold = true;
        this.#kept = isShown ? this.#judge(event.type, event.timeNs, event.tid) : "context";
        return !isDone();
      },
    };
  }

  #judge(type: number, timeNs: bigint, tid: number): "chosen" | "context" | undefined {
    const { fromNs, toNs } = this.#filter;
    const isChosen = this.#isChosen(tid);
    if (toNs !== undefined && timeNs >= toNs) return undefined;
    const isSince = fromNs === undefined || timeNs >= fromNs;
    if (isChosen && isSince) return "chosen";
    if (IS_LIFECYCLE[type]) return "context";
    return isChosen && ((FLAGS[type] ?? 0) & EventFlag.MODIFIES_STATE) !== 0 ? "context" : undefined;
  }

  #isChosen(tid: number): boolean {
    const thread = this.#state.thread?.tid === tid ? this.#state.thread : this.#state.threads.find(tid);
    const life = thread && this.#book.of(thread);
    if (life && thread && life.name !== thread.comm) this.#book.refresh(life, thread);
    const container = life?.container === undefined ? undefined : this.#state.containers.get(life.container)?.name;
    return this.#filter.takes(life, tid, container);
  }

  #judgeUntold(): void {
    const known = BLOCK_TYPES.get(this.#block.readUInt32LE(0));
    const at = known?.flags ? 14 : 10;
    if (this.#block.length < at + 22) return;
    const type = this.#block.readUInt16LE(at + 20);
    const kept = this.#judge(type, this.#block.readBigUInt64LE(at), Number(this.#block.readBigInt64LE(at + 8)));
    this.#kept = kept === undefined ? undefined : "context";
  }
}

/** Writes in large pieces and keeps the digest of what was written. */
function sinkOf(out: FileHandle) {
  const hash = createHash("sha256");
  let waiting: Buffer[] = [];
  let held = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (held === 0) return;
    const piece = Buffer.concat(waiting);
    waiting = [];
    held = 0;
    hash.update(piece);
    await out.writeFile(piece);
  };
  return {
    bytes: () => bytes,
    async write(block: Buffer): Promise<void> {
      waiting.push(Buffer.from(block));
      held += block.length;
      bytes += block.length;
      if (held >= 1024 * 1024) await flush();
    },
    flush,
    digest: () => ({ sha256: hash.digest("hex"), bytes }),
  };
}

/** Blocks are many and small: progress is told of every thousandth. */
function everyPiece({ signal, onProgress }: ReadCaptureOptions): ReadCaptureOptions {
  let calls = 0;
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined
      ? {}
      : {
          onProgress(progress) {
            calls += 1;
            if (calls % 1_000 === 0) onProgress(progress);
          },
        }),
  };
}

function throwWhereNothingIs({ events, fault, sourceEvents }: Written): void {
  if (fault && sourceEvents === 0) {
    throw new FalcoSkillsError(fault.code, fault.message, { fix: fault.fix, where: fault.where });
  }
  if (events > 0) return;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `none of the capture's ${sourceEvents} events is chosen`, {
    fix: "Choose a process, container or time window that the question process_tree shows.",
  });
}

/** What was written is read back before it gets its name. */
async function throwWhereUnreadable(path: string): Promise<void> {
  const { bytes } = await openCapture(path);
  const { fault } = await readCapture(
    bytes,
    followCapture(new CaptureState(), () => true),
  );
  if (fault) throw new Error(`the exported capture cannot be read: ${fault.code} ${fault.message} at ${fault.where}`);
}

async function makeFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await mkdtemp(join(folder, ".partial-"));
  } catch (cause) {
    throw writeError(cause, folder);
  }
}

function writeError(cause: unknown, folder: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  const shown = JSON.stringify(folder);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new FalcoSkillsError("DISK_FULL", `no room for a capture in ${shown}`, {
      fix: "Free room on the disk that holds home, or choose fewer events.",
      cause,
    });
  }
  if (code === undefined || !["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"].includes(code)) return cause;
  return new FalcoSkillsError("HOME_NOT_WRITABLE", `${shown} cannot be written (${code})`, {
    fix: "Give the user that runs this write permission for the folder, or pass another --home.",
    cause,
  });
}

async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const file = await open(path);
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of file.createReadStream()) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** The source's name as far as it is made of plain characters. */
function plainName(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/, "")
    .replace(/\.scap$/, "")
    .replaceAll(/[^A-Za-z0-9._-]/g, "_")
    .replace(/^[.-]+/, "");
  return name.slice(0, 60) || "capture";
}
