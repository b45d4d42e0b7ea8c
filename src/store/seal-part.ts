import { deflateSync } from "node:zlib";
import type { Alert } from "../alert/alert.ts";
import { type ColumnBuilder, encodeColumn, setRow, startColumn } from "./column.ts";
import type { ColumnKey } from "./compile-filter.ts";
import { columnText, compareRows, fieldText, type PartRow } from "./part.ts";
import type { Database, Statement } from "./sqlite-driver.ts";
import { addWords, encodeWords, WORD_BUCKETS, type WordTable } from "./word-index.ts";

/** Alerts of a part. More make searches read fewer pieces, and the tail, which is searched in memory, longer. */
export const MAX_PART_ROWS = 2048;
/** A part is sealed early when its lines are this long together, so that memory stays bounded. */
export const PART_BYTES = 16 * 1024 * 1024;
/** Lines compressed together: more pack better, fewer are read faster. */
export const BLOCK_ROWS = 64;
/** Stands between the lines of a block; valid JSON never holds it. */
export const LINE_SEPARATOR = "\0";

/** Where a part's pieces lie: k of col is part * COLUMN_SPAN + field, and so on. */
export const COLUMN_SPAN = 2 ** 24;
export const BLOCK_SPAN = 64;
export const WORD_SPAN = WORD_BUCKETS;
/** Columns that are no dictionary: the times as 64-bit integers, the ids as 16 bytes each. */
export const TIME_COLUMN = "ns";
export const ID_COLUMN = "id";

const OWN_KEYS: readonly ColumnKey[] = ["rule", "priority", "source", "hostname", "tags", "received"];

export interface SealedRow extends PartRow {
  readonly alert: Alert;
}

/** Writes alerts as a part that never changes again, inside the caller's transaction. */
export type SealPart = (rows: readonly SealedRow[]) => void;

export function prepareSeal(db: Database): SealPart {
  const insertPart = db.prepare("insert into part(rows, min_ns, max_ns) values (?, ?, ?)");
  const insertBlock = db.prepare("insert into block(k, z) values (?, ?)");
  const insertWord = db.prepare("insert into word(k, data) values (?, ?)");
  const insertColumn = db.prepare("insert into col(k, present, data) values (?, ?, ?)");
  const fieldId = prepareFieldIds(db);

  return (unordered) => {
    const rows = [...unordered].sort(compareRows);
    const minNs = rows[0]?.orderNs ?? 0n;
    const part = Number(insertPart.run(rows.length, minNs, rows.at(-1)?.orderNs ?? 0n).lastInsertRowid);
    for (let start = 0; start < rows.length; start += BLOCK_ROWS) {
      insertBlock.run(part * BLOCK_SPAN + start / BLOCK_ROWS, packLines(rows.slice(start, start + BLOCK_ROWS)));
    }
    const { columns, words } = gather(rows);
    for (const [bucket, data] of encodeWords(words, rows.length)) insertWord.run(part * WORD_SPAN + bucket, data);
    insertColumn.run(part * COLUMN_SPAN + fieldId(TIME_COLUMN), rows.length, packTimes(rows));
    insertColumn.run(part * COLUMN_SPAN + fieldId(ID_COLUMN), rows.length, packIds(rows));
    for (const [key, column] of columns) {
      const id = fieldId(key);
      // A field that is null throughout has a name to filter by but no column.
      if (column.present > 0) insertColumn.run(part * COLUMN_SPAN + id, column.present, encodeColumn(column));
    }
  };
}

function prepareFieldIds(db: Database): (name: string) => number {
  const select = db.prepare("select id from field where name = ?");
  const insert: Statement = db.prepare("insert into field(name) values (?)");
  return (name) => Number(select.get(name)?.id ?? insert.run(name).lastInsertRowid);
}

function gather(rows: readonly SealedRow[]): { columns: Map<ColumnKey, ColumnBuilder>; words: WordTable } {
  const columns = new Map<ColumnKey, ColumnBuilder>(OWN_KEYS.map((key) => [key, startColumn(rows.length)]));
  const fields = new Map<string, ColumnBuilder>();
  const words: WordTable = new Map();
  rows.forEach((row, index) => {
    for (const key of OWN_KEYS) set(columns.get(key), index, columnText(row, key));
    for (const name in row.alert.fields) {
      let column = fields.get(name);
      if (column === undefined) {
        column = startColumn(rows.length);
        fields.set(name, column);
      }
      set(column, index, fieldText(row.alert.fields[name]));
    }
    addWords(words, index, row.alert.output);
  });
  for (const [name, column] of fields) columns.set(`field:${name}`, column);
  return { columns, words };
}

function set(column: ColumnBuilder | undefined, row: number, value: string | number | undefined): void {
  if (column !== undefined && value !== undefined) setRow(column, row, value);
}

function packLines(rows: readonly SealedRow[]): Uint8Array {
  return deflateSync(rows.map(({ alert }) => alert.raw).join(LINE_SEPARATOR), { level: 3 });
}

function packTimes(rows: readonly SealedRow[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(rows, ({ orderNs }) => orderNs).buffer);
}

function packIds(rows: readonly SealedRow[]): Uint8Array {
  return Buffer.from(rows.map(({ alert }) => alert.id).join(""), "hex");
}
