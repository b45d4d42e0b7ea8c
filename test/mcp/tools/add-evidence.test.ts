import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addEvidence } from "../../../src/mcp/tools/add-evidence.ts";
import { addAlerts, alertLine } from "../../compliance/evidence/support.ts";
import { openServer } from "./compliance-tools.ts";

test("a file inside the roots becomes evidence for an item, with its controls", async () => {
  const { home, call, checklist, services } = await openServer();
  writeFileSync(join(home, "pod.json"), "{}");
  const given = { kind: "pod", path: "pod.json", checklist, items: ["V4"], controls: ["iso27001:A.13.1"] };
  const answer = await call(addEvidence, given);
  expect(answer).toMatchObject({ name: "pod.json", bytes: 2, kind: "pod" });
  expect(answer.controls).toEqual(["iso-27001 2022 A.8.20", "iso-27001 2022 A.8.21", "iso-27001 2022 A.8.22"]);
  expect(answer.warnings[0]).toContain("does not exist in 2022");
  const kept = await (await services.compliance()).evidence.get(answer.id);
  expect(kept.manifest.collected.by).toEqual({ kind: "agent", name: "test client" });
  expect(kept.receipt?.seq).toBe(answer.record);
});

test("alerts of a filter are kept with counts", async () => {
  const { call, services } = await openServer();
  await addAlerts(services.alerts, [alertLine(), alertLine({ rule: "Mount" })]);
  const answer = await call(addEvidence, { kind: "alerts", alerts: { rule: "Mount" } });
  expect(answer.counts).toEqual({ read: 1, parsed: 1, rejected: 0 });
});

test.each([
  { what: "a file outside the roots", input: { kind: "other", path: "/etc/hostname" }, code: "PATH_OUTSIDE_ROOTS" },
  { what: "two sources", input: { kind: "other", text: "a", record: 1 }, code: "INVALID_ARGUMENT" },
  { what: "no source", input: { kind: "other" }, code: "INVALID_ARGUMENT" },
  { what: "items without a checklist", input: { kind: "other", text: "a", items: ["V4"] }, code: "INVALID_ARGUMENT" },
  { what: "an unknown checklist", input: { kind: "other", text: "a", checklist: "nope" }, code: "CHECKLIST_NOT_FOUND" },
  { what: "an unknown control", input: { kind: "other", text: "a", controls: ["CC99"] }, code: "CONTROL_UNKNOWN" },
  { what: "a record that is not there", input: { kind: "record", record: 99 }, code: "INVALID_ARGUMENT" },
])("$what is refused with $code", async ({ input, code }) => {
  const { call, services } = await openServer();
  await expect(call(addEvidence, input)).rejects.toMatchObject({ code });
  expect((await (await services.compliance()).evidence.list()).evidence).toEqual([]);
});

test("an unknown item of a known checklist is refused", async () => {
  const { call, checklist } = await openServer();
  const adding = call(addEvidence, { kind: "other", text: "a", checklist, items: ["X9"] });
  await expect(adding).rejects.toMatchObject({ code: "CHECKLIST_ITEM_UNKNOWN" });
});
