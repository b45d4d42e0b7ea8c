import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readKnownHeads } from "../../src/audit/known-heads.ts";
import { checkRecordProof, proveConsistency, proveRecord } from "../../src/audit/prove-records.ts";
import { parseVkey } from "../../src/audit/signed-note.ts";
import { verifyConsistency } from "../../src/audit/tree-proofs.ts";
import { entry, openTrail, temporaryFolder } from "./support.ts";

async function filled(folder: string) {
  const trail = openTrail(folder, { segmentBytes: 2_000 });
  const receipts = [];
  for (let index = 0; index < 20; index += 1) receipts.push(await trail.append(entry({ arguments: { index } })));
  await trail.close();
  return { receipts, verifier: parseVkey(readFileSync(join(folder, "keys/identity.vkey"), "utf8"))! };
}

test("a record is proven without the trail, another line is not", async () => {
  const folder = temporaryFolder();
  const { verifier } = await filled(folder);
  const lines = readFileSync(join(folder, "records.jsonl"), "utf8").split("\n").slice(0, -1);
  const seq = JSON.parse(lines[0]!).seq;
  const proof = await proveRecord(folder, seq);
  expect(proof).toMatch(
    /^c2sp\.org\/tlog-proof@v1\nindex \d+\n([A-Za-z0-9+/]{43}=\n)+\nfalco-skills\/[0-9a-f-]{36}\n21\n/,
  );
  expect(checkRecordProof(proof, Buffer.from(lines[0]!), verifier)).toBe(true);
  expect(checkRecordProof(proof, Buffer.from(lines[1] ?? "x"), verifier)).toBe(false);
  expect(checkRecordProof(proof.replace(/index \d+/, "index 3"), Buffer.from(lines[0]!), verifier)).toBe(false);
  expect(checkRecordProof(proof.replace("\n21\n", "\n22\n"), Buffer.from(lines[0]!), verifier)).toBe(false);
  expect(checkRecordProof("", Buffer.from(lines[0]!), verifier)).toBe(false);
});

test("every receipt is a beginning of the signed trail", async () => {
  const folder = temporaryFolder();
  const { receipts } = await filled(folder);
  for (const receipt of receipts) {
    const { older, newer, proof } = await proveConsistency(folder, receipt.size);
    expect(older).toEqual({ size: receipt.size, root: receipt.root });
    const head = ({ size, root }: typeof older) => ({ size, root: Buffer.from(root, "hex") });
    const hashes = proof.map((hash) => Buffer.from(hash, "hex"));
    expect(verifyConsistency({ older: head(older), newer: head(newer), proof: hashes })).toBe(true);
  }
});

test("nothing is proven beyond what is signed or of records that were changed", async () => {
  const folder = temporaryFolder();
  await filled(folder);
  await expect(proveRecord(folder, 21)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(proveConsistency(folder, 0)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const path = join(folder, "records.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace("search_alerts", "search_alertz"));
  await expect(proveRecord(folder, 3)).rejects.toMatchObject({ code: "AUDIT_DAMAGED" });
});

const ROOT = "ab".repeat(32);
const BASE64 = Buffer.from(ROOT, "hex").toString("base64");
const RECEIPT = { log: "l", seq: 4, leaf: "cd".repeat(32), size: 5, root: ROOT };

test.each([
  { what: "a line of size and root", text: `5 ${ROOT}\n`, heads: [{ size: 5, root: ROOT }] },
  { what: "a line with a base64 root", text: `5 ${BASE64}`, heads: [{ size: 5, root: ROOT }] },
  {
    what: "a signed note",
    text: `falco-skills/l\n5\n${BASE64}\n\n\u2014 n c2ln\n`,
    heads: [{ size: 5, root: ROOT, log: "l" }],
  },
  { what: "a receipt", text: JSON.stringify(RECEIPT), heads: [{ size: 5, root: ROOT, log: "l" }] },
  {
    what: "a transcript",
    text: `{"result":{"_meta":{"x/receipt":${JSON.stringify(RECEIPT)}}}}\n`,
    heads: [{ size: 5, root: ROOT, log: "l" }],
  },
  {
    what: "an escaped transcript",
    text: JSON.stringify({ line: JSON.stringify({ a: RECEIPT }) }),
    heads: [{ size: 5, root: ROOT, log: "l" }],
  },
])("$what is read as a known head", ({ text, heads }) => {
  expect(readKnownHeads(text, "heads.txt")).toEqual(heads);
});

test.each(["", "hello", `5 ${ROOT.slice(1)}`, JSON.stringify({ size: 5, root: ROOT })])("%j holds no head", (text) => {
  expect(() => readKnownHeads(text, "heads.txt")).toThrow(expect.objectContaining({ code: "AUDIT_HEAD_UNREADABLE" }));
});
