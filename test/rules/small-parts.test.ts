import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePriority, priorityNumber } from "../../src/alert/priority.ts";
import { matchesWildcard } from "../../src/rules/select-rules.ts";
import { compareVersions, formatVersion, parseVersion, satisfies } from "../../src/rules/version.ts";
import { decodeBoolean, decodeUint32 } from "../../src/rules/yaml/yaml-node.ts";

describe("priorities", () => {
  test.each([
    ["EMERGENCY", "Emergency", 0],
    ["alert", "Alert", 1],
    ["Critical", "Critical", 2],
    ["error", "Error", 3],
    ["WARNING", "Warning", 4],
    ["notice", "Notice", 5],
    ["INFO", "Informational", 6],
    ["informational", "Informational", 6],
    ["debug", "Debug", 7],
  ] as const)("%s", (text, priority, number) => {
    expect(parsePriority(text)).toBe(priority);
    expect(priorityNumber(priority)).toBe(number);
  });

  test.each(["", "warn", "high", "err", "0", "INFOS"])("%j is none", (text) => {
    expect(parsePriority(text)).toBeUndefined();
  });
});

describe("versions", () => {
  test.each([
    ["0.26.0", "0.26.0"],
    ["1.2.3-rc1", "1.2.3"],
    [" +1.02.3", "1.2.3"],
    ["0.4294967296.1", "0.0.1"],
    ["1.2", undefined],
    ["x.y.z", undefined],
    ["", undefined],
  ])("%j is %j", (text, expected) => {
    const version = parseVersion(text);
    expect(version === undefined ? undefined : formatVersion(version)).toBe(expected);
  });

  test.each([
    [[0, 63, 0], [0, 57, 0], true],
    [[0, 63, 0], [0, 63, 0], true],
    [[0, 63, 0], [0, 63, 1], false],
    [[1, 0, 0], [0, 63, 0], false],
  ] as const)("%j for %j: %j", (present, asked, expected) => {
    expect(satisfies(present, asked)).toBe(expected);
  });

  test("order is total", () => {
    const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        expect(compareVersions(a, b) === 0).toBe(formatVersion(a) === formatVersion(b));
      }),
    );
  });
});

describe("wildcards", () => {
  test.each([
    ["*", "anything", true],
    ["a*", "abc", true],
    ["*c", "abc", true],
    ["a*c", "abc", true],
    ["abc", "abc", true],
    ["ab", "abc", false],
    ["A*", "abc", false],
    ["*b*", "abc", true],
    ["**b**", "abc", true],
    ["*a", "aba", false],
    ["a*d", "abc", false],
  ])("%s on %s: %j", (pattern, name, expected) => {
    expect(matchesWildcard(pattern, name)).toBe(expected);
  });
});

describe("scalars", () => {
  test.each([
    ["true", true],
    ["TRUE", true],
    ["Yes", true],
    ["y", true],
    ["on", true],
    ["N", false],
    ["off", false],
    ["tRUE", undefined],
    ["1", undefined],
    ["", undefined],
  ])("%j as a switch is %j", (text, expected) => {
    expect(decodeBoolean(text)).toBe(expected);
  });

  test.each([
    ["0", 0],
    ["26", 26],
    ["+5", 5],
    ["010", 8],
    ["0x10", 16],
    ["7 ", 7],
    ["4294967295", 4294967295],
    ["4294967296", undefined],
    ["-1", undefined],
    ["08", undefined],
    ["1.5", undefined],
    [" 1", undefined],
  ])("%j as a number is %j", (text, expected) => {
    expect(decodeUint32(text)).toBe(expected);
  });
});
