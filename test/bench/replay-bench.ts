import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { replayCapture } from "../../src/replay/replay-capture.ts";
import { loadRules } from "../../src/rules/load-rules.ts";
import { openCapture } from "../../src/scap/open-capture.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import { followCapture } from "../../src/state/follow-capture.ts";

/**
 * Events a CPU second through the reader, with the state followed, and with rules run on them. Without words: a recorded
 * intrusion again and again, a million events, against rules of the usual shapes. With words: that .scap and those rule files.
 */

const ROUNDS = 150;
const PIECE_BYTES = 65_536;
const EVENT_BLOCK = 0x216;

const SHAPES: readonly ((index: number) => string)[] = [
  (index) => `evt.type in (open, openat, openat2) and fd.typechar = f and fd.name startswith /etc/${index}/`,
  (index) => `evt.type in (execve, execveat) and container.id != host and proc.name in (p${index}, q${index}, nc)`,
  (index) => `evt.type = connect and fd.sip = 192.0.2.${index} and not proc.aname[2] = sshd`,
  (index) => `evt.type in (unlink, unlinkat, rename, renameat2) and fs.path.name pmatch (/var/log/${index}, /home)`,
  (index) => `evt.type in (sendto, sendmsg) and fd.l4proto = udp and fd.sport = ${index + 1024}`,
];

const words = process.argv.slice(2);
const capture = words.find((word) => word.endsWith(".scap"));
const ruleFiles = words.filter((word) => /\.ya?ml$/.test(word));

const { ruleSet } = loadRules(
  ruleFiles.length > 0
    ? ruleFiles.map((name) => ({ name, text: readFileSync(name, "utf8") }))
    : [{ name: "usual.yaml", text: usualRules(100) }],
);

await measure("read", async (bytes) => await readCapture(bytes, followNothing()));
await measure(
  "read and follow",
  async (bytes) =>
    await readCapture(
      bytes,
      followCapture(new CaptureState(), () => true),
    ),
);
await measure(`${ruleSet.rules.length} rules`, async (bytes) => {
  return await replayCapture(bytes, ruleSet, () => undefined, { matching: "first", hostname: "bench" });
});

async function measure(
  what: string,
  run: (bytes: AsyncIterable<Buffer>) => Promise<{ readonly events: number }>,
): Promise<void> {
  const bytes = capture === undefined ? recorded() : (await openCapture(capture)).bytes;
  const started = process.cpuUsage();
  const { events } = await run(bytes);
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1_000_000;
  const perSecond = Math.round(events / seconds);
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    `${what.padEnd(20)} ${events.toLocaleString("en").padStart(12)} events ${seconds.toFixed(2).padStart(7)} CPU s ${perSecond.toLocaleString("en").padStart(12)} a CPU second, peak ${peakMegabytes} MB`,
  );
  console.log(JSON.stringify({ what, events, seconds, perSecond, peakMegabytes }));
}

function usualRules(count: number): string {
  const rules = Array.from({ length: count }, (_, index) => {
    const condition = SHAPES[index % SHAPES.length]?.(index);
    return `- rule: R${index}\n  desc: d\n  condition: ${condition}\n  output: "%evt.args"\n  priority: NOTICE\n`;
  });
  return rules.join("");
}

function followNothing() {
  const nothing = () => undefined;
  return {
    onSection: nothing,
    onMachine: nothing,
    onProcess: nothing,
    onDescriptor: nothing,
    onInterfaces: nothing,
    onUsers: nothing,
    onReady: nothing,
    onEvent: () => true,
  };
}

/** The intrusion's lists once, then its events again and again. */
async function* recorded(): AsyncGenerator<Buffer> {
  const file = join(import.meta.dirname, "../fixtures/captures/web-intrusion.scap");
  const bytes = gunzipSync(readFileSync(file));
  let start = 0;
  while (bytes.readUInt32LE(start) !== EVENT_BLOCK) start += bytes.readUInt32LE(start + 4);
  yield bytes.subarray(0, start);
  for (let round = 0; round < ROUNDS; round++) {
    for (let at = start; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
  }
}
