import { join } from "node:path";
import type { Alert } from "../../alert/alert.ts";
import { sha256Hex } from "../../alert/alert-id.ts";
import { readAlertLine } from "../../alert/read-alert.ts";
import type { StoredAlert } from "../alert-store.ts";
import { type Part, type PartRow, rowsPart } from "../part.ts";
import type { ColdRows } from "./cold-rows.ts";
import type { ColdFile } from "./manifest.ts";
import { coldDamaged } from "./segment-reader.ts";

/** An archived file that is being read. */
export interface OpenSegment {
  readonly folder: string;
  readonly file: ColdFile;
  readonly rows: ColdRows;
}

interface LazyRow extends PartRow {
  readonly row: number;
  readonly read: () => Alert;
}

/** A part over some rows of an archived file, in order; a line is read when something in it is asked for. */
export function coldPart(segment: OpenSegment, rows: readonly number[], lineOf: (row: number) => Buffer): Part {
  return rowsPart(
    rows.map((row) => lazyRow(segment, row, lineOf)),
    {
      alertOf: ({ row, read }) => storedCold(segment, row, read()),
      isOfRun: ({ row }, runId) => runsOf(segment.rows, row).includes(runId),
    },
  );
}

/** The alert of a row as the store gave it before it was archived. Fails with COLD_DAMAGED. */
export function coldAlert(segment: OpenSegment, row: number, line: Buffer): StoredAlert {
  return storedCold(segment, row, readCold(segment, line));
}

/** Runs that gave the alert of a row, the latest last. */
export function runsOf({ runs, runsOf: codes }: ColdRows, row: number): readonly string[] {
  return runs[codes[row] as number] ?? [];
}

function storedCold({ rows }: OpenSegment, row: number, alert: Alert): StoredAlert {
  const runId = runsOf(rows, row).at(-1);
  return {
    ...alert,
    rawSha256: sha256Hex(alert.raw),
    repeats: rows.repeats[row] as number,
    ...(runId === undefined ? {} : { runId }),
    receivedAtMs: rows.received[row] as number,
    orderNs: rows.times[row] as bigint,
  };
}

function lazyRow(segment: OpenSegment, row: number, lineOf: (row: number) => Buffer): LazyRow {
  const { rows } = segment;
  let alert: Alert | undefined;
  const read = (): Alert => {
    alert ??= readCold(segment, lineOf(row));
    return alert;
  };
  return {
    row,
    read,
    orderNs: rows.times[row] as bigint,
    receivedAtMs: rows.received[row] as number,
    alert: {
      rule: rows.rules[rows.rule[row] as number] ?? "",
      priority: rows.priorities[rows.priority[row] as number] as Alert["priority"],
      get id() {
        return read().id;
      },
      get source() {
        return read().source;
      },
      get hostname() {
        return read().hostname;
      },
      get tags() {
        return read().tags;
      },
      get output() {
        return read().output;
      },
      get fields() {
        return read().fields;
      },
      get raw() {
        return read().raw;
      },
    },
  };
}

function readCold({ folder, file }: OpenSegment, line: Buffer): Alert {
  const read = readAlertLine(line);
  if (read.kind !== "alert") throw coldDamaged(join(folder, file.name), file, "holds a line that is no alert");
  return read.alert;
}
