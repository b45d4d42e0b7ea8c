import { describe, expect, test } from "vitest";
import { selectTools, type ToolFlags } from "../../src/mcp/select-tools.ts";
import type { Effect, Tool, Toolset } from "../../src/mcp/tool.ts";

const tool = (name: string, effect: Effect, toolset: Toolset) => ({ name, effect, toolset }) as Tool;
const TOOLS = [
  tool("look", "reads", "alerts"),
  tool("keep", "records", "compliance"),
  tool("touch", "changes", "rules"),
];

const flags = (some: Partial<ToolFlags>): ToolFlags => ({
  toolsets: undefined,
  excludeTools: [],
  readOnly: false,
  allowChanges: false,
  ...some,
});

test.each([
  ["nothing set", {}, ["look", "keep"], [["touch", "no --allow-changes"]]],
  ["--allow-changes", { allowChanges: true }, ["look", "keep", "touch"], []],
  [
    "--read-only over --allow-changes",
    { readOnly: true, allowChanges: true },
    ["look"],
    [
      ["keep", "--read-only"],
      ["touch", "--read-only"],
    ],
  ],
  ["--exclude-tools", { excludeTools: ["look"], allowChanges: true }, ["keep", "touch"], [["look", "--exclude-tools"]]],
  [
    "--toolsets",
    { toolsets: ["alerts"] },
    ["look"],
    [
      ["keep", "--toolsets"],
      ["touch", "--toolsets"],
    ],
  ],
] as const)("%s", (_what, some, offered, withheld) => {
  const selection = selectTools(TOOLS, flags(some));
  expect(selection.offered.map(({ name }) => name)).toEqual(offered);
  expect(selection.withheld.map(({ tool: name, by }) => [name, by])).toEqual(withheld);
});

describe("a name that does not exist stops the start", () => {
  test.each([
    [{ excludeTools: ["loook"] }, '--exclude-tools names "loook"', "look"],
    [{ toolsets: ["alert"] }, '--toolsets names "alert"', "alerts"],
  ])("%j", (some, message, near) => {
    expect(() => selectTools(TOOLS, flags(some))).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(message),
        fix: expect.stringContaining(near),
      }),
    );
  });
});
