import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FalcoHealth } from "../../../src/falco/deploy/deployment.ts";

/** A Falco as deployments see one: it has the files it read when it was last made to read them. */
export class WatchedFalco {
  loaded: readonly LoadedFile[];
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
    return { healthy: true, version: "0.44.0", loadedFiles: this.loaded, ...this.answer(this) };
  }
}

export function textsIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(names.map(({ name }) => [name, readFileSync(join(folder, name), "utf8")]));
}

type LoadedFile = NonNullable<FalcoHealth["loadedFiles"]>[number];

/** As Falco's metrics tell them: names without folders. */
export function hashes(folder: string): LoadedFile[] {
  const entries = Object.entries(textsIn(folder)).filter(([name]) => /\.ya?ml$/.test(name));
  return entries.map(([name, text]) => ({ name, sha256: createHash("sha256").update(text).digest("hex") }));
}

/** What Falco answers, by how often it was asked: twice before anything is written. */
export type Answer = WatchedFalco["answer"];

export function bad(from: number): Answer {
  return ({ polls }) => (polls > from ? { healthy: false, problem: "it died" } : {});
}
export function dead(from: number): Answer {
  return ({ polls }) => {
    if (polls > from) throw new Error("connect ECONNREFUSED");
    return {};
  };
}
export function stubborn(falco: WatchedFalco): ReturnType<Answer> {
  falco.loads = false;
  return {};
}
export function forgets(from: number): Answer {
  return ({ polls }) => (polls > from ? { loadedFiles: [{ name: "other.yaml", sha256: "00" }] } : {});
}
export function later(from: number, then: ReturnType<Answer>, before: ReturnType<Answer>): Answer {
  return ({ polls }) => (polls > from ? then : before);
}
export function once(poll: number, answer: ReturnType<Answer>): Answer {
  return ({ polls }) => (polls === poll ? answer : {});
}
export function between(from: number, to: number, answer: ReturnType<Answer>): Answer {
  return ({ polls }) => (polls >= from && polls <= to ? answer : {});
}
