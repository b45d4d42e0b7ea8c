import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { checkCondition } from "../../src/condition/check-condition.ts";
import { parseCondition } from "../../src/condition/parse-condition.ts";
import { parseOutput } from "../../src/condition/parse-output.ts";
import { FalcoSkillsError } from "../../src/errors/falco-skills-error.ts";
import { falcoLoadResults } from "../../src/rules/falco-load-results.ts";
import { loadRules } from "../../src/rules/load-rules.ts";
import { ruleText } from "../rules/rule-texts.ts";

/**
 * Random and broken conditions, outputs and rule files: `fuzz-bench.ts [inputs] [seed] [first]`. Nothing but FalcoSkillsError
 * may be thrown, and nothing may take more than two CPU seconds. Input number n depends on seed and n alone, so that
 * `fuzz-bench.ts 1 <seed> <n>` shows one again. A failure is printed with its smallest text and ends the run with 1.
 */

type Kind = "condition" | "output" | "file";
type Random = (below: number) => number;

const [count = 200_000, seed = 1, first = 0] = process.argv.slice(2).map(Number);
const MOST_CPU_MS = 2_000;
const MOST_CHARACTERS = 1_000_000;
const SHRINK_TRIES = 2_000;
const ROOT = resolve(import.meta.dirname, "../..");

const WORDS =
  "proc.name fd.name evt.type evt.num fd.sip proc.aname[2] evt.arg.flags ka.verb nosuch.field macro_a and or not ( ) , = != < >= in pmatch exists contains icontains regex glob startswith intersects oneof anyof val( tolower( toupper( b64( basename( len( join( [ ] \" ' \\ \\x41 5 -1 0x1 <NA> é 😀 open execve /etc 10.0.0.0/8".split(
    " ",
  );
const PIECES = [
  "%proc.name",
  "%fd.name",
  "%",
  "%%",
  "%evt.arg[0]",
  "%tolower(proc.name)",
  "*",
  "%container.info",
  "\0",
];
const KEYS =
  "rule macro list desc condition output priority source enabled tags exceptions items append override required_engine_version required_plugin_versions warn_evttypes skip-if-unknown-filter capture capture_duration".split(
    " ",
  );
const VALUES = [
  "replace",
  "append",
  "true",
  "[]",
  "{}",
  "[a, [b]]",
  "~",
  "0.31.0",
  "WARNING",
  "&a x",
  "*a",
  "!!binary x",
  "|",
  "{name: json, version: 1}",
];

/** Numbers of one input: a small generator (mulberry32) with its own start. */
function randomOf(number: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

function pick<T>(from: readonly T[], random: Random): T {
  const chosen = from[random(from.length)];
  if (chosen === undefined) throw new Error("nothing to pick from");
  return chosen;
}

function wordsOf(from: readonly string[], random: Random): string {
  const gap = pick(["", " ", " "], random);
  return Array.from({ length: random(30) }, () => pick(from, random)).join(gap);
}

function condition(random: Random): string {
  const checks = Array.from({ length: 1 + random(5) }, () => {
    const field = pick(WORDS.slice(0, 10), random);
    return `${pick(["", "not ", "("], random)}${field} ${pick(["=", "in", "pmatch", "glob", "contains"], random)} ${pick(["a", "(a, b)", "5", "'q'"], random)}`;
  });
  return random(2) === 0 ? wordsOf(WORDS, random) : checks.join(pick([" and ", " or ", ") or "], random));
}

function ruleFile(random: Random): string {
  const items = Array.from({ length: 1 + random(5) }, () => {
    if (random(2) === 0) return ruleText({ condition: condition(random), [pick(KEYS, random)]: pick(VALUES, random) });
    const keys = Array.from({ length: 1 + random(4) }, () => `  ${pick(KEYS, random)}: ${pick(VALUES, random)}`);
    return `- ${pick(KEYS, random)}: ${pick(["a", "b", ...VALUES], random)}\n${keys.join("\n")}\n`;
  });
  return items.join("");
}

const MUTATIONS: readonly ((text: string, random: Random) => string)[] = [
  (text, random) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
    return bytes.toString("utf8");
  },
  (text, random) => {
    const lines = text.split("\n");
    const [a, b] = [random(lines.length), random(lines.length)];
    [lines[a], lines[b]] = [lines[b] ?? "", lines[a] ?? ""];
    return lines.join("\n");
  },
  (text, random) => replaceOne(text, /[a-z_-]+(?=:)/g, pick(KEYS, random), random),
  (text, random) => replaceOne(text, /(?<=: ).*/g, pick(VALUES, random), random),
  (text, random) => replaceOne(text, /[a-z.]+|[=!<>()]+/g, pick(WORDS, random), random),
  (text, random) => {
    const [at, end] = [random(text.length + 1), random(text.length + 1)];
    return text.slice(0, Math.max(at, end)) + text.slice(Math.min(at, end));
  },
  (text, random) => text.slice(0, random(text.length + 1)),
];

function replaceOne(text: string, pattern: RegExp, by: string, random: Random): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: old } = pick(found, random);
  return text.slice(0, index) + by + text.slice(index + old.length);
}

function mutant(corpus: readonly string[], random: Random): string {
  let text = pick(corpus, random);
  for (let round = 1 + random(4); round > 0; round -= 1) text = pick(MUTATIONS, random)(text, random);
  return text.slice(0, MOST_CHARACTERS);
}

function readAll(folder: string, ending: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

function linesOf(folder: string): readonly { condition?: string; files?: { text: string }[] }[] {
  return readAll(folder, /\.jsonl$/).flatMap((text) =>
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  );
}

function seeds(): Record<Kind, readonly string[]> {
  const open = join(ROOT, "../shared/corpus/open");
  const whole = [...readAll(join(ROOT, "skills"), /rules\/.*\.ya?ml$/), ...readAll(join(open, "real"), /\.ya?ml$/)];
  const items = whole.flatMap((text) => text.split(/^(?=- )/m)).filter((text) => text.length < 5_000);
  const small = linesOf(join(open, "mutants")).flatMap(({ files = [] }) => files.map(({ text }) => text));
  const trees = readAll(join(ROOT, "test/condition/corpus"), /\.txt$/);
  return {
    condition: [
      "evt.type = open and (fd.name startswith /etc or not proc.name in (a, b))",
      ...trees.flatMap((text) => text.split("\n").filter((line) => line.includes("="))),
      ...linesOf(join(open, "conditions")).flatMap(({ condition: text }) => text ?? []),
    ],
    output: items.flatMap((text) => /output: *(.*)/.exec(text)?.[1] ?? []),
    // Whole files are slow and say little more than their items: one in a hundred is enough.
    file: [ruleText(), ...items, ...small, ...whole.slice(0, Math.ceil((items.length + small.length) / 100))],
  };
}

function use(kind: Kind, text: string): void {
  if (kind === "output") parseOutput(text, { source: "syscall" });
  else if (kind === "condition") {
    const { node } = parseCondition(text);
    if (node === undefined) return;
    for (const source of ["syscall", "k8s_audit"]) checkCondition(node, { source, all: true });
  } else {
    const files = [{ name: "a.yaml", text }];
    loadRules(files);
    falcoLoadResults(files).describe?.();
  }
}

/** What is wrong with how this text is taken; undefined when nothing is. */
function faultOf(kind: Kind, text: string): string | undefined {
  const cpu = process.cpuUsage();
  try {
    use(kind, text);
  } catch (thrown) {
    if (!(thrown instanceof FalcoSkillsError)) return String(thrown instanceof Error ? thrown.stack : thrown);
  }
  const { user, system } = process.cpuUsage(cpu);
  const ms = (user + system) / 1_000;
  slowestMs = Math.max(slowestMs, ms);
  return ms > MOST_CPU_MS ? "more than two CPU seconds" : undefined;
}

function shrink(kind: Kind, text: string, fault: string): string {
  const [same] = fault.split("\n");
  let [smallest, tries] = [text, 0];
  for (let size = text.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < smallest.length && tries < SHRINK_TRIES; ) {
      const shorter = smallest.slice(0, at) + smallest.slice(at + size);
      tries += 1;
      if (faultOf(kind, shorter)?.split("\n")[0] === same) smallest = shorter;
      else at += size;
    }
  }
  return smallest;
}

const aliases = Array.from({ length: 30 }, (_, index) => `- &a${index + 1} [*a${index}, *a${index}, *a${index}]`);
const BOMBS: Readonly<Record<string, string>> = {
  aliases: `- &a0 [x, x]\n${aliases.join("\n")}\n- list: l\n  items: *a30\n`,
  "flow depth": `- list: l\n  items: ${"[".repeat(100_000)}${"]".repeat(100_000)}\n`,
  "block depth": `${"- ".repeat(100_000)}x\n`,
  "condition depth": ruleText({ condition: `${"(".repeat(100_000)}evt.type = open${")".repeat(100_000)}` }),
  "macro doubling": Array.from(
    { length: 40 },
    (_, index) =>
      `- macro: m${index}\n  condition: ${index === 0 ? "evt.type = open" : `m${index - 1} and m${index - 1}`}\n`,
  )
    .concat(ruleText({ condition: "m39" }))
    .join(""),
  // Falco puts lists into lists one level deep: width is what can grow.
  "list width": `- list: a\n  items: [${"x, ".repeat(3_000)}x]\n- list: b\n  items: [${"a, ".repeat(3_000)}a]\n${ruleText({ condition: "evt.type = open and proc.name in (b)" })}`,
};

/** The code each bomb is refused with; a bomb that loads is a failure. */
function refusals(): Record<string, string> {
  const codes: Record<string, string> = {};
  for (const [name, text] of Object.entries(BOMBS)) {
    const fault = faultOf("file", text);
    if (fault !== undefined) fail("file", name, text, fault);
    codes[name] = refusalOf(text);
    if (codes[name] === "none") fail("file", name, text, "a bomb was loaded");
  }
  return codes;
}

function refusalOf(text: string): string {
  try {
    return (
      loadRules([{ name: "a.yaml", text }]).diagnostics.find(({ severity }) => severity === "error")?.code ?? "none"
    );
  } catch (thrown) {
    if (thrown instanceof FalcoSkillsError) return thrown.code;
    throw thrown;
  }
}

function fail(kind: Kind, number: number | string, text: string, fault: string): void {
  failures += 1;
  process.exitCode = 1;
  console.log(`seed ${seed}, input ${number} (${kind}): ${fault}`);
  if (typeof number === "number") console.log(`smallest text: ${JSON.stringify(shrink(kind, text, fault))}`);
}

let slowestMs = 0;
let failures = 0;
const started = performance.now();
const bombs = refusals();
const corpus = seeds();
const kinds: Record<Kind, number> = { condition: 0, output: 0, file: 0 };
for (let number = first; number < first + count && failures < 20; number += 1) {
  const random = randomOf(number);
  const kind = pick<Kind>(["condition", "condition", "output", "file", "file"], random);
  const fresh = { condition, output: () => wordsOf(PIECES, random), file: ruleFile }[kind];
  const text = random(3) === 0 || corpus[kind].length === 0 ? fresh(random) : mutant(corpus[kind], random);
  const fault = faultOf(kind, text);
  if (fault !== undefined) fail(kind, number, text, fault);
  kinds[kind] += 1;
  if ((number + 1) % 20_000 === 0) console.log(`${number + 1} inputs`);
}
const seconds = Math.round((performance.now() - started) / 1_000);
const row = { seed, first, ...kinds, failures, "slowest CPU ms": Math.round(slowestMs), seconds };
console.table([row]);
console.table([bombs]);
console.log(JSON.stringify({ bench: "fuzz", ...row, bombs }));
