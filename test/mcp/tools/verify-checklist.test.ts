import { expect, test } from "vitest";
import { addEvidence } from "../../../src/mcp/tools/add-evidence.ts";
import { verifyChecklist } from "../../../src/mcp/tools/verify-checklist.ts";
import { openServer } from "./compliance-tools.ts";

test("the shipped checklist is tested item by item, and the answer fits", async () => {
  const { call, checklist } = await openServer();
  const { id } = await call(addEvidence, { kind: "pod", text: "{}", checklist, items: ["V4"] });
  const answer = await call(verifyChecklist, { checklist, from: "2026-11-24", to: "2026-11-25" });
  expect(answer).toMatchObject({ verdict: "not-confirmed", total: 36, truncated: false });
  const of = (item: string) => answer.results.find((result: { item: string }) => result.item === item);
  expect(of("V4")).toMatchObject({ state: "pass", evidence: [id] });
  expect(of("V1")).toMatchObject({ state: "fail" });
  expect(answer.awaits_person).toContain("P1");
  expect(answer.blind_spots.length).toBeGreaterThan(0);
  expect(answer.source).toMatchObject({ from: "2026-11-24T00:00:00.000000000Z", to: "2026-11-25T00:00:00.000000000Z" });
});

test("no argument attests: the schema has none, and unknown ones are refused", () => {
  expect(Object.keys(verifyChecklist.input.shape)).toEqual(["checklist", "from", "to"]);
  expect(verifyChecklist.input.safeParse({ checklist: "c", attest: "P1" }).success).toBe(false);
});

test("a window that ends before it begins is refused", async () => {
  const { call, checklist } = await openServer();
  const verifying = call(verifyChecklist, { checklist, from: "2026-11-25", to: "2026-11-24" });
  await expect(verifying).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
