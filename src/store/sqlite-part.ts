import { inflateSync } from "node:zlib";
import type { Alert } from "../alert/alert.ts";
import { sha256Hex } from "../alert/alert-id.ts";
import { readAlertLine } from "../alert/read-alert.ts";
import type { StoredAlert } from "./alert-store.ts";
import type { ByteCache } from "./byte-cache.ts";
import { alignBytes, type Column, decodeColumn } from "./column.ts";
import type { ColumnKey } from "./compile-filter.ts";
import type { Part, RowMask } from "./part.ts";
import { BLOCK_ROWS, BLOCK_SPAN, COLUMN_SPAN, ID_COLUMN, LINE_SEPARATOR, TIME_COLUMN, WORD_SPAN } from "./seal-part.ts";
import { firstRowAt } from "./select-rows.ts";
import type { Database, SqlRow, Statement } from "./sqlite-driver.ts";
import { damaged, onFile } from "./sqlite-errors.ts";
import { lookUpWord, wordBucket } from "./word-index.ts";

/** A block holds at most 64 lines of 1 MiB; more is no block of ours. */
const MAX_BLOCK_BYTES = 65 * 1024 * 1024;

export interface PartPlace {
  readonly k: number;
  readonly rows: number;
  readonly minNs: bigint;
  readonly maxNs: bigint;
}

/** What the parts of one file share: its path for errors and its prepared reads. */
export interface PartReader {
  readonly path: string;
  readonly readFieldId: (key: string) => number | undefined;
  readonly readColumn: (k: number) => Uint8Array | undefined;
  readonly readWords: (k: number) => Uint8Array | undefined;
  readonly readBlock: (k: number) => Uint8Array | undefined;
  /** Repeats and run of an alert. */
  readonly readSeen: (ns: bigint, id: string) => { readonly repeats: number; readonly runId?: string };
  /** Alerts of a run between two times, inclusive, in order. */
  readonly readRun: (
    runId: string,
    fromNs: bigint,
    toNs: bigint,
  ) => readonly { readonly ns: bigint; readonly id: string }[];
}

export function preparePartReader(db: Database, path: string, cache: ByteCache): PartReader {
  const fieldIds = new Map<string, number>();
  const field = db.prepare("select id from field where name = ?");
  const column = db.prepare("select data as bytes from col where k = ?");
  const words = db.prepare("select data as bytes from word where k = ?");
  const block = db.prepare("select z as bytes from block where k = ?");
  const seen = db.prepare(
    "select repeats, (select name from run where run.id = seen.run) as run from seen where ns = ? and id = ?",
  );
  const run = db.prepare(`select ns, id from run_alert
    where run = (select id from run where name = ?) and ns between ? and ? order by ns, id`);
  run.setReadBigInts(true);
  return {
    path,
    readFieldId: (key) => {
      const id = fieldIds.get(key) ?? onFile(path, () => numberOf(field.get(key), "id"));
      // Ids are given once and for all; a name without one may get one later.
      if (id !== undefined) fieldIds.set(key, id);
      return id;
    },
    readColumn: (k) => cache.get(`c${k}`, () => onFile(path, () => bytesOf(column, k))),
    readWords: (k) => cache.get(`w${k}`, () => onFile(path, () => bytesOf(words, k))),
    readBlock: (k) => onFile(path, () => bytesOf(block, k)),
    readSeen: (ns, id) => {
      const row = onFile(path, () => seen.get(ns, Buffer.from(id, "hex")));
      const name = row?.run;
      return { repeats: numberOf(row, "repeats") ?? 1, ...(typeof name === "string" ? { runId: name } : {}) };
    },
    readRun: (runId, fromNs, toNs) =>
      onFile(path, () => run.all(runId, fromNs, toNs)).map((row) => ({
        ns: row.ns as bigint,
        id: hexOf(row.id as Uint8Array),
      })),
  };
}

/** A sealed part, read piece by piece as a search asks for it. Fails with STORE_DAMAGED where a piece cannot be right. */
export function sqlitePart(place: PartPlace, reader: PartReader): Part {
  const { k, rows, minNs, maxNs } = place;
  const need = (what: string, bytes: Uint8Array | undefined, length?: number): Uint8Array => {
    if (bytes !== undefined && (length === undefined || bytes.length === length)) return bytes;
    throw damaged(reader.path, `part ${k} has no ${what}`);
  };
  const readKey = (key: string): Uint8Array | undefined => {
    const id = reader.readFieldId(key);
    return id === undefined ? undefined : reader.readColumn(k * COLUMN_SPAN + id);
  };
  const times = (): BigInt64Array => {
    const bytes = alignBytes(need("times", readKey(TIME_COLUMN), rows * 8), 8);
    return new BigInt64Array(bytes.buffer, bytes.byteOffset, rows);
  };
  const ids = (): Uint8Array => need("ids", readKey(ID_COLUMN), rows * 16);
  const column = (key: ColumnKey): Column | undefined => {
    const bytes = readKey(key);
    return bytes === undefined ? undefined : checkedColumn(bytes, rows, reader.path);
  };
  const lines = keepLast((block: number) => {
    const packed = need(`block ${block}`, reader.readBlock(k * BLOCK_SPAN + block));
    return undamaged(reader.path, () =>
      inflateSync(packed, { maxOutputLength: MAX_BLOCK_BYTES }).toString().split(LINE_SEPARATOR),
    );
  });
  const rawAt = (row: number): string => {
    const line = lines(Math.floor(row / BLOCK_ROWS))[row % BLOCK_ROWS];
    if (line === undefined) throw damaged(reader.path, `part ${k} has no line ${row}`);
    return line;
  };
  const held = { times: keepLast(times), ids: keepLast(ids) };
  return {
    rows,
    minNs,
    maxNs,
    times: () => held.times(0),
    idAt: (row) => hexOf(held.ids(0).subarray(row * 16, row * 16 + 16)),
    rowOfId: (id) => findId(ids(), id),
    column,
    rowsWithWord: (word) => {
      const bucket = reader.readWords(k * WORD_SPAN + wordBucket(word));
      return bucket === undefined ? undefined : undamaged(reader.path, () => lookUpWord(bucket, word, rows));
    },
    rowsOfRun: (runId) => maskOfRun(reader.readRun(runId, minNs, maxNs), times(), ids()),
    rawAt,
    outputAt: (row) => {
      const { output } = undamaged(reader.path, () => JSON.parse(rawAt(row)) as { readonly output?: unknown });
      return typeof output === "string" ? output : "";
    },
    alertAt: (row) => {
      const received = column("received");
      const code = received?.codes === undefined ? 1 : received.codes[row];
      return storedAlert(readStored(rawAt(row), reader.path), {
        orderNs: times()[row] as bigint,
        receivedAtMs: Number(received?.texts()[(code ?? 1) - 1] ?? 0),
        reader,
      });
    },
  };
}

/** The alert in a line that the store holds; a line that is none any more means damage. */
export function readStored(line: string, path: string): Alert {
  const read = readAlertLine(line);
  if (read.kind !== "alert") throw damaged(path, "a stored line is no alert");
  return read.alert;
}

export function storedAlert(
  alert: Alert,
  { orderNs, receivedAtMs, reader }: { orderNs: bigint; receivedAtMs: number; reader: PartReader },
): StoredAlert {
  return { ...alert, rawSha256: sha256Hex(alert.raw), ...reader.readSeen(orderNs, alert.id), receivedAtMs, orderNs };
}

function checkedColumn(bytes: Uint8Array, rows: number, path: string): Column {
  const column = undamaged(path, () => decodeColumn(bytes, rows));
  return { ...column, texts: () => undamaged(path, column.texts) };
}

function undamaged<Result>(path: string, decode: () => Result): Result {
  try {
    return decode();
  } catch (cause) {
    throw damaged(path, "its bytes do not decode", cause);
  }
}

function findId(ids: Uint8Array, id: string): number | undefined {
  const bytes = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
  const wanted = Buffer.from(id, "hex");
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) {
    if (at % 16 === 0) return at / 16;
  }
  return undefined;
}

function maskOfRun(
  alerts: readonly { readonly ns: bigint; readonly id: string }[],
  times: BigInt64Array,
  ids: Uint8Array,
): RowMask | undefined {
  const mask = new Uint8Array(times.length);
  for (const { ns, id } of alerts) {
    for (let row = firstRowAt(times, ns); times[row] === ns; row++) {
      if (hexOf(ids.subarray(row * 16, row * 16 + 16)) === id) mask[row] = 1;
    }
  }
  return mask.includes(1) ? mask : undefined;
}

/** The function with its last answer kept: rows are asked for one after the other. */
function keepLast<Result>(read: (key: number) => Result): (key: number) => Result {
  let last: { readonly key: number; readonly result: Result } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, result: read(key) };
    return last.result;
  };
}

function bytesOf(statement: Statement, k: number): Uint8Array | undefined {
  const bytes = statement.get(k)?.bytes;
  return bytes instanceof Uint8Array ? bytes : undefined;
}

function numberOf(row: SqlRow | undefined, name: string): number | undefined {
  const value = row?.[name];
  return value === undefined || value === null ? undefined : Number(value);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
