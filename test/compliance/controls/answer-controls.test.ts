import { expect, test } from "vitest";
import { answerControls, type ControlInputs } from "../../../src/compliance/controls/answer-controls.ts";
import type { Evidence, EvidenceState } from "../../../src/compliance/evidence/evidence.ts";
import type { EvidenceManifest } from "../../../src/compliance/evidence/evidence-manifest.ts";
import { resolveControl } from "../../../src/compliance/pack/control-pack.ts";

const NOW_MS = Date.UTC(2026, 10, 24);
const DAY_MS = 86_400_000;
/** Current for thirty days; alerts, status and rules count for it. */
const CC72 = resolveControl("CC7.2")!.mappings;

const artefact = (daysOld: number, more: Partial<EvidenceManifest> = {}, bytes: EvidenceState = "whole") => ({
  evidence: {
    manifest: {
      id: `ev-${String(daysOld).padStart(16, "0")}`,
      name: "a",
      kind: "alerts",
      collected: { at: new Date(NOW_MS - daysOld * DAY_MS).toISOString() },
      controls: [],
      ...more,
    },
    manifestSha256: "",
  } as unknown as Evidence,
  bytes,
});

const checklist = (state: string, standing: string) =>
  ({
    id: "c1",
    template: { items: [{ id: "A2", controls: [CC72[0]] }] },
    items: [{ template: { id: "A2", controls: [CC72[0]] }, state, standing }],
  }) as unknown as ControlInputs["checklists"][number];

const other = { kind: "statement" } as const;

test.each([
  { what: "nothing", state: "no-evidence" },
  { what: "fresh alerts", evidence: [artefact(30)], state: "evidence-current" },
  { what: "old alerts", evidence: [artefact(31)], state: "evidence-stale" },
  {
    what: "alerts before the time asked for",
    evidence: [artefact(10)],
    sinceMs: NOW_MS - 9 * DAY_MS,
    state: "no-evidence",
  },
  { what: "an artefact of another kind", evidence: [artefact(1, other)], state: "no-evidence" },
  {
    what: "another kind that names the control",
    evidence: [artefact(1, { ...other, controls: [...CC72] })],
    state: "evidence-current",
  },
  {
    what: "the same control of another revision",
    evidence: [artefact(1, { ...other, controls: [{ ...CC72[0]!, revision: "2011" }] })],
    state: "no-evidence",
  },
  {
    what: "another kind for an item with the control",
    evidence: [artefact(1, { ...other, checklist: { id: "c1", items: ["A2"] } })],
    checklists: [checklist("open", "unset")],
    state: "evidence-current",
  },
  {
    what: "changed bytes among fresh ones",
    evidence: [artefact(1), artefact(2, {}, "changed")],
    state: "evidence-failing",
  },
  {
    what: "a failed test beside fresh alerts",
    evidence: [artefact(1)],
    checklists: [checklist("failed", "tested")],
    state: "evidence-failing",
  },
  {
    what: "an agent's word that it failed",
    evidence: [artefact(1)],
    checklists: [checklist("failed", "reported")],
    state: "evidence-current",
  },
  { what: "an item that was not tested", checklists: [checklist("not-evaluated", "unset")], state: "not-evaluated" },
  { what: "an artefact from the future", evidence: [artefact(-1)], state: "no-evidence" },
])("$what: $state", ({ evidence = [], checklists = [], state, ...rest }) => {
  const [answer] = answerControls({ mappings: CC72, evidence, checklists, nowMs: NOW_MS, ...rest });
  expect(answer?.state).toBe(state);
  expect(answer?.why).not.toBe("");
});

test("evidence is listed newest first, with its age and why it counts", () => {
  const [answer] = answerControls({
    mappings: CC72,
    evidence: [artefact(40), artefact(3)],
    checklists: [],
    nowMs: NOW_MS,
  });
  expect(answer?.evidence.map(({ ageDays, current, because }) => [ageDays, current, because])).toEqual([
    [3, true, "kind"],
    [40, false, "kind"],
  ]);
  expect(answer?.newestAt).toBe("2026-11-21T00:00:00.000Z");
});
