import { createPrivateKey, type KeyObject } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { writeNew } from "../paths/write-file.ts";
import { keyUnusable } from "./errors.ts";
import { keyFromSeed } from "./signed-note.ts";

/** The key in an identity file; undefined when there is none. Fails when others than its owner may read it. */
export function loadIdentityKey(path: string): KeyObject | undefined {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  if (!facts.isFile()) throw keyUnusable("the identity key is no plain file", path);
  if (process.platform !== "win32" && (facts.mode & 0o077) !== 0) {
    throw keyUnusable(`the identity key has mode "${(facts.mode & 0o777).toString(8)}": others may read it`, path);
  }
  try {
    const key = createPrivateKey(readFileSync(path));
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EACCES") throw keyUnusable("the identity key may not be read", path);
  }
  throw keyUnusable("the identity key is no Ed25519 key in PEM", path);
}

/** A new key, written with mode 0600 before it is used. `seed` is 32 random bytes. */
export function createIdentityKey(path: string, seed: Uint8Array): KeyObject {
  const key = keyFromSeed(seed);
  writeNew(path, key.export({ format: "pem", type: "pkcs8" }), 0o600);
  return key;
}
