import { open } from "node:fs/promises";
import { MAX_LINE_BYTES, readAlertLine } from "../../alert/read-alert.ts";
import { createLineSplitter } from "../../ingest/split-lines.ts";
import type { EvidenceCounts } from "./evidence-manifest.ts";

/** Rule names are an attacker's to choose: beyond this many they are counted together. */
const MOST_RULES = 200;

/**
 * What the lines of an alert file are: read, parsed, rejected, by rule and by priority. Blank lines and Falco's own
 * statistics are no alerts and are not read as such. Undefined for a file that is packed or larger than `maxBytes`.
 */
export async function countAlertFile(path: string, maxBytes: number): Promise<EvidenceCounts | undefined> {
  if (path.endsWith(".gz")) return undefined;
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.size > maxBytes) return undefined;
    const tally = {
      read: 0,
      parsed: 0,
      rejected: 0,
      byRule: new Map<string, number>(),
      byPriority: new Map<string, number>(),
    };
    const splitter = createLineSplitter(
      {
        line({ bytes }) {
          const line = readAlertLine(bytes);
          if (line.kind === "ignored") return;
          tally.read += 1;
          if (line.kind === "rejected") {
            tally.rejected += 1;
            return;
          }
          tally.parsed += 1;
          const { rule, priority } = line.alert;
          const key = rule.slice(0, 200).replace(/\p{Cs}/gu, "\ufffd");
          add(tally.byRule, tally.byRule.size < MOST_RULES || tally.byRule.has(key) ? key : "(further rules)");
          add(tally.byPriority, priority);
        },
        oversize() {
          tally.read += 1;
          tally.rejected += 1;
        },
      },
      MAX_LINE_BYTES,
    );
    for await (const chunk of file.createReadStream({ autoClose: false })) splitter.push(chunk as Buffer);
    splitter.end();
    const { read, parsed, rejected, byRule, byPriority } = tally;
    return { read, parsed, rejected, by_rule: Object.fromEntries(byRule), by_priority: Object.fromEntries(byPriority) };
  } finally {
    await file.close();
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
