import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const SRC = resolve(import.meta.dirname, "../src");

/** The import graph: a folder may import itself and the folders in its row. Nothing points up. */
const BASE = ["errors", "text", "paths"];
const CORE = ["alert", "condition", "fields", "event", "bytes", ...BASE];
const MIDDLE = ["rules", "store", "retention", "state", "scap", ...CORE];
const WORK = ["runs", "replay", "falco", "ingest", "skills", "audit", ...MIDDLE];
const MAY_IMPORT: Record<string, readonly string[]> = {
  text: [],
  errors: ["text"],
  bytes: BASE,
  paths: ["errors", "text"],
  event: ["bytes", ...BASE],
  fields: ["event", ...BASE],
  alert: ["fields", "event", ...BASE],
  condition: ["fields", "event", ...BASE],
  scap: ["event", "bytes", ...BASE],
  state: ["scap", "fields", "event", "bytes", ...BASE],
  rules: ["condition", "alert", "fields", "event", ...BASE],
  retention: BASE,
  store: ["retention", "alert", "fields", ...BASE],
  skills: BASE,
  audit: ["retention", ...BASE],
  ingest: ["store", "alert", "fields", ...BASE],
  falco: ["rules", "alert", "fields", ...BASE],
  replay: ["rules", "store", "state", "scap", ...CORE],
  runs: ["replay", "falco", ...MIDDLE],
  compliance: WORK,
  investigate: WORK,
  dashboard: ["investigate", "compliance", ...WORK],
  mcp: ["investigate", "compliance", ...WORK],
  cli: ["mcp", "dashboard", "investigate", "compliance", ...WORK],
};

/** One door a dependency: the places that may import a package. A trailing slash names a folder. */
const DOORS: Record<string, readonly string[]> = {
  "@modelcontextprotocol/server": ["mcp/", "cli/"],
  yaml: ["skills/", "falco/"],
  execa: ["falco/"],
  fflate: ["compliance/"],
  "node:sqlite": ["store/sqlite-driver.ts"],
  "@photostructure/sqlite": ["store/sqlite-driver.ts"],
  re2js: ["condition/"],
  commander: ["cli/"],
  picocolors: ["cli/"],
  "cli-table3": ["cli/"],
};

/** Files over 400 lines need a reason here. */
const LONG_FILES: Record<string, string> = {
  "event/event-table.ts": "a table: one row an event type of libs",
  "compliance/pack/nist-rows.ts": "a table: one row a mapping to a control",
  "compliance/pack/standard-rows.ts": "a table: one row a mapping to a control",
};

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && statSync(join(SRC, path)).isFile())
  .sort()
  .map((path) => {
    const text = readFileSync(join(SRC, path), "utf8");
    return { path, text, imports: importsOf(text) };
  });

function importsOf(text: string): string[] {
  const found = text.matchAll(
    /^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function forbiddenImports({ path, imports }: Source): string[] {
  const folder = path.split("/")[0] ?? "";
  return imports.flatMap((specifier) => {
    if (!specifier.startsWith(".")) return atTheWrongDoor(path, specifier);
    const target = relative(SRC, resolve(SRC, dirname(path), specifier)).split("/")[0] ?? "";
    const allowed = target === folder || MAY_IMPORT[folder]?.includes(target);
    return allowed ? [] : [`${path}: ${folder} may not import ${target}`];
  });
}

function atTheWrongDoor(path: string, specifier: string): string[] {
  const name = Object.keys(DOORS).find((door) => specifier === door || specifier.startsWith(`${door}/`));
  if (name === undefined) return [];
  const inside = DOORS[name]?.some((door) => path === door || (door.endsWith("/") && path.startsWith(door)));
  return inside ? [] : [`${path}: ${specifier} may only be imported in ${DOORS[name]?.join(", ")}`];
}

test("every folder has a row in the import graph", () => {
  const folders = new Set(sources.map(({ path }) => path.split("/")[0]));
  expect([...folders].filter((folder) => !(folder! in MAY_IMPORT))).toEqual([]);
});

test("no file imports against the graph or through the wrong door", () => {
  expect(sources.flatMap(forbiddenImports)).toEqual([]);
});

test("the check sees a planted import in either direction", () => {
  const planted = importsOf('import type { Tool } from "../mcp/tool.ts";\nimport { parse } from "yaml";\n');
  expect(forbiddenImports({ path: "text/span.ts", text: "", imports: planted })).toEqual([
    "text/span.ts: text may not import mcp",
    "text/span.ts: yaml may only be imported in skills/, falco/",
  ]);
});

test("environment, standard streams, clocks and randomness are read in cli only", () => {
  const ambient =
    /\bprocess\.(?:env|stdout|stdin|stderr|exit)\b|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/;
  const offenders = sources
    .filter(({ path }) => !path.startsWith("cli/"))
    .filter(({ text }) => text.split("\n").some((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line) && ambient.test(line)));
  expect(offenders.map(({ path }) => path)).toEqual([]);
});

test("no file grows past 400 lines without a reason", () => {
  const long = sources.filter(({ path, text }) => text.split("\n").length > 401 && !(path in LONG_FILES));
  expect(long.map(({ path }) => path)).toEqual([]);
});
