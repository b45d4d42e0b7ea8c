import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { loadRules } from "../../src/rules/load-rules.ts";

/**
 * Validating rules: warm in one process, as a whole process beside Node's own start in the same minute, and 10,000 generated
 * rules with the memory they take. Rule files are those in FALCO_RULES (with commas between), else what a folder of official
 * rules holds, else the shipped file and two generated ones.
 */

const ROOT = resolve(import.meta.dirname, "../..");
const MAIN = join(ROOT, "dist/cli/main.js");
const RUNS = 11;
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

/** Wall milliseconds of a whole process, and what it wrote; a code other than 0 fails the bench. */
async function processMs(words: readonly string[]): Promise<{ readonly ms: number; readonly out: string }> {
  const started = performance.now();
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += String(chunk);
  });
  const [code] = await once(child, "close");
  const ms = performance.now() - started;
  if (code !== 0) throw new Error(`node ${words.join(" ")} ended with ${code}: ${out}`);
  return { ms, out };
}

function validateMany(): void {
  const text = generatedRules(MANY);
  const started = performance.now();
  const cpu = process.cpuUsage();
  const { ok, ruleSet } = loadRules([{ name: "many.yaml", text }]);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - started) / 1_000;
  const cpuSeconds = (user + system) / 1e6;
  if (!ok || ruleSet.rules.length !== MANY) throw new Error(`${ruleSet.rules.length} of ${MANY} rules loaded`);
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1_024);
  console.log(JSON.stringify({ seconds, cpuSeconds, peakMegabytes }));
}

async function measureAll(home: string): Promise<void> {
  const { from, paths } = chosenFiles(home);
  const files = paths.map((name) => ({ name, text: readFileSync(name, "utf8") }));
  const { ruleSet, ok } = loadRules(files);
  const what = `${ruleSet.rules.length} rules in ${files.length} files (${from})`;
  console.log(`${what}${ok ? "" : ", with errors"}`);

  const warm: number[] = [];
  const warmCpu: number[] = [];
  for (let run = 0; run < WARM_RUNS; run += 1) {
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    loadRules(files);
    warm.push(performance.now() - started);
    const { user, system } = process.cpuUsage(cpu);
    warmCpu.push((user + system) / 1_000);
  }
  const [warmMs, warmCpuMs] = [median(warm.slice(WARM_RUNS >> 1)), median(warmCpu.slice(WARM_RUNS >> 1))];

  const [nodeMs, wholeMs]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    nodeMs.push((await processMs(["-e", "0"])).ms);
    wholeMs.push((await processMs([MAIN, "rules", "validate", "--home", home, ...paths])).ms);
  }
  const [node, whole] = [median(nodeMs), median(wholeMs)];

  const tsx = ["--import", "tsx", import.meta.filename, "many"];
  const many = JSON.parse((await processMs(tsx)).out) as ReturnType<typeof JSON.parse>;
  const rows = [
    { figure: "warm, in process, ms", value: Number(warmMs.toFixed(1)), budget: 60 },
    { figure: "warm, in process, CPU ms", value: Number(warmCpuMs.toFixed(1)), budget: "" },
    { figure: "whole process, ms", value: Math.round(whole), budget: "" },
    { figure: "node alone, ms", value: Math.round(node), budget: "" },
    { figure: "whole process / node", value: Number((whole / node).toFixed(1)), budget: "" },
    { figure: `${MANY} rules, s`, value: Number(many.seconds.toFixed(2)), budget: 2 },
    { figure: `${MANY} rules, CPU s`, value: Number(many.cpuSeconds.toFixed(2)), budget: "" },
    { figure: `${MANY} rules, peak MB`, value: many.peakMegabytes, budget: 300 },
  ];
  console.table(rows);
  console.log(JSON.stringify({ bench: "rules", input: what, ok, rows }));
}

if (process.argv[2] === "many") validateMany();
else {
  const home = mkdtempSync(join(tmpdir(), "falco-skills-rules-"));
  try {
    await measureAll(home);
  } finally {
    rmSync(home, { recursive: true });
  }
}
