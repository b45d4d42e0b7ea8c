import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatCheckpoint, parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { openCheckpoint } from "../../src/audit/signed-heads.ts";
import { checkNote, keyFromSeed, noteSigner, parseVkey, signNote } from "../../src/audit/signed-note.ts";
import { temporaryFolder } from "./support.ts";

// The example of c2sp.org/signed-note.
const VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE =
  "This is an example message.\n\n\u2014 example.com/foo " +
  "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const signer = noteSigner("falco-skills/test", keyFromSeed(Buffer.alloc(32, 7)));

test("the example note of C2SP is signed by its key", () => {
  expect(checkNote(NOTE, parseVkey(VKEY)!)).toEqual({ text: "This is an example message.\n", check: "signed" });
});

test.each([
  { change: "another text", note: NOTE.replace("example message", "other message"), check: "bad-signature" },
  { change: "another name", note: NOTE.replace("example.com/foo Uw", "example.com/bar Uw"), check: "unknown-key" },
  { change: "another key id", note: NOTE.replace("Uw2QO", "Uw2QP"), check: "unknown-key" },
  { change: "no signature", note: "This is an example message.\n", check: "malformed" },
  { change: "no LF at the end", note: NOTE.slice(0, -1), check: "malformed" },
  { change: "a line that is no signature", note: `${NOTE}more\n`, check: "malformed" },
  { change: "nothing", note: "", check: "malformed" },
  {
    change: "a signature too many times",
    note: `${NOTE}${(`${NOTE.split("\n")[2]}\n`).repeat(20)}`,
    check: "malformed",
  },
])("a note with $change is $check", ({ note, check }) => {
  expect(checkNote(note, parseVkey(VKEY)!).check).toBe(check);
});

test("what is signed verifies under the vkey that the signer states", () => {
  const note = signNote("one\ntwo\n", signer);
  expect(checkNote(note, parseVkey(signer.vkey)!)).toEqual({ text: "one\ntwo\n", check: "signed" });
});

test.each([
  "",
  "a+b+c",
  VKEY.slice(0, -1),
  VKEY.replace("530d903a", "530d903b"),
  `${VKEY}A`,
  "x y+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
])("%j is no vkey", (text) => {
  expect(parseVkey(text)).toBeUndefined();
});

test("openssl agrees with a signature of ours", () => {
  const folder = temporaryFolder();
  const text = formatCheckpoint({ origin: signer.name, size: 3, root: randomBytes(32) });
  const signature = Buffer.from(signNote(text, signer).trimEnd().split(" ").at(-1)!, "base64").subarray(4);
  const at = (name: string) => join(folder, name);
  writeFileSync(at("text"), text);
  writeFileSync(at("signature"), signature);
  writeFileSync(at("key.pem"), signer.key.export({ format: "pem", type: "spki" }));
  const verify = ["pkeyutl", "-verify", "-pubin", "-inkey", at("key.pem"), "-rawin", "-in", at("text")];
  const said = execFileSync("openssl", [...verify, "-sigfile", at("signature")], { encoding: "utf8" });
  expect(said).toMatch(/Signature Verified Successfully/);
});

test.each([
  { seen: "a size with a zero in front", text: (root: string) => `o\n03\n${root}\n` },
  { seen: "a root of 31 bytes", text: () => `o\n3\n${Buffer.alloc(31).toString("base64")}\n` },
  { seen: "base64 with spare bits", text: () => `o\n3\n${"A".repeat(42)}B=\n` },
  { seen: "an extension line", text: (root: string) => `o\n3\n${root}\nmore\n` },
  { seen: "no origin", text: (root: string) => `\n3\n${root}\n` },
  { seen: "no LF at the end", text: (root: string) => `o\n3\n${root}` },
])("a checkpoint with $seen is none", ({ text }) => {
  expect(parseCheckpoint(text(Buffer.alloc(32, 1).toString("base64")))).toBeUndefined();
});

test.each([
  {
    what: "its own trail",
    text: formatCheckpoint({ origin: "falco-skills/test", size: 3, root: Buffer.alloc(32) }),
    state: "signed",
  },
  {
    what: "another trail",
    text: formatCheckpoint({ origin: "falco-skills/other", size: 3, root: Buffer.alloc(32) }),
    state: "bad",
  },
  { what: "nothing", text: "hello\n", state: "bad" },
])("a note that its key signed over a head of $what is $state", ({ text, state }) => {
  expect(openCheckpoint(signNote(text, signer), "test", signer).state).toBe(state);
});
