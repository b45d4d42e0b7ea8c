import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { generateAlertLines } from "../support/alert-generator.ts";
import { newAlert, RECEIVED_MS } from "./alert-store.suite.ts";

/** Adds generated alerts from `first` to before `last` in batches, and says after each how far it got. */
const [folder = "", first = "0", last = "0", batch = "100", partRows = "64"] = process.argv.slice(2);
const store = await openSqliteStore({ folder, partRows: Number(partRows), nowMs: () => RECEIVED_MS });
const lines = [...generateAlertLines(Number(last))];
for (let at = Number(first); at < lines.length; at += Number(batch)) {
  const end = Math.min(lines.length, at + Number(batch));
  await store.add(
    lines.slice(at, end).map((line) => newAlert(line)),
    { source: `program:${first}`, state: String(end) },
  );
  process.stdout.write(`${end}\n`);
}
await store.close();
