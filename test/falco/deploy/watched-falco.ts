import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FalcoHealth } from "../../../src/falco/deploy/deployment.ts";

/** A Falco as deployments see one: it has the files it read when it was last made to read them. */
export class WatchedFalco {
  loaded: Record<string, string>;
  /** How often it was asked; once before anything is written. */
  polls = 0;
  reloads = 0;
  /** How it answers; a test changes what it is about. */
  answer: (falco: WatchedFalco) => Partial<FalcoHealth> = () => ({});
  loads = true;
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    this.loaded = hashes(folder);
  }

  reload(): void {
    this.reloads += 1;
    if (this.loads) this.loaded = hashes(this.folder);
  }

  health(): FalcoHealth {
    this.polls += 1;
    return { healthy: true, version: "0.44.0", loadedHashes: this.loaded, ...this.answer(this) };
  }
}

export function textsIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(names.map(({ name }) => [name, readFileSync(join(folder, name), "utf8")]));
}

export function hashes(folder: string): Record<string, string> {
  const entries = Object.entries(textsIn(folder)).filter(([name]) => /\.ya?ml$/.test(name));
  return Object.fromEntries(entries.map(([name, text]) => [name, createHash("sha256").update(text).digest("hex")]));
}
