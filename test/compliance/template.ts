import type { ChecklistTemplate } from "../../src/skills/checklist-template.ts";

type Item = ChecklistTemplate["items"][number];
const item = (id: string, phase: string, more: Partial<Item>): Item => ({
  id,
  phase,
  title: `Title of ${id}`,
  text: `Text of ${id}.`,
  kind: "manual",
  evidence: [],
  controls: [],
  must_precede: [],
  severity: "high",
  ...more,
});

/** Four items: V1 before C1, one automatic, one hybrid. */
export const TEMPLATE: ChecklistTemplate = {
  version: 1,
  title: "Case",
  summary: "A small case.",
  phases: [
    { id: "preserve", title: "Preserve" },
    { id: "contain", title: "Contain" },
  ],
  items: [
    item("V1", "preserve", { must_precede: ["C1"], severity: "critical", evidence: ["capture files"] }),
    item("V2", "preserve", { kind: "auto", test: "evidence-complete", must_precede: ["C1"] }),
    item("C1", "contain", { controls: [{ framework: "nist-800-53", revision: "5.2.0", control: "IR-4" }] }),
    item("C2", "contain", { kind: "hybrid", test: "actions-recorded", severity: "low" }),
  ],
};

export const SKILL = { name: "my-skill", digest: `sha256:${"0".repeat(64)}` };
