import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describeError } from "../../src/errors/describe-error.ts";
import { runRules } from "../../src/replay/runs/run-rules.ts";
import { loadRules } from "../../src/rules/load-rules.ts";

/**
 * `damage-bench.ts [places] [capture…]`: every capture cut at that many places (200) and with one bit of that many bytes
 * turned, half of them in the packed file and half in what it unpacks to. A run may end with a fault that has a code, and
 * never otherwise; the alerts of a cut capture are the first of the whole one's. Captures are those beside the project,
 * else the shipped ones. In memory it is many times as fast: TMPDIR=/dev/shm. Ends with 1 where one of it does not hold.
 */
const ROOT = resolve(import.meta.dirname, "../..");
const SKILL = "skills/performing-cloud-native-forensics-with-falco";
const BESIDE = join(ROOT, "../shared");
/** A run over damaged bytes takes no longer than this times the run over the whole ones, and a start. */
const SLOWEST = { times: 5, ms: 10_000 };

const [places = "200", ...names] = process.argv.slice(2);

function rules() {
  const folder = existsSync(BESIDE) ? join(BESIDE, "rules-official") : join(ROOT, SKILL, "rules");
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return loadRules(files.sort().map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }))).ruleSet;
}

function capturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".scap") && (names.length === 0 || names.some((name) => path.includes(name))))
    .map((path) => join(folder, path))
    .sort();
}

/** The same places on every machine: a small linear congruential sequence. */
function samePlaces(): (below: number) => number {
  let seed = 20_261_125;
  return (below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed % below;
  };
}

const ruleSet = rules();
const work = mkdtempSync(join(tmpdir(), "falco-skills-damage-"));
const damaged = join(work, "damaged.scap");
const pick = samePlaces();

async function alertsOf(path: string): Promise<{ alerts: string[]; fault: string | undefined; ms: number }> {
  const alerts: string[] = [];
  const started = performance.now();
  const run = (): ReturnType<typeof runRules> =>
    runRules({ kind: "capture", path }, ruleSet, ({ line }) => void alerts.push(line), {
      matching: "first",
      hostname: "bench",
    });
  const fault = await run().then(
    (outcome) => outcome.fault?.code,
    (thrown: unknown) => describeError(thrown).code,
  );
  return { alerts, fault, ms: performance.now() - started };
}

interface Row {
  readonly capture: string;
  runs: number;
  told: number;
  wrong: number;
  slowestMs: number;
  peakMb: number;
}

/** Where one block ends and the next begins: a capture that ends there is whole for all that anyone can tell. */
function blockEnds(unpacked: Buffer): Set<number> {
  const ends = new Set<number>();
  for (let at = 0; at + 8 <= unpacked.length; ) {
    at += unpacked.readUInt32LE(at + 4);
    ends.add(at);
  }
  return ends;
}

/** What is wrong with a run over damaged bytes, in words; undefined for nothing. */
function wrongWith(
  how: "cut" | "turned",
  whole: Awaited<ReturnType<typeof alertsOf>>,
  { alerts, fault, ms }: Awaited<ReturnType<typeof alertsOf>>,
  mayBeWhole: boolean,
): string | undefined {
  if (fault === "INTERNAL") return "it ended without a code";
  if (ms > whole.ms * SLOWEST.times + SLOWEST.ms) return `it took ${Math.round(ms)} ms`;
  if (how === "turned") return undefined;
  if (fault === undefined && !mayBeWhole) return "the cut was not told";
  return alerts.every((line, at) => line === whole.alerts[at]) ? undefined : "alerts differ from before the cut";
}

async function damage(path: string): Promise<Row> {
  const packed = readFileSync(path);
  const whole = await alertsOf(path);
  const unpacked = gunzipSync(packed);
  const ends = blockEnds(unpacked);
  const row: Row = { capture: path.split("/").at(-1) ?? path, runs: 0, told: 0, wrong: 0, slowestMs: 0, peakMb: 0 };
  for (const bytes of [packed, unpacked]) {
    for (const how of ["cut", "turned"] as const) {
      for (let place = 0; place < Number(places) / 2; place += 1) {
        const at = pick(bytes.length);
        const copy = how === "cut" ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (how === "turned") copy[at] = (copy[at] ?? 0) ^ (1 << pick(8));
        writeFileSync(damaged, copy);
        const run = await alertsOf(damaged);
        const wrong = wrongWith(how, whole, run, bytes === unpacked && ends.has(at));
        row.runs += 1;
        if (run.fault !== undefined) row.told += 1;
        if (wrong !== undefined) {
          row.wrong += 1;
          console.error(`${row.capture} ${how} at ${at} of ${bytes.length}: ${wrong}`);
        }
        row.slowestMs = Math.max(row.slowestMs, Math.round(run.ms));
      }
    }
  }
  row.peakMb = Math.round(process.resourceUsage().maxRSS / 1_024);
  return row;
}

try {
  const folder = existsSync(BESIDE) ? join(BESIDE, "captures") : join(ROOT, "test/fixtures");
  const rows: Row[] = [];
  for (const path of capturesIn(folder)) rows.push(await damage(path));
  console.table(rows);
  console.log(JSON.stringify({ bench: "damage", places: Number(places), rows }));
  if (rows.length === 0 || rows.some(({ wrong }) => wrong > 0)) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true });
}
