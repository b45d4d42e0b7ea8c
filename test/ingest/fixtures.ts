import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openQuarantine, type Quarantine } from "../../src/ingest/quarantine.ts";
import { createLineSplitter, type LineReceiver } from "../../src/ingest/split-lines.ts";

export const NOW_MS = Date.UTC(2026, 10, 22, 2, 0, 0);
export const nowMs = () => NOW_MS;

/** A folder of this test alone, removed when it ends. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "falco-skills-ingest-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function quarantineIn(folder: string): Quarantine {
  return openQuarantine({ folder: join(folder, "quarantine"), nowMs });
}

/** The n-th of a series of different alerts, as Falco prints it. */
export function alertLine(n: number, rule = "Shell in container"): string {
  const nanoseconds = String(n).padStart(9, "0");
  return JSON.stringify({
    hostname: "vm",
    output: `01:31:36.${nanoseconds}: Warning ${rule} | n=${n}`,
    output_fields: { "container.id": "3f1c9a7be2d0", "evt.time": 1795311096000000, "proc.name": "bash", "user.uid": n },
    priority: "Warning",
    rule,
    source: "syscall",
    tags: ["container", "shell"],
    time: `2026-11-22T01:31:36.${nanoseconds}Z`,
  });
}

export function alertLines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `${alertLine(from + index)}\n`).join("");
}

export interface Taken {
  readonly lines: string[];
  readonly offsets: number[];
  readonly oversize: { readonly offset: number; readonly lengthBytes: number; readonly sha256: string }[];
}

/** Runs a splitter over chunks and keeps what it hands over. */
export function split(
  chunks: readonly Buffer[],
  maxBytes = 1024,
  create: (receiver: LineReceiver, maxBytes: number) => ReturnType<typeof createLineSplitter> = createLineSplitter,
): Taken {
  const taken: Taken = { lines: [], offsets: [], oversize: [] };
  const splitter = create(
    {
      line({ bytes, offset }) {
        taken.lines.push(bytes.toString("latin1"));
        taken.offsets.push(offset);
      },
      oversize({ offset, lengthBytes, sha256 }) {
        taken.oversize.push({ offset, lengthBytes, sha256 });
      },
    },
    maxBytes,
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return taken;
}

/** Cuts bytes at the given places, wherever those fall. */
export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
