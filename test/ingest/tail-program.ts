import { openQuarantine } from "../../src/ingest/quarantine.ts";
import { tailFile } from "../../src/ingest/tail-file.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";

/** Follows a log into a SQLite store until it is killed, and says when it has begun. */
const [path = "", home = ""] = process.argv.slice(2);
const nowMs = () => Date.now();
const store = await openSqliteStore({ folder: `${home}/alerts`, nowMs });
const quarantine = openQuarantine({ folder: `${home}/quarantine`, nowMs });
const tail = tailFile({
  path,
  store,
  quarantine,
  nowMs,
  pollMs: 3,
  graceMs: 50,
  batchLines: 20,
  onProgress({ lastProblem }) {
    if (lastProblem !== undefined) process.stderr.write(`${JSON.stringify(lastProblem)}\n`);
  },
});
// Also when there is nothing new to read, and so no progress to tell.
const waiting = setInterval(() => {
  if (tail.stats().state === "starting") return;
  clearInterval(waiting);
  process.stdout.write("begun\n");
}, 1);
