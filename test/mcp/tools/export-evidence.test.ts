import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyPackage } from "../../../src/compliance/package/verify-package.ts";
import { addEvidence } from "../../../src/mcp/tools/add-evidence.ts";
import { exportEvidence } from "../../../src/mcp/tools/export-evidence.ts";
import { verifyChecklist } from "../../../src/mcp/tools/verify-checklist.ts";
import { openServer } from "./compliance-tools.ts";

test("a preview says which evidence is held for a control since a day, and writes nothing", async () => {
  const { home, call, checklist } = await openServer();
  const { id } = await call(addEvidence, { kind: "status", text: "drops 0", checklist, items: ["P4"] });
  const answer = await call(exportEvidence, { preview: true, controls: ["CC7.2", "AU-9"], from: "2026-10-01" });
  expect(answer.controls).toMatchObject([
    { control: "nist-800-53 5.2.0 AU-9", evidence: [] },
    {
      control: "soc2-tsc 2017 CC7.2",
      state: "evidence-current",
      evidence: [{ id, kind: "status", age_days: 0, current: true }],
    },
  ]);
  expect(readdirSync(home)).not.toContain("exports");
  expect(JSON.stringify(answer)).not.toMatch(/complian[tc]/);
});

test("a checklist's package is made in home and verifies", async () => {
  const { home, call, checklist } = await openServer();
  await call(addEvidence, { kind: "pod", text: "{}", checklist, items: ["V4"] });
  await call(verifyChecklist, { checklist });
  const answer = await call(exportEvidence, { checklist });
  expect(answer.package.folder.startsWith(join(home, "exports"))).toBe(true);
  expect(answer.package).toMatchObject({ artefacts: 1, kind: "slice" });
  expect(verifyPackage(answer.package.folder)).toMatchObject({ ok: true });
  expect((await call(exportEvidence, { checklist })).package).toEqual(answer.package);
});

test.each([{}, { checklist: "a", whole: true }, { run_id: "r", from: "-1h" }])(
  "%j names not exactly one thing",
  async (input) => {
    const { call } = await openServer();
    await expect(call(exportEvidence, input)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  },
);
