import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";

const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that is removed after the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "falco-skills-test-"));
  made.push(folder);
  return folder;
}

export const MANIFEST =
  "---\nname: my-skill\ndescription: Does a thing. Use it when the thing is wanted.\n---\n\n# My skill\n";

export const CHECKLIST = `version: 1
title: Work
summary: What it is for.
phases:
  - { id: one, title: One }
items:
  - { id: A1, phase: one, title: First, text: Do it., kind: manual, must_precede: [A2], severity: high }
  - { id: A2, phase: one, title: Second, text: Do it., kind: hybrid, test: t-2, severity: low }
  - { id: A3, phase: one, title: Third, text: Seen by a test., kind: auto, test: t-3, severity: low }
`;

/** Writes files below `root/name` and gives that folder. */
export function skillFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  name = "my-skill",
  root = tempFolder(),
) {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}
