import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `npm run bench` measures everything, `npm run bench -- store audit …` only these, further words going to the last one.
 * Each part is a program of its own, <part>-bench.ts: a table for people, and JSON lines that end up in
 * bench-results.json. Machines are noisy: compare ratios of one run, not milliseconds of two.
 */
const FOLDER = import.meta.dirname;
const parts = readdirSync(FOLDER).flatMap((name) => /^(.*)-bench\.ts$/.exec(name)?.[1] ?? []);
const words = process.argv.slice(2);
const wanted = words.filter((word) => parts.includes(word));
const rest = words.filter((word) => !parts.includes(word));
const results: unknown[] = [];
let failed = false;

for (const part of wanted.length === 0 ? parts : wanted) {
  console.log(`\n== ${part}`);
  failed = (await measure(part)) || failed;
}
writeFileSync(
  "bench-results.json",
  `${JSON.stringify({ node: process.version, at: new Date().toISOString(), results }, null, 2)}\n`,
);
process.exitCode = failed ? 1 : 0;

async function measure(part: string): Promise<boolean> {
  const tsx = fileURLToPath(import.meta.resolve("tsx/cli"));
  const child = spawn(process.execPath, [tsx, join(FOLDER, `${part}-bench.ts`), ...rest], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += String(chunk);
    process.stdout.write(chunk);
  });
  const code = await new Promise((done) => child.once("exit", done));
  for (const line of out.split("\n").filter((text) => text.startsWith("{")))
    results.push({ part, ...JSON.parse(line) });
  return code !== 0;
}
