import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { loadRules } from "../../src/rules/load-rules.ts";

/**
 * Validating rules: warm in one process, as a whole process of what is built beside Node's own start in the same minute, and 10,000 generated rules with the memory they take. Rule files are those in FALCO_RULES (with commas between),
 * else what a folder of official rules holds, else the shipped file and two generated ones. With a Falco command in FALCO
 * (`falco -c falco.yaml`, say) its own validation of the same files is measured too.
 *
 * Ends with 1 where a budget is missed. Times are missed only where both are over: the time its budget, and its ratio the
 * limit. Ratios are taken to work of the same minute, a fixed loop or Node's start, in CPU time: a busy machine stretches
 * both sides, and only slower code moves the ratio. Limits lie a third above what is measured, so that noise does not
 * reach them. Memory depends on no machine: there the budget alone counts.
 */

const ROOT = resolve(import.meta.dirname, "../..");
const MAIN = join(ROOT, "dist/cli/main.js");
const RUNS = 7;
const WARM_RUNS = 30;
const MANY = 10_000;

const SHAPES: readonly ((index: number) => string)[] = [
  (index) => `opened_file and fd.name startswith /etc/${index}/ and not proc.name in (trusted_programs)`,
  (index) => `started_program and container.id != host and proc.name in (p${index}, q${index}, nc)`,
  (index) => `evt.type = connect and fd.sip = 10.0.${index % 250}.7 and not proc.aname[2] = sshd`,
  (index) => `evt.type in (unlink, unlinkat, rename) and fd.name pmatch (/var/log/${index}, /home)`,
];

const SHARED_ITEMS = `- list: trusted_programs
  items: [dpkg, rpm, apt, yum, systemd]
- macro: opened_file
  condition: (evt.type in (open, openat, openat2) and fd.typechar = 'f' and fd.num >= 0)
- macro: started_program
  condition: (evt.type in (execve, execveat) and evt.arg.res = 0)
`;

function generatedRules(count: number, first = 0): string {
  const rules = Array.from({ length: count }, (_, offset) => {
    const index = first + offset;
    const condition = SHAPES[index % SHAPES.length]?.(index);
    return `- rule: Rule ${index}
  desc: generated
  condition: ${condition}
  output: "rule ${index} (user=%user.name command=%proc.cmdline file=%fd.name container=%container.id)"
  priority: WARNING
  tags: [host, container, mitre_execution]
`;
  });
  return (first === 0 ? SHARED_ITEMS : "") + rules.join("");
}

function ruleFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name) && !/^falco\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

function chosenFiles(home: string): { readonly from: string; readonly paths: readonly string[] } {
  const named = (process.env.FALCO_RULES ?? "").split(",").filter((path) => path !== "");
  if (named.length > 0) return { from: "FALCO_RULES", paths: named };
  for (const [from, folder] of [
    ["/etc/falco", "/etc/falco"],
    ["official rules beside the project", join(ROOT, "../shared/rules-official")],
  ] as const) {
    const paths = ruleFilesIn(folder);
    if (paths.length > 0) return { from, paths };
  }
  const shipped = ruleFilesIn(join(ROOT, "skills/performing-cloud-native-forensics-with-falco/rules"));
  const generated = [0, 60].map((first) => {
    const path = join(home, `generated-${first}.yaml`);
    writeFileSync(path, generatedRules(first === 0 ? 60 : 40, first));
    return path;
  });
  return { from: "shipped and generated", paths: [...shipped, ...generated] };
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

interface Times {
  readonly wallMs: number;
  /** User and system time together. */
  readonly cpuMs: number;
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1_000;
}

function timed(work: () => void): Times {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  work();
  return { wallMs: performance.now() - started, cpuMs: sum(process.cpuUsage(cpu)) };
}

/** CPU milliseconds of a fixed piece of work of the kind that loading is: many small objects, texts and maps. */
function fixedLoopMs(): number {
  const loop = () => {
    for (let round = 0; round < 4; round += 1) {
      const kept: object[] = [];
      const counts = new Map<string, number>();
      for (let index = 0; index < 150_000; index += 1) {
        const name = `n${index % 5_000}`;
        kept.push({ kind: "x", span: { start: index, end: index + 1 }, name });
        counts.set(name, (counts.get(name) ?? 0) + name.charCodeAt(1));
      }
    }
  };
  loop();
  return median([1, 2, 3].map(() => timed(loop).cpuMs));
}

/** Of a whole process by bash's clock; a code other than 0 fails the bench. */
async function processTimes(command: string, words: readonly string[]): Promise<Times> {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null 2>&1';
  const child = spawn("bash", ["-c", script, "bash", command, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += String(chunk);
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ${words.join(" ")} ended with ${code}`);
  const [wall = 0, user = 0, system = 0] = said.trim().replaceAll(",", ".").split(" ").map(Number);
  return { wallMs: wall * 1_000, cpuMs: (user + system) * 1_000 };
}

function medianOf(times: readonly Times[]): Times {
  return { wallMs: median(times.map(({ wallMs }) => wallMs)), cpuMs: median(times.map(({ cpuMs }) => cpuMs)) };
}

interface Many extends Times {
  readonly megabytes: number;
  readonly loopMs: number;
}

function validateMany(): Many {
  const text = generatedRules(MANY);
  let loaded = 0;
  const times = timed(() => {
    const { ok, ruleSet } = loadRules([{ name: "many.yaml", text }]);
    loaded = ok ? ruleSet.rules.length : 0;
  });
  if (loaded !== MANY) throw new Error(`${loaded} of ${MANY} rules loaded`);
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1_024);
  return { ...times, megabytes, loopMs: fixedLoopMs() };
}

async function manyInItsOwnProcess(): Promise<Many> {
  const words = ["--import", "tsx", import.meta.filename, "many"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += String(chunk);
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`loading ${MANY} rules ended with ${code}`);
  return JSON.parse(out) as Many;
}

/** Medians of whole processes, run in turn so that each kind sees the same minutes. */
async function wholeProcesses(home: string, paths: readonly string[]) {
  const [falco, ...settings] = (process.env.FALCO ?? "").split(" ").filter((word) => word !== "");
  const [node, ours, theirs]: Times[][] = [[], [], []];
  for (let run = 0; run < RUNS; run += 1) {
    node?.push(await processTimes(process.execPath, ["-e", "0"]));
    ours?.push(await processTimes(process.execPath, [MAIN, "rules", "validate", "--home", home, ...paths]));
    if (falco === undefined) continue;
    theirs?.push(await processTimes(falco, [...settings, ...paths.flatMap((path) => ["-V", path])]));
  }
  return {
    node: medianOf(node ?? []),
    ours: medianOf(ours ?? []),
    ...(falco === undefined ? {} : { falco: medianOf(theirs ?? []) }),
  };
}

interface Row {
  readonly figure: string;
  readonly value: number;
  readonly budget?: number;
  readonly ratio?: number;
  readonly limit?: number;
}

function isMissed({ value, budget, ratio, limit }: Row): boolean {
  const overBudget = budget === undefined || value > budget;
  const overLimit = limit === undefined || (ratio ?? 0) > limit;
  return overBudget && overLimit && (budget !== undefined || limit !== undefined);
}

const tenths = (value: number): number => Number(value.toFixed(1));
const hundredths = (value: number): number => Number(value.toFixed(2));

function warmRow(files: readonly { readonly name: string; readonly text: string }[]): Row[] {
  const runs = Array.from({ length: WARM_RUNS }, () => timed(() => void loadRules(files)));
  const { wallMs, cpuMs } = medianOf(runs.slice(WARM_RUNS >> 1));
  const ratio = hundredths(cpuMs / fixedLoopMs());
  return [
    { figure: "warm, in process, ms", value: tenths(wallMs) },
    { figure: "warm, in process, CPU ms", value: tenths(cpuMs), budget: 60, ratio, limit: 0.18 },
  ];
}

async function manyRows(): Promise<Row[]> {
  const { wallMs, cpuMs, megabytes, loopMs } = await manyInItsOwnProcess();
  return [
    { figure: `${MANY} rules, s`, value: hundredths(wallMs / 1_000) },
    {
      figure: `${MANY} rules, CPU s`,
      value: hundredths(cpuMs / 1_000),
      budget: 2,
      ratio: hundredths(cpuMs / loopMs),
      limit: 6,
    },
    { figure: `${MANY} rules, peak MB`, value: megabytes, budget: 300 },
  ];
}

async function wholeRows(home: string, paths: readonly string[]): Promise<Row[]> {
  const { node, ours, falco } = await wholeProcesses(home, paths);
  const ratio = hundredths(ours.cpuMs / node.cpuMs);
  const rows: Row[] = [
    { figure: "node alone, ms", value: Math.round(node.wallMs) },
    { figure: "node alone, CPU ms", value: Math.round(node.cpuMs) },
    { figure: "whole process, ms", value: Math.round(ours.wallMs) },
    { figure: "whole process, CPU ms", value: Math.round(ours.cpuMs), ratio, limit: WHOLE_LIMIT },
  ];
  if (falco === undefined) return rows;
  const allowed = (times: "wallMs" | "cpuMs"): number => Math.round(2 * falco[times] + node[times]);
  return [
    ...rows,
    { figure: "falco -V, ms", value: Math.round(falco.wallMs) },
    { figure: "falco -V, CPU ms", value: Math.round(falco.cpuMs) },
    {
      figure: "whole process beside 2 x falco -V + node, ms",
      value: Math.round(ours.wallMs),
      budget: allowed("wallMs"),
    },
    { figure: "the same in CPU ms", value: Math.round(ours.cpuMs), budget: allowed("cpuMs") },
  ];
}

/** CPU time of a whole validation in starts of Node. */
const WHOLE_LIMIT = 5.5;

async function measureAll(home: string): Promise<void> {
  const { from, paths } = chosenFiles(home);
  const files = paths.map((name) => ({ name, text: readFileSync(name, "utf8") }));
  const { ruleSet, ok } = loadRules(files);
  const what = `${ruleSet.rules.length} rules in ${files.length} files (${from})`;
  console.log(`${what}${ok ? "" : ", with errors"}`);
  const measured = [...warmRow(files), ...(await wholeRows(home, paths)), ...(await manyRows())];
  const rows = measured.map((row) => ({ ...row, missed: isMissed(row) }));
  console.table(rows);
  console.log(JSON.stringify({ bench: "rules", input: what, ok, load: tenths(loadavg()[0] ?? 0), rows }));
  const missed = rows.filter((row) => row.missed);
  for (const { figure, value, budget } of missed)
    console.error(`missed: ${figure} is ${value}, budget ${budget ?? ""}`);
  if (missed.length > 0) process.exitCode = 1;
}

if (process.argv[2] === "many") console.log(JSON.stringify(validateMany()));
else {
  const home = mkdtempSync(join(tmpdir(), "falco-skills-rules-"));
  try {
    await measureAll(home);
  } finally {
    rmSync(home, { recursive: true });
  }
}
