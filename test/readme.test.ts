import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { expect, test } from "vitest";
import { MAIN } from "./support/connect.ts";
import { tableInReadme, toolTable } from "./support/tool-table.ts";

const ROOT = resolve(import.meta.dirname, "..");
const readme = readFileSync(resolve(ROOT, "README.md"), "utf8");

test("the table of tools is the registry's (npm run readme writes it)", () => {
  expect(tableInReadme()).toBe(toolTable());
});

test("every command and option of the program is explained where the README shows it, and none is made up", () => {
  const help = [
    "",
    "serve",
    "ingest",
    "status",
    "skills add",
    "audit verify",
    "rules validate",
    "rules lint",
    "rules diff",
  ]
    .map((command) =>
      execFileSync(process.execPath, [MAIN, ...command.split(" ").filter(Boolean), "--help"], { encoding: "utf8" }),
    )
    .join("\n");
  const options = new Set(help.match(/--[a-z][a-z-]+/g));
  const shown = [...new Set(readme.match(/(?<=[\s`"])--[a-z][a-z-]+/g))].filter(
    (option) => !["--replay"].includes(option),
  );
  expect(shown.filter((option) => !options.has(option))).toEqual([]);
});

test("every npm script and file that the README names exists", () => {
  const { scripts } = JSON.parse(readFileSync(resolve(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => String(name));
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const files = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => String(path));
  expect(files.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
});

test("mcp.json starts a server as it stands, from the project's folder", async () => {
  const config = JSON.parse(readFileSync(resolve(ROOT, "mcp.json"), "utf8"));
  const { command, args } = config.mcpServers["falco-skills"] as { command: string; args: string[] };
  const client = new Client({ name: "readme", version: "1" });
  await client.connect(new StdioClientTransport({ command, args, cwd: ROOT, stderr: "ignore" }));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain("falco_status");
  await client.close();
});
