import { type FileHandle, open } from "node:fs/promises";
import { isMissing, listSegments, type Segment, type TrailFiles } from "./trail-files.ts";

/** A segment that stays readable while others seal, pack and prune. */
export interface OpenSegment extends Segment {
  readonly file: FileHandle;
}

/** The segments as of one moment, opened; to be closed by the caller. */
export async function openSegments(files: TrailFiles): Promise<OpenSegment[]> {
  for (;;) {
    const before = listSegments(files);
    const opened: OpenSegment[] = [];
    try {
      for (const segment of before) {
        const file = await open(segment.path, "r");
        opened.push({ ...segment, file });
      }
    } catch (error) {
      await closeSegments(opened);
      if (!isMissing(error)) throw error;
      continue;
    }
    if (listSegments(files).length === before.length) return opened;
    await closeSegments(opened);
  }
}

export async function closeSegments(segments: readonly OpenSegment[]): Promise<void> {
  for (const { file } of segments) await file.close();
}
