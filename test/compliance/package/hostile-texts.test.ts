import { join } from "node:path";
import { expect, test } from "vitest";
import { attestItem } from "../../../src/compliance/attest.ts";
import { openChecklists } from "../../../src/compliance/open-checklists.ts";
import { exportPackage } from "../../../src/compliance/package/export-package.ts";
import { verifyPackage } from "../../../src/compliance/package/verify-package.ts";
import { AGENT, openTestHome } from "../evidence/support.ts";
import { SKILL, TEMPLATE } from "../template.ts";

test("half characters in a title or in a person's words stop neither the attestation nor the package", async () => {
  const { home, audit, evidence, nowMs, newId } = await openTestHome();
  const checklists = openChecklists({ folder: join(home, "checklists"), nowMs, newId });
  const title = "half \ud83d";
  const { id } = await checklists.create({ template: TEMPLATE, skill: SKILL, title, createdBy: AGENT.by });
  const said = { item: "V1", state: "done", name: "Ada \udc00", statement: "\ud83d seen", method: "terminal" } as const;
  const { checklist } = await attestItem({ checklists, audit, nowMs }, id, said, "s1");
  expect(checklist.attestations[0]).toMatchObject({ by: { name: "Ada \ufffd" }, statement: "\ufffd seen" });
  const place = { home, audit, evidence, checklists, version: "1", newId };
  const made = await exportPackage(place, { scope: { kind: "checklist", value: id } }, AGENT);
  expect(verifyPackage(made.folder).reasons).toEqual([]);
});
