import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const FIXTURES = join(import.meta.dirname, "../../fixtures/falco");
const PROGRAM = pathToFileURL(join(import.meta.dirname, "fake-falco.mjs")).href;

/** One recorded run of Falco 0.44. */
export interface Transcript {
  readonly id: string;
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Recorded {
  readonly container: string;
  readonly cases: readonly (Transcript & { readonly at?: string })[];
}

const { cases, container } = JSON.parse(readFileSync(join(FIXTURES, "transcripts.json"), "utf8")) as Recorded;

/** Every recorded run, its texts as Falco printed them. */
export const TRANSCRIPTS: readonly Transcript[] = cases.map(({ at = "", stderr, ...rest }) => ({
  ...rest,
  stderr: stderr.replace("<container>", () => container).replaceAll("<at>", at),
}));

export interface FakeFalco {
  /** See MODES in fake-falco.mjs; plays recordings without one. */
  readonly mode?: string;
  /** What `--version` and `--help` print, where it is not what 0.44 prints. */
  readonly version?: string;
  readonly help?: string;
  /** Of the mode says-stderr. */
  readonly stderr?: string;
  readonly exit?: number;
}

/** Makes an executable `falco` in the folder, a real program of its own, and gives its path. */
export function makeFakeFalco(folder: string, fake: FakeFalco = {}): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "falco");
  writeFileSync(path, `#!${process.execPath}\nimport(${JSON.stringify(PROGRAM)});\n`, { mode: 0o755 });
  setFakeFalco(folder, fake);
  return path;
}

/** Changes what the program in the folder does from now on; the executable stays the same, byte for byte. */
export function setFakeFalco(folder: string, fake: FakeFalco): void {
  const places = { transcripts: join(FIXTURES, "transcripts.json"), documents: join(FIXTURES, "documents.json") };
  writeFileSync(join(folder, "fake-falco.json"), JSON.stringify({ ...fake, ...places }));
}
