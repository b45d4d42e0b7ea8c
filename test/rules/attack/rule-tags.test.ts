import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRuleTags } from "../../../src/rules/attack/rule-tags.ts";

describe("wrong tags", () => {
  test.each([
    ["T1565 mitre_discovery", "tactic-mismatch", ["mitre_impact"]],
    ["T9999", "unknown-technique", []],
    ["T1059.999", "unknown-technique", ["T1059"]],
    ["T1081", "retired-technique", ["T1552.001"]],
    ["T1108", "retired-technique", []],
    ["TA0099", "unknown-tactic", []],
    ["PCI_DSS_10.2.5", "outdated-pci", ["PCI_DSS_10.2.1.5", "PCI_DSS_10.2.1.2"]],
    ["PCI_DSS_13.1", "malformed-compliance", []],
    ["PCI_DSS_access", "malformed-compliance", []],
    ["NIST_800-53_AU-99", "malformed-compliance", []],
    ["NIST_800-53_ZZ-1", "malformed-compliance", []],
    ["NIST_AC-2", "malformed-compliance", []],
  ])("%s: %s", (tags, kind, instead) => {
    const { faults } = readRuleTags(tags.split(" "));
    expect(faults.map((fault) => [fault.kind, fault.instead])).toEqual([[kind, instead]]);
  });

  test("an unknown tactic brings all that there are", () => {
    expect(readRuleTags(["mitre_execute"]).faults[0]?.instead).toContain("mitre_execution");
  });
});

test.each([
  ["maturity_stable host container process mitre_execution T1059.004"],
  ["mitre_persistence mitre_execution T1505.003"],
  ["T1565"],
  ["mitre_command_and_control TA0011"],
  ["NIST_800-53_AC-2(4) NIST_800-171_3.3.1 PCI_DSS_11.5.2 cis"],
])("%s is right", (tags) => {
  expect(readRuleTags(tags.split(" ")).faults).toEqual([]);
});

test("tags are sorted by what they say", () => {
  const tags = readRuleTags([
    "maturity_stable",
    "host",
    "mitre_execution",
    "TA0002",
    "T1059",
    "t1059.004",
    "NIST_800-53_AC-2",
    "cis",
  ]);
  expect(tags).toMatchObject({
    maturity: "stable",
    topics: ["host"],
    tactics: [{ id: "TA0002" }],
    techniques: [{ id: "T1059" }, { id: "T1059.004" }],
    compliance: [
      { framework: "NIST 800-53", control: "AC-2" },
      { framework: "CIS", control: "" },
    ],
  });
});

test("no tag breaks it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.stringMatching(/^(T|TA|mitre_|PCI_DSS_|NIST_)[\s\S]{0,20}$/))),
      (tags) => void readRuleTags(tags),
    ),
  );
});
