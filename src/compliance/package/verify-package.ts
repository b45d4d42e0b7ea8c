import { createHash } from "node:crypto";
import { canonicalJson, readCanonical } from "../../audit/canonical-json.ts";
import { originOf, parseCheckpoint } from "../../audit/checkpoint.ts";
import { leafHash } from "../../audit/merkle-tree.ts";
import { checkNote, type NoteVerifier, parseVkey } from "../../audit/signed-note.ts";
import { noteText, type PackageManifest, packageManifest, UNLISTED } from "./package-format.ts";
import { openPackage, type PackageSource } from "./package-source.ts";
import { rootOfRange } from "./range-proof.ts";

/** What a package is worth. `reasons` are stable words, the same that the package's own verify.py gives. */
export interface PackageVerdict {
  readonly ok: boolean;
  /** Sorted; empty when everything holds. */
  readonly reasons: readonly string[];
  /** False when the key was taken from the package itself. */
  readonly pinned: boolean;
  readonly manifest?: PackageManifest;
}

/**
 * Checks a package offline, a folder or a zip: every file against the signed manifest, the records against chain, range
 * proof and signed head, the artefacts against manifests and records. `vkey` is the public key from elsewhere. Never
 * throws for what is in the package.
 */
export function verifyPackage(path: string, vkey?: string): PackageVerdict {
  const source = openPackage(path);
  const pinned = vkey !== undefined;
  if (typeof source === "string") return { ok: false, reasons: [source], pinned };
  try {
    return { ...checkPackage(source, vkey), pinned };
  } finally {
    source.close();
  }
}

function checkPackage(source: PackageSource, vkey: string | undefined): Omit<PackageVerdict, "pinned"> {
  const reasons = new Set<string>();
  const { manifest, verifier } = checkManifest(source, reasons);
  if (manifest !== undefined) {
    if (vkey !== undefined && vkey.trim() !== manifest.key) reasons.add("key-differs");
    checkFiles(source, manifest, reasons);
    if (verifier !== undefined) checkHead(source, manifest, verifier, reasons);
    checkEvidence(source, manifest, checkRecords(source, manifest, reasons), reasons);
  }
  return {
    ok: reasons.size === 0,
    reasons: [...reasons].sort(),
    ...(manifest === undefined ? {} : { manifest }),
  };
}

type Reasons = Set<string>;
type Json = Readonly<Record<string, unknown>>;

function checkManifest(source: PackageSource, reasons: Reasons) {
  const bytes = source.read("manifest.json");
  const note = source.read("manifest.note");
  if (bytes === undefined || note === undefined) {
    reasons.add("manifest-missing");
    return {};
  }
  const read = packageManifest.safeParse(parse(bytes));
  if (!read.success) {
    reasons.add("manifest-malformed");
    return {};
  }
  const manifest = read.data;
  const verifier = parseVkey(manifest.key);
  if (verifier === undefined || verifier.vkey !== manifest.key || verifier.name !== originOf(manifest.log)) {
    reasons.add("key-malformed");
    return { manifest };
  }
  const signed = signedText(note, verifier);
  if ("fault" in signed) reasons.add(`note-${signed.fault}`);
  else if (signed.text !== noteText(manifest.log, sha256(bytes))) reasons.add("note-differs");
  return { manifest, verifier };
}

/** Exactly one signature, in the one base64 form it has: a byte that can be flipped unseen is no proof. */
function signedText(note: Buffer, verifier: NoteVerifier): { readonly text: string } | { readonly fault: string } {
  const whole = note.toString();
  const [, base64 = ""] = /\n\n\u2014 [^\s+]+ ([A-Za-z0-9+/]+={0,2})\n$/.exec(whole) ?? [];
  const bytes = Buffer.from(base64, "base64");
  const sole = bytes.length === 68 && bytes.toString("base64") === base64 && Buffer.from(whole).equals(note);
  const { text, check } = checkNote(whole, verifier);
  if (!sole || check === "malformed" || check === "unknown-key") return { fault: "malformed" };
  return check === "signed" ? { text } : { fault: "bad-signature" };
}

function checkFiles(source: PackageSource, manifest: PackageManifest, reasons: Reasons): void {
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  if (listed.size !== manifest.files.length) reasons.add("manifest-malformed");
  if (source.odd) reasons.add("file-unlisted");
  for (const path of source.files) if (!listed.has(path) && !UNLISTED.includes(path)) reasons.add("file-unlisted");
  for (const [path, { bytes, sha256: digest }] of listed) {
    const content = source.files.has(path) && !UNLISTED.includes(path) ? source.read(path) : undefined;
    if (content === undefined) reasons.add("file-missing");
    else if (content.length !== bytes || sha256(content) !== digest) reasons.add("file-changed");
  }
}

function checkHead(source: PackageSource, manifest: PackageManifest, verifier: NoteVerifier, reasons: Reasons): void {
  const note = source.read("checkpoint");
  if (note === undefined) return;
  const signed = signedText(note, verifier);
  const head = "text" in signed ? parseCheckpoint(signed.text) : undefined;
  if (head === undefined || head.origin !== originOf(manifest.log)) reasons.add("checkpoint-bad");
  else if (head.size !== manifest.slice.total || head.root.toString("hex") !== manifest.root)
    reasons.add("head-differs");
}

function checkRecords(source: PackageSource, manifest: PackageManifest, reasons: Reasons): readonly Json[] {
  const { from, to, total, left_out, kind } = manifest.slice;
  const really = from === 0 && to === total ? "whole" : "slice";
  if (from >= to || to > total || left_out !== total - (to - from) || kind !== really) {
    reasons.add("slice-malformed");
    return [];
  }
  const bytes = source.read("records.jsonl");
  if (bytes === undefined) return [];
  const lines = splitLines(bytes);
  if (lines === undefined || lines.length !== to - from) {
    reasons.add("records-count");
    return [];
  }
  const records: Json[] = [];
  const leaves: Buffer[] = [];
  let before = from === 0 ? "0".repeat(64) : undefined;
  for (const [place, line] of lines.entries()) {
    const record = parse(line);
    if (record === undefined || record.v !== 1) {
      reasons.add("records-malformed");
      return [];
    }
    const follows = before === undefined || record.prev === before;
    if (record.seq !== from + place || record.log !== manifest.log || !follows) reasons.add("records-chain");
    const leaf = leafHash(line);
    before = leaf.toString("hex");
    leaves.push(leaf);
    records.push(record);
  }
  const proof = manifest.proof.map((hash) => Buffer.from(hash, "hex"));
  const root = rootOfRange(Buffer.concat(leaves), from, total, proof);
  if (root?.toString("hex") !== manifest.root) reasons.add("root-differs");
  if (records.at(-1)?.ts !== manifest.as_of) reasons.add("slice-malformed");
  return records;
}

function checkEvidence(
  source: PackageSource,
  manifest: PackageManifest,
  records: readonly Json[],
  reasons: Reasons,
): void {
  const added = new Map(
    records.filter(({ type }) => type === "evidence.added").map((record) => [detailsOf(record).id, record]),
  );
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  for (const path of listed.keys()) {
    const id = /^evidence\/(ev-[0-9a-f]{16})\.json$/.exec(path)?.[1];
    const bytes = id === undefined ? undefined : source.read(path);
    if (bytes === undefined) continue;
    const artefact = parse(bytes);
    if (artefact === undefined) {
      reasons.add("evidence-malformed");
      continue;
    }
    const { id: named, ...rest } = artefact;
    const digest = `ev-${sha256(Buffer.from(canonicalJson(rest))).slice(0, 16)}`;
    if (named !== id || digest !== id) {
      reasons.add("evidence-malformed");
      continue;
    }
    const blob = listed.get(`evidence/blobs/${String(artefact.sha256)}`);
    if (blob === undefined || blob.sha256 !== artefact.sha256 || blob.bytes !== artefact.bytes) {
      reasons.add("evidence-missing");
    }
    const record = added.get(id);
    const kept = (record?.evidence as { sha256?: unknown } | undefined)?.sha256;
    if (record === undefined || kept !== artefact.sha256 || detailsOf(record).manifest_sha256 !== sha256(bytes)) {
      reasons.add("evidence-unrecorded");
    }
  }
}

function detailsOf(record: Json): Json {
  const value = (record.details as { value?: unknown } | undefined)?.value;
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

/** Lines without their LF; undefined when the last one has none. */
function splitLines(bytes: Buffer): Buffer[] | undefined {
  const lines: Buffer[] = [];
  let from = 0;
  for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, lf));
    from = lf + 1;
  }
  return from === bytes.length ? lines : undefined;
}

function parse(bytes: Buffer): Json | undefined {
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) return undefined;
  const read = readCanonical(text);
  return "value" in read ? read.value : undefined;
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
