import { parseCheckpoint } from "./checkpoint.ts";
import { unreadableHead } from "./errors.ts";

/** A head of some trail that was kept outside its folder. */
export interface KnownHead {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Id of the trail, where the source says it. */
  readonly log?: string;
}

const HEX_ROOT = /^[0-9a-f]{64}$/;
const MAX_HEADS = 100_000;

/**
 * The heads in a text: C2SP checkpoints, lines of size and root, receipts as JSON anywhere in it (a host's transcript,
 * escaped or not). `source` names the text in the error. Fails with AUDIT_HEAD_UNREADABLE when there is none.
 */
export function readKnownHeads(text: string, source: string): KnownHead[] {
  const heads = [...headsInLines(text), ...headsInReceipts(text)].slice(0, MAX_HEADS);
  if (heads.length === 0) throw unreadableHead(JSON.stringify(source));
  return heads;
}

function headsInLines(text: string): KnownHead[] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index) => {
    const [, size, root] = /^(\d{1,15})\s+([0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/.exec(line.trim()) ?? [];
    if (size !== undefined && root !== undefined) return [{ size: Number(size), root: asHex(root) }];
    const head = line.startsWith("falco-skills/")
      ? parseCheckpoint(`${lines.slice(index, index + 3).join("\n")}\n`)
      : undefined;
    if (head === undefined) return [];
    return [{ size: head.size, root: head.root.toString("hex"), log: head.origin.slice("falco-skills/".length) }];
  });
}

function headsInReceipts(text: string): KnownHead[] {
  const plain = text.includes('\\"') ? text.replaceAll("\\", "") : text;
  return [...plain.matchAll(/\{[^{}]{20,1000}\}/g)].flatMap(([object]) => {
    try {
      const { log, size, root, leaf } = JSON.parse(object);
      if (!Number.isSafeInteger(size) || size < 1 || !HEX_ROOT.test(root) || !HEX_ROOT.test(leaf)) return [];
      return [typeof log === "string" ? { size, root, log } : { size, root }];
    } catch {
      return [];
    }
  });
}

function asHex(root: string): string {
  return HEX_ROOT.test(root) ? root : Buffer.from(root, "base64").toString("hex");
}
