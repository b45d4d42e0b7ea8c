import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { EVIDENCE_KINDS } from "../../src/compliance/evidence/evidence-manifest.ts";
import { MAPPINGS, nearControls, resolveControl } from "../../src/compliance/pack/control-pack.ts";
import { LABELS } from "../../src/compliance/pack/labels.ts";

const idsOf = (name: string) => resolveControl(name)?.mappings.map(({ id }) => id);

test("every mapping names its revision, real kinds and a reason, once", () => {
  expect(new Set(MAPPINGS.map(({ id }) => id)).size).toBe(MAPPINGS.length);
  for (const { id, subject, reason, revision, freshDays, title, relation, caveat } of MAPPINGS) {
    for (const kind of subject.refs) expect(EVIDENCE_KINDS, id).toContain(kind);
    expect(reason.length, id).toBeGreaterThan(10);
    expect(title.length, id).toBeGreaterThan(3);
    expect(revision).not.toBe("");
    expect(freshDays).toBeGreaterThan(0);
    expect(caveat === undefined, id).toBe(relation !== "detects-violation-of");
  }
});

test("no mapping claims that a control is met", () => {
  for (const { id, title, reason } of MAPPINGS)
    expect(`${title} ${reason}`, id).not.toMatch(/\b(satisf|complian|fulfil)/i);
});

test.each([
  ["soc2:CC6.1", ["CC6.1"]],
  ["soc2:CC6.6", ["CC6.6"]],
  ["soc2:CC7.1", ["CC7.1", "CC7.2"]],
  ["iso27001:A.8.1", ["A.5.9", "A.5.10", "A.5.11"]],
  ["iso27001:A.13.1", ["A.8.20", "A.8.21", "A.8.22"]],
  ["iso27001:A.14.1", ["A.5.8", "A.8.26"]],
  ["nist-800-53:AC-3", ["AC-3"]],
  ["nist-800-53:SC-7", ["SC-7"]],
  ["nist-800-53:CM-7", ["CM-7"]],
  ["nist-csf:PR.AC", ["PR.AA-05", "PR.IR-01"]],
  ["nist-csf:PR.DS", ["PR.DS-01", "PR.DS-02", "PR.DS-10"]],
  ["nist-csf:DE.CM", ["DE.CM-01", "DE.CM-03", "DE.CM-09"]],
])("the label %s leads to %j, with a warning", (label, controls) => {
  const found = resolveControl(label);
  expect(found?.mappings.map(({ control }) => control)).toEqual(controls);
  expect(found?.warnings).toHaveLength(1);
});

test("every label's target is in the pack", () => {
  expect(LABELS).toHaveLength(12);
  for (const { label, targets } of LABELS) expect(resolveControl(label)?.mappings, label).toHaveLength(targets.length);
});

test.each([
  ["CC7.2", ["soc2-tsc:2017:CC7.2"]],
  ["soc2-tsc:cc7.2", ["soc2-tsc:2017:CC7.2"]],
  ["8.2", ["cis-controls:8.1:8.2"]],
  ["A.13.1", ["iso-27001:2022:A.8.20", "iso-27001:2022:A.8.21", "iso-27001:2022:A.8.22"]],
  ["PCI_DSS_6.4.2", ["pci-dss:4.0.1:6.5.3", "pci-dss:4.0.1:6.5.4"]],
  ["PCI_DSS_10.2.5", ["pci-dss:4.0.1:10.2.1.5", "pci-dss:4.0.1:10.2.1.2"]],
  ["PCI_DSS_11.5.1", ["pci-dss:4.0.1:11.5.2", "pci-dss:4.0.1:12.10.5"]],
  ["NIST_800-53_AU-10", ["nist-800-53:5.2.0:AU-10"]],
  ["CC99", undefined],
  ["", undefined],
])("%j resolves to %j", (name, ids) => {
  expect(idsOf(name)).toEqual(ids);
});

test("an old tag's number is never passed on as it is", () => {
  expect(resolveControl("PCI_DSS_11.5.1")?.warnings[0]).toContain("3.2.1");
});

test("near names are offered for a name that means nothing", () => {
  expect(nearControls("CC7.22")).toContain("CC7.2");
});

test("every control of the shipped checklist is in the pack", () => {
  const file = resolve(import.meta.dirname, "../../skills/performing-cloud-native-forensics-with-falco/checklist.yaml");
  const text = readFileSync(file, "utf8");
  const named = [...text.matchAll(/framework: ([\w-]+), revision: "([\w.]+)", control: ([\w.()-]+) /g)];
  expect(named.length).toBeGreaterThan(50);
  const ids = new Set(MAPPINGS.map(({ id }) => id));
  expect(named.map(([, a, b, c]) => `${a}:${b}:${c}`).filter((id) => !ids.has(id))).toEqual([]);
});
