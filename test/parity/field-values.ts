import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/**
 * Field values against Falco's: `tsx field-values.ts <captures folder> <per cent>`. The recording lacks whole groups of
 * fields at nearly all events (evt.num and evt.type among them, which every event has). A field that it holds at less
 * than one in a hundred of the events where we give a value is therefore not scored but named: there, absent does not
 * mean that Falco gave nothing. Conditions and alerts over the same captures are what holds those fields.
 */
const [folder = "", threshold = "99.5"] = process.argv.slice(2);

type Values = Readonly<Record<string, unknown>>;
interface Recorded {
  readonly num: number;
  readonly values: Values;
}

const asked = JSON.parse(readFileSync(join(folder, "fields.json"), "utf8")) as string[];
const captures = readdirSync(folder)
  .filter((name) => existsSync(join(folder, name, "fields.jsonl.gz")))
  .map((name) => ({ name, capture: join(folder, name, `${name}.scap`), recorded: readRecorded(name) }));
const held = new Set(captures.flatMap(({ recorded }) => recorded.flatMap(({ values }) => Object.keys(values))));
const fields = asked.filter((field) => held.has(field));
const scores = new Map(fields.map((field) => [field, { equal: 0, all: 0, recorded: 0 }]));

const answers = await ask();
for (const { name, recorded } of captures) {
  const given = answers.get(name) ?? new Map<number, Values>();
  for (const { num, values } of recorded) count(values, given.get(num) ?? {});
}
const scored = [...scores].filter(([, { all, recorded }]) => recorded * 100 >= all);
const below = scored.filter(([, { equal, all }]) => equal < all);
console.table(below.map(([field, { equal, all }]) => ({ field, values: all, equal, "per cent": percent(equal, all) })));
const total = (key: "all" | "equal") => scored.reduce((sum, [, score]) => sum + score[key], 0);
const whole = `${total("equal")} of ${total("all")} values, ${percent(total("equal"), total("all"))} %`;
console.log(`${scored.length} fields, ${scored.length - below.length} of them equal everywhere: ${whole}`);
const names = new Set(scored.map(([field]) => field));
console.log(`not scored, hardly or never recorded: ${asked.filter((field) => !names.has(field)).join(" ")}`);
process.exitCode = percent(total("equal"), total("all")) >= Number(threshold) ? 0 : 1;

function readRecorded(name: string): Recorded[] {
  const text = gunzipSync(readFileSync(join(folder, name, "fields.jsonl.gz"))).toString("utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Recorded);
}

function count(recorded: Values, given: Values): void {
  for (const field of fields) {
    const [expected, found] = [recorded[field] ?? null, given[field] ?? null];
    if (expected === null && found === null) continue;
    const score = scores.get(field);
    if (score === undefined) continue;
    score.all += 1;
    if (expected !== null) score.recorded += 1;
    if (JSON.stringify(expected) === JSON.stringify(found)) score.equal += 1;
  }
}

async function ask(): Promise<Map<string, Map<number, Values>>> {
  const child = spawn("npm", ["run", "-s", "parity:fields"], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(captures.map(({ name, capture }) => `${JSON.stringify({ id: name, capture, fields })}\n`).join(""));
  const pieces: Buffer[] = [];
  for await (const piece of child.stdout) pieces.push(piece as Buffer);
  const lines = Buffer.concat(pieces).toString("utf8").trim().split("\n");
  return new Map(
    lines.map((line) => {
      const { id, events = [] } = JSON.parse(line) as { id: string; events?: Recorded[] };
      return [id, new Map(events.map(({ num, values }) => [num, values]))];
    }),
  );
}

function percent(part: number, whole: number): number {
  return Number(((100 * part) / Math.max(1, whole)).toFixed(3));
}
