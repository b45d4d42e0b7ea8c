import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveInside } from "../../src/paths/roots.ts";

let base: string;
let root: string;

beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "roots-")));
  root = join(base, "root");
  mkdirSync(join(root, "sub"), { recursive: true });
  mkdirSync(join(base, "root-sibling"));
  writeFileSync(join(root, "sub", "alerts.jsonl"), "");
  writeFileSync(join(base, "secret"), "");
  writeFileSync(join(base, "root-sibling", "file"), "");
  symlinkSync(join(base, "secret"), join(root, "way-out"));
  symlinkSync(join(root, "sub"), join(root, "inner"));
  symlinkSync(join(root, "loop"), join(root, "loop"));
});
afterAll(() => rmSync(base, { recursive: true }));

const inside = (path: string) => resolveInside({ folders: [root], flag: "--alerts-root" }, path);

describe("resolveInside gives the real path", () => {
  test.each([
    ["a relative path", () => "sub/alerts.jsonl"],
    ["an absolute path", () => join(root, "sub/alerts.jsonl")],
    ["a symlink that stays inside", () => "inner/alerts.jsonl"],
    ["dots that stay inside", () => "sub/../sub/alerts.jsonl"],
  ])("%s", async (_what, path) => {
    expect(await inside(path())).toBe(join(root, "sub", "alerts.jsonl"));
  });
});

describe("resolveInside refuses", () => {
  test.each([
    ["dots that lead out", () => "../secret", "PATH_OUTSIDE_ROOTS"],
    ["an absolute path elsewhere", () => join(base, "secret"), "PATH_OUTSIDE_ROOTS"],
    ["a sibling that shares the prefix", () => join(base, "root-sibling", "file"), "PATH_OUTSIDE_ROOTS"],
    ["a symlink that leads out", () => "way-out", "PATH_OUTSIDE_ROOTS"],
    ["an empty path", () => "", "PATH_OUTSIDE_ROOTS"],
    ["a path with NUL", () => "sub\0/x", "PATH_OUTSIDE_ROOTS"],
    ["what does not exist inside", () => "sub/nothing", "FILE_NOT_FOUND"],
    ["what does not exist outside, without telling", () => "/nowhere/at/all", "PATH_OUTSIDE_ROOTS"],
    ["a symlink to itself", () => "loop", "FILE_UNREADABLE"],
    ["a very long path", () => "a".repeat(100_000), "FILE_NOT_FOUND"],
  ])("%s", async (_what, path, code) => {
    await expect(inside(path())).rejects.toMatchObject({ code });
  });

  test("everything when no root is set, naming the flag", async () => {
    await expect(resolveInside({ folders: [], flag: "--alerts-root" }, "x")).rejects.toMatchObject({
      code: "PATH_OUTSIDE_ROOTS",
      fix: expect.stringContaining("--alerts-root"),
    });
  });
});
