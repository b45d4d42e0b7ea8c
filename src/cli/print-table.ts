import Table from "cli-table3";
import { visible } from "../text/visible.ts";
import { colors, printLine } from "./print.ts";

/**
 * Rows as columns that fit the terminal (80 where there is none): the last column takes what is left and wraps. Cells
 * come from files and alerts: hidden characters are shown, so that no cell can forge a row.
 */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = rows.map((row) => row.map(visible));
  const taken = header
    .slice(0, -1)
    .map((name, at) => Math.max(name.length, ...cells.map((row) => (row[at] ?? "").length)) + 2);
  const room = (process.stdout.columns ?? 80) - taken.reduce((sum, width) => sum + width, 0);
  const widest = Math.max(20, room) - 2;
  const table = new Table({
    head: header.map((name) => colors.dim(name)),
    colWidths: [...taken, widest + 2],
    wordWrap: true,
    // Between words where that works; a digest or a path that is longer than the column is broken, never cut off.
    wrapOnWordBoundary: cells.every((row) => (row.at(-1) ?? "").split(" ").every((word) => word.length <= widest)),
    chars: BORDERLESS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
  });
  table.push(...cells.map((row) => [...row]));
  printLine(table.toString());
}

const BORDERLESS: Partial<Record<Table.CharName, string>> = Object.fromEntries(
  ["top", "bottom", "mid", "left", "right"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat("middle")
    .map((part) => [part, ""]),
);
