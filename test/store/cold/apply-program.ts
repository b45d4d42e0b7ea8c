import { applyRetention } from "../../../src/store/cold/apply-retention.ts";
import { NOW_MS, SPAN } from "./archived-store.ts";

/** Applies retention to the store in a folder and says what it is doing, so that a test can end it anywhere. */
const [folder = ""] = process.argv.slice(2);
process.stdout.write("started\n");
const report = await applyRetention({
  folder,
  span: SPAN,
  setting: "cloud-gov",
  nowMs: NOW_MS,
  onProgress: ({ month, doing, alerts }) => process.stdout.write(`${doing} ${month} ${alerts}\n`),
});
process.stdout.write(`${JSON.stringify(report)}\n`);
