import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { TOOLS } from "../../src/mcp/tools/index.ts";

const README = resolve(import.meta.dirname, "../../README.md");
const [BEGIN, END] = ["<!-- tools: written by npm run readme -->", "<!-- /tools -->"];

/** The README's table of tools, from the registry: name, what it does to the world, the first sentence about it. */
export function toolTable(): string {
  const rows = TOOLS.map(({ name, effect, toolset, description }) => {
    const [sentence = ""] = /^.*?[.:;](?= |$)/.exec(description) ?? [description];
    return `| \`${name}\` | ${effect} | ${toolset} | ${sentence.replace(/[:;]$/, ".").replaceAll("|", "\\|")} |`;
  });
  return ["| tool | effect | toolset | what it answers |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** What stands between the markers of the README now. */
export function tableInReadme(): string {
  const text = readFileSync(README, "utf8");
  return text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)).trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(README, "utf8");
  const [before, after] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))];
  writeFileSync(README, `${before}${BEGIN}\n${toolTable()}\n${after}`);
}
