import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

const ED25519 = 1;
// PKCS #8 and SubjectPublicKeyInfo in front of the 32 bytes of an Ed25519 key (RFC 8410).
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const MAX_NOTE_CHARACTERS = 65_536;
const MAX_SIGNATURES = 16;

export interface NoteVerifier {
  readonly name: string;
  /** First four bytes of SHA-256(name || LF || 0x01 || public key). */
  readonly keyId: Buffer;
  readonly key: KeyObject;
  readonly vkey: string;
}

export interface NoteSigner extends NoteVerifier {
  readonly privateKey: KeyObject;
}

/** Whether a note is signed by a key, and if not, why. */
export type NoteCheck = "signed" | "malformed" | "unknown-key" | "bad-signature";

/** A private key object from its 32 byte seed. */
export function keyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: "der", type: "pkcs8" });
}

export function noteSigner(name: string, privateKey: KeyObject): NoteSigner {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const raw = spki.subarray(PUBLIC_PREFIX.length);
  const verifier = parseVkey(formatVkey(name, raw));
  if (verifier === undefined) throw new TypeError(`"${name}" is no name of a key`);
  return { ...verifier, privateKey };
}

function formatVkey(name: string, raw: Uint8Array): string {
  const material = Buffer.concat([Buffer.of(ED25519), raw]);
  return `${name}+${keyIdOf(name, material).toString("hex")}+${material.toString("base64")}`;
}

function keyIdOf(name: string, material: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), material]), "buffer").subarray(0, 4);
}

/** The verifier of a C2SP vkey `<name>+<hex key id>+<base64 of 0x01 and 32 bytes>`; undefined when the text is none. */
export function parseVkey(vkey: string): NoteVerifier | undefined {
  const match = /^([^\s+]{1,256})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(vkey.trim());
  const [, name = "", id = "", base64 = ""] = match ?? [];
  const material = Buffer.from(base64, "base64");
  if (match === null || material.length !== 33 || material[0] !== ED25519) return undefined;
  const keyId = keyIdOf(name, material);
  if (keyId.toString("hex") !== id) return undefined;
  const der = Buffer.concat([PUBLIC_PREFIX, material.subarray(1)]);
  return { name, keyId, key: createPublicKey({ key: der, format: "der", type: "spki" }), vkey: vkey.trim() };
}

/**
 * A C2SP signed note: the text (each line ended by LF), an empty line, `— <name> <base64 of key id and signature>`.
 */
export function signNote(text: string, { name, keyId, privateKey }: NoteSigner): string {
  const signature = sign(null, Buffer.from(text), privateKey);
  return `${text}\n\u2014 ${name} ${Buffer.concat([keyId, signature]).toString("base64")}\n`;
}

/** The note's text when it can be told apart from the signatures, and whether `verifier` signed it. */
export function checkNote(note: string, verifier: NoteVerifier): { readonly text: string; readonly check: NoteCheck } {
  const parts = splitNote(note);
  if (parts === undefined) return { text: "", check: "malformed" };
  const { text, signatures } = parts;
  let check: NoteCheck = "unknown-key";
  for (const line of signatures) {
    const [, name, base64 = ""] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    if (name === undefined) return { text, check: "malformed" };
    const bytes = Buffer.from(base64, "base64");
    if (name !== verifier.name || !bytes.subarray(0, 4).equals(verifier.keyId)) continue;
    if (!verify(null, Buffer.from(text), verifier.key, bytes.subarray(4))) return { text, check: "bad-signature" };
    check = "signed";
  }
  return { text, check };
}

function splitNote(note: string): { readonly text: string; readonly signatures: readonly string[] } | undefined {
  const at = note.lastIndexOf("\n\n");
  if (note.length > MAX_NOTE_CHARACTERS || at < 0 || !note.endsWith("\n")) return undefined;
  const signatures = note.slice(at + 2, -1).split("\n");
  return signatures.length > MAX_SIGNATURES ? undefined : { text: note.slice(0, at + 1), signatures };
}
