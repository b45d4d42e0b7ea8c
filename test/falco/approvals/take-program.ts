import { openApprovals } from "../../../src/falco/approvals/open-approvals.ts";

/** Takes an approval and says how that went: `take-program.ts <folder> <id> <digest>`. */
const [folder = "", id = "", digest = ""] = process.argv.slice(2);
let made = 0;
const newId = () => `${process.pid}x${made++}`;
try {
  await openApprovals({ folder, nowMs: () => Date.parse("2026-11-25T04:00:00Z"), newId }).take(id, digest);
  process.stdout.write("taken\n");
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`);
}
