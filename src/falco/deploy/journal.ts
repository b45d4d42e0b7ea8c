import { join } from "node:path";
import { z } from "zod";
import type { DeploymentEnd, JournalLine } from "./deployment.ts";
import { appendDurably, readPlain } from "./durable-files.ts";
import * as wrong from "./errors.ts";

const MAX_JOURNAL_BYTES = 4 * 1024 * 1024;
const ENDS: readonly string[] = ["confirmed", "unconfirmed", "rolled-back", "failed"] satisfies DeploymentEnd[];
const LINE = z.object({
  at: z.iso.datetime(),
  step: z.enum([
    "approved",
    "validated",
    "backed-up",
    "switching",
    "written",
    "reloaded",
    "rolling-back",
    "restored",
    "confirmed",
    "unconfirmed",
    "rolled-back",
    "failed",
  ]),
  note: z.string().optional(),
});

const pathOf = (home: string, id: string): string => join(home, id, "journal.jsonl");

/** Writes down a step and comes back when the disk has it. Fails with HOME_NOT_WRITABLE or DISK_FULL. */
export function appendStep(home: string, id: string, line: JournalLine): void {
  const path = pathOf(home, id);
  try {
    // A line that a crash cut off must not swallow the next one; an empty line says nothing.
    appendDurably(path, `\n${JSON.stringify(line)}\n`);
  } catch (error) {
    throw wrong.homeNotWritten(path, error);
  }
}

/** The steps taken so far; a line that was cut off by a crash is left out. Fails with DEPLOY_DAMAGED. */
export function readJournal(home: string, id: string): JournalLine[] {
  const file = readPlain(pathOf(home, id), MAX_JOURNAL_BYTES);
  if (file === undefined) return [];
  if (file === "special") throw wrong.damaged(id, "its journal is no plain file or too large");
  return file.bytes
    .toString("utf8")
    .split("\n")
    .flatMap((text) => {
      const line = LINE.safeParse(fromJson(text)).data;
      return line === undefined ? [] : [{ at: line.at, step: line.step, ...(line.note && { note: line.note }) }];
    });
}

/** How a deployment ended; undefined while it has not. */
export function endOf(journal: readonly JournalLine[]): DeploymentEnd | undefined {
  const step = journal.at(-1)?.step;
  return step !== undefined && ENDS.includes(step) ? (step as DeploymentEnd) : undefined;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
