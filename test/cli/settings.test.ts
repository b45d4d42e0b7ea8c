import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { homeFolder, readSettings } from "../../src/cli/settings.ts";

describe("the data folder", () => {
  test.each([
    ["the flag wins", "/x/y", { XDG_DATA_HOME: "/data" }, "/x/y"],
    ["XDG_DATA_HOME where it is absolute", undefined, { XDG_DATA_HOME: "/data" }, "/data/falco-skills"],
  ])("%s", (_what, flag, environment, folder) => {
    if (process.platform !== "linux") return;
    expect(homeFolder(flag, environment)).toBe(resolve(folder));
  });
});

test("alert files lend their folders as roots", () => {
  const { alerts, alertRoots } = readSettings({ alerts: ["/var/log/a.jsonl"], alertsRoot: ["/in", "/var/log"] }, {});
  expect(alerts).toEqual([resolve("/var/log/a.jsonl")]);
  expect(alertRoots).toEqual([resolve("/in"), resolve("/var/log")]);
});

test("read-only wins over allow-changes, wherever either was set", () => {
  expect(readSettings({ allowChanges: true }, { FALCO_SKILLS_READ_ONLY: "1" })).toMatchObject({
    readOnly: true,
    allowChanges: false,
  });
  expect(readSettings({}, { FALCO_SKILLS_ALLOW_CHANGES: "true" })).toMatchObject({
    readOnly: false,
    allowChanges: true,
  });
  expect(readSettings({}, { FALCO_SKILLS_ALLOW_CHANGES: "false" })).toMatchObject({ allowChanges: false });
});

describe("--listen", () => {
  test.each([
    ["127.0.0.1:2803", "127.0.0.1", 2803],
    ["[::1]:0", "::1", 0],
    ["localhost:80", "localhost", 80],
  ])("%s", (listen, host, port) => {
    expect(readSettings({ listen }, {}).listen).toEqual({ host, port });
  });

  test.each(["2803", "host", "::1:2803", "host:99999", "a b:1"])("%s is refused", (listen) => {
    expect(() => readSettings({ listen }, {})).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
