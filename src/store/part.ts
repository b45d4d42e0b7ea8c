import type { FieldValue } from "../alert/alert.ts";
import type { StoredAlert } from "./alert-store.ts";
import { type Column, finishColumn, setRow, startColumn } from "./column.ts";
import type { ColumnKey } from "./compile-filter.ts";
import { hasWord } from "./words.ts";

/** 1 for each row that is in. */
export type RowMask = Uint8Array;

/** Alerts that are searched together: rows in the order of (orderNs, id), columns over them. */
export interface Part {
  readonly rows: number;
  readonly minNs: bigint;
  readonly maxNs: bigint;
  /** Ascending, one a row. */
  readonly times: () => BigInt64Array;
  readonly idAt: (row: number) => string;
  readonly rowOfId: (id: string) => number | undefined;
  readonly alertAt: (row: number) => StoredAlert;
  /** The line as it came. */
  readonly rawAt: (row: number) => string;
  /** The output alone, for which no whole alert need be read. */
  readonly outputAt: (row: number) => string;
  /** Undefined where no row has the value. */
  readonly column: (key: ColumnKey) => Column | undefined;
  /** Rows whose output has the word, or undefined where none has. */
  readonly rowsWithWord: (word: string) => RowMask | undefined;
  readonly rowsOfRun: (runId: string) => RowMask | undefined;
}

/** What a part in memory holds of an alert. */
export interface PartRow {
  readonly orderNs: bigint;
  readonly alert: Pick<
    StoredAlert,
    "id" | "rule" | "priority" | "source" | "hostname" | "tags" | "output" | "fields" | "raw"
  >;
  readonly receivedAtMs: number;
}

export interface RowsPartSources<Row extends PartRow> {
  readonly alertOf: (row: Row) => StoredAlert;
  readonly isOfRun: (row: Row, runId: string) => boolean;
}

/** The order of alerts everywhere: time, then id. */
export function compareRows(a: PartRow, b: PartRow): number {
  if (a.orderNs !== b.orderNs) return a.orderNs < b.orderNs ? -1 : 1;
  return a.alert.id < b.alert.id ? -1 : a.alert.id > b.alert.id ? 1 : 0;
}

/** A part over alerts in memory, which must be in order. Columns are made when first asked for. */
export function rowsPart<Row extends PartRow>(rows: readonly Row[], sources: RowsPartSources<Row>): Part {
  const columns = new Map<ColumnKey, Column | undefined>();
  let times: BigInt64Array | undefined;
  const at = (row: number): Row => rows[row] as Row;
  return {
    rows: rows.length,
    minNs: rows[0]?.orderNs ?? 0n,
    maxNs: rows.at(-1)?.orderNs ?? 0n,
    times: () => {
      times ??= BigInt64Array.from(rows, (row) => row.orderNs);
      return times;
    },
    idAt: (row) => at(row).alert.id,
    rowOfId: (id) => {
      const row = rows.findIndex(({ alert }) => alert.id === id);
      return row === -1 ? undefined : row;
    },
    alertAt: (row) => sources.alertOf(at(row)),
    rawAt: (row) => at(row).alert.raw,
    outputAt: (row) => at(row).alert.output,
    column: (key) => {
      if (!columns.has(key)) columns.set(key, columnOf(rows, key));
      return columns.get(key);
    },
    rowsWithWord: (word) => maskOf(rows, (row) => hasWord(row.alert.output, word)),
    rowsOfRun: (runId) => maskOf(rows, (row) => sources.isOfRun(row, runId)),
  };
}

/** The text by which a field is compared and grouped; undefined for null, which means that Falco had no value. */
export function fieldText(value: FieldValue | undefined): string | number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string" || typeof value === "number") return value;
  return typeof value === "boolean" ? String(value) : JSON.stringify(value);
}

/** An alert's value in a column, undefined where it has none. */
export function columnText({ alert, receivedAtMs }: PartRow, key: ColumnKey): string | number | undefined {
  switch (key) {
    case "rule":
      return alert.rule;
    case "priority":
      return alert.priority;
    case "source":
      return alert.source === "" ? undefined : alert.source;
    case "hostname":
      return alert.hostname === "" ? undefined : alert.hostname;
    case "tags":
      return alert.tags.length === 0 ? undefined : JSON.stringify(alert.tags);
    case "received":
      return receivedAtMs;
    default: {
      const name = key.slice("field:".length);
      return Object.hasOwn(alert.fields, name) ? fieldText(alert.fields[name]) : undefined;
    }
  }
}

function columnOf(rows: readonly PartRow[], key: ColumnKey): Column | undefined {
  const column = startColumn(rows.length);
  rows.forEach((row, index) => {
    const text = columnText(row, key);
    if (text !== undefined) setRow(column, index, text);
  });
  return column.present === 0 ? undefined : finishColumn(column);
}

function maskOf<Row>(rows: readonly Row[], isIn: (row: Row) => boolean): RowMask | undefined {
  const mask = Uint8Array.from(rows, (row) => (isIn(row) ? 1 : 0));
  return mask.includes(1) ? mask : undefined;
}
