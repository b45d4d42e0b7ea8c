import { splitTexts } from "../event/read-param.ts";
import { type CgroupContainer, containerOf } from "./container-id.ts";

/** The cgroups of a thread: controller and path, in the order of the kernel. */
export interface CgroupSet {
  readonly entries: readonly (readonly [controller: string, path: string])[];
  /** The container that the paths name; undefined for the host. */
  readonly container: CgroupContainer | undefined;
}

/** Names that controllers have had in captures, and those that are used today. */
const RENAMED: Readonly<Record<string, string>> = { perf: "perf_event", mem: "memory", io: "blkio" };

/** Cgroup sets are few and shared by many threads, so each is parsed once; forged captures cannot fill it without end. */
const MAX_KNOWN = 10_000;

/** Parses cgroup lists, giving the same object for the same bytes. */
export class CgroupSets {
  readonly #known = new Map<string, CgroupSet | undefined>();

  /** The set that `bytes` (`controller=path` texts, NUL-separated) stands for; undefined where one is malformed. */
  parse(bytes: Buffer, start: number, end: number): CgroupSet | undefined {
    const key = bytes.toString("latin1", start, end);
    const known = this.#known.get(key);
    if (known || this.#known.has(key)) return known;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const made = parseSet(splitTexts(bytes, start, end));
    this.#known.set(key, made);
    return made;
  }
}

function parseSet(texts: readonly string[]): CgroupSet | undefined {
  const entries: [string, string][] = [];
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 0) return undefined;
    const controller = text.slice(0, at).replace("_cgroup", "");
    entries.push([RENAMED[controller] ?? controller, text.slice(at + 1)]);
  }
  return { entries, container: firstContainer(entries) };
}

function firstContainer(entries: readonly (readonly [string, string])[]): CgroupContainer | undefined {
  for (const [, path] of entries) {
    const container = path === "" ? undefined : containerOf(path);
    if (container && container.id !== "") return container;
  }
  return undefined;
}
