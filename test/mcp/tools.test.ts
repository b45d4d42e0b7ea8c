import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ERROR_CODES } from "../../src/errors/codes.ts";
import { instructionsFor } from "../../src/mcp/instructions.ts";
import { annotationsOf, answerSchema, ENVELOPE, type Tool } from "../../src/mcp/tool.ts";
import { TOOLS } from "../../src/mcp/tools/index.ts";

/** Laws that hold for every tool, whoever adds one. */

const FOLDER = resolve(import.meta.dirname, "../../src/mcp/tools");
const names = TOOLS.map(({ name }) => name);

const inputSchema = (tool: Tool) =>
  z.toJSONSchema(tool.input, { io: "input" }) as { properties?: Record<string, { description?: string }> };

test("names are unique, and hosts of every kind accept them", () => {
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeLessThanOrEqual(25);
  for (const name of names) {
    expect(name).toMatch(/^[a-z][a-z0-9_]{2,40}$/);
    expect(name).not.toContain("__");
  }
});

test("each tool is one file of its own name, and every file is in the table", () => {
  const files = readdirSync(FOLDER).filter((file) => file !== "index.ts");
  expect(files.map((file) => file.replace(".ts", "").replaceAll("-", "_")).sort()).toEqual([...names].sort());
});

describe.each(TOOLS)("$name", (tool) => {
  test("says what it gives and when to use it in at most 2,000 characters", () => {
    expect(tool.description.length).toBeGreaterThan(80);
    expect(tool.description.length).toBeLessThanOrEqual(2_000);
    expect(tool.title).not.toBe("");
  });

  test("describes every parameter", () => {
    const undescribed = Object.entries(inputSchema(tool).properties ?? {}).filter(
      ([name, { description }]) => description === undefined && name !== "limit",
    );
    expect(undescribed.map(([name]) => name)).toEqual([]);
  });

  test("takes and gives strict objects", () => {
    for (const schema of [z.toJSONSchema(tool.input, { io: "input" }), z.toJSONSchema(answerSchema(tool))]) {
      expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    }
  });

  test("keeps its keys apart from the envelope's", () => {
    expect(Object.keys(tool.output.shape).filter((key) => key in ENVELOPE)).toEqual([]);
  });

  test("sets all four hints, by its effect", () => {
    const hints = annotationsOf(tool);
    expect(hints.readOnlyHint).toBe(tool.effect === "reads");
    expect(hints.destructiveHint).toBe(tool.effect === "changes");
    expect(typeof hints.idempotentHint).toBe("boolean");
    expect(hints.openWorldHint).toBe(false);
  });
});

test("the tool list is the reviewed one (golden/tools.json)", async () => {
  const list = TOOLS.map((tool) => ({
    name: tool.name,
    title: tool.title,
    description: tool.description,
    effect: tool.effect,
    toolset: tool.toolset,
    annotations: annotationsOf(tool),
    input: z.toJSONSchema(tool.input, { io: "input" }),
    output: z.toJSONSchema(answerSchema(tool)),
  }));
  await expect(`${JSON.stringify(list, null, 2)}\n`).toMatchFileSnapshot(
    join(import.meta.dirname, "golden/tools.json"),
  );
});

test("instructions fit a host's 2 KB and name only tools that are offered", () => {
  const all = instructionsFor(TOOLS);
  expect(all.length).toBeLessThanOrEqual(2_000);
  const few = instructionsFor(TOOLS.filter(({ name }) => name === "search_alerts"));
  for (const name of names) if (name !== "search_alerts") expect(few).not.toContain(name);
});

test("every tool that an error's fix or a description names exists", () => {
  const src = resolve(import.meta.dirname, "../../src");
  // Not every such word is a tool: a parameter, and a key of falco.yaml.
  const known = new Set([...names, "run_id", "load_plugins"]);
  const verbs =
    /\b(?:search|summarize|get|load|explain|run|create|update|verify|ingest|query|add|export|list|deploy)_[a-z]+\b/g;
  const wrong = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) =>
      [...readFileSync(join(src, path), "utf8").matchAll(/^\s*fix:.*$|^\s*`?"?(?:Call|Use) .*$/gm)].flatMap(([line]) =>
        [...line.matchAll(verbs)].filter(([name]) => !known.has(name)).map(([name]) => `${path}: ${name}`),
      ),
    );
  expect(wrong).toEqual([]);
});

test("every error code has its meaning in one row", () => {
  for (const [code, meaning] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect(meaning.length).toBeGreaterThan(10);
  }
});
