import type { Checklist } from "../checklist.ts";
import type { HeldArtefact } from "../checks/check.ts";
import type { ControlAnswer } from "../controls/answer-controls.ts";
import { escapeMarkdown } from "../escape-markdown.ts";
import { renderChecklistMarkdown } from "../render-checklist-markdown.ts";
import type { TrailSlice } from "./read-slice.ts";

export interface ReportInput {
  readonly slice: TrailSlice;
  readonly asOf: string;
  readonly artefacts: readonly HeldArtefact[];
  readonly controls: readonly ControlAnswer[];
  readonly checklist?: Checklist;
  readonly warnings: readonly string[];
}

/** The package for a reader of paper: what it shows, what it leaves out, artefacts, controls, the checklist. */
export function reportMarkdown({ slice, asOf, artefacts, controls, checklist, warnings }: ReportInput): string {
  const { from, to, total, log } = slice;
  const part =
    from === 0 && to === total
      ? `all ${total} records of the trail`
      : `**a slice**: records ${from} to ${to - 1} of ${total}; ${total - (to - from)} records are not shown`;
  return [
    "# Evidence package",
    "",
    `- Trail ${log}, ${part}.`,
    `- As of ${asOf}. Ages are counted to that time.`,
    "- It states what was observed, over what, and what was not. It does not state that a control is met.",
    "- How to check it without trusting anybody: VERIFY.md.",
    "",
    ...warnings.map((warning) => `> **Warning:** ${escapeMarkdown(warning)}\n`),
    "## Artefacts",
    "",
    ...artefactTable(artefacts),
    "",
    "## Controls",
    "",
    ...controlTable(controls),
    "",
    ...(checklist === undefined ? [] : ["---", "", renderChecklistMarkdown(checklist)]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

function artefactTable(artefacts: readonly HeldArtefact[]): string[] {
  if (artefacts.length === 0) return ["None."];
  return [
    "| id | kind | name | taken | by | bytes | counts |",
    "| --- | --- | --- | --- | --- | ---: | --- |",
    ...artefacts.map(({ evidence: { manifest }, bytes }) => {
      const { id, kind, name, collected, counts } = manifest;
      const sums =
        counts === undefined ? "" : `${counts.read} read = ${counts.parsed} parsed + ${counts.rejected} rejected`;
      const who = `${collected.by.kind} ${escapeMarkdown(collected.by.name)}`;
      const size = bytes === "whole" ? String(manifest.bytes) : `${manifest.bytes} (${bytes})`;
      return `| ${id} | ${kind} | ${escapeMarkdown(name)} | ${collected.at} | ${who} | ${size} | ${sums} |`;
    }),
  ];
}

function controlTable(controls: readonly ControlAnswer[]): string[] {
  if (controls.length === 0) return ["No control of the mapping pack has evidence here."];
  return [
    "| control | what it is about | relation | strength | state | why | newest |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...controls.map(({ mapping, state, why, newestAt }) => {
      const name = `${mapping.framework} ${mapping.revision} ${mapping.control}`;
      return `| ${name} | ${escapeMarkdown(mapping.title)} | ${mapping.relation} | ${mapping.strength} | ${state} | ${escapeMarkdown(why)} | ${newestAt ?? ""} |`;
    }),
  ];
}

/** How a person checks the package with nothing but Python and openssl. */
export function verifyMarkdown({ log, vkey, from, to, total }: TrailSlice): string {
  return `# Checking this package

You need Python 3.8 or later and openssl 1.1.1 or later. Nothing is sent anywhere.

1. Get the public key from the people who keep the trail, by a way other than this package. The package claims:

   \`${vkey}\`

2. Run, in this folder:

   \`python3 verify.py --key '${vkey}'\`

   with the key that **you were given**. Exit code 0 and \`holds\` mean that all of the following is true.
   It reads a zip, too: \`python3 verify.py PACKAGE.zip --key …\`, with the verify.py of a package you trust.
   Without \`--key\` the package vouches for itself, and the verifier says UNPINNED.

| what is checked | how |
| --- | --- |
| no file was changed, added or taken away | manifest.json lists each with its SHA-256; manifest.note signs the manifest |
| the records are those of the trail | each line names the hash of the line before; the hashes lead through manifest.json's \`proof\` to the tree head |
| the tree head is the trail's | \`checkpoint\` is signed by the same key (a C2SP note, Ed25519) |
| nothing inside the slice is missing | record numbers ${from} to ${to - 1} run without a gap, ${total - (to - from)} of ${total} records lie outside and are said to |
| artefacts are what was taken in | a manifest's id is the digest of the rest of it; its record in the trail names manifest and bytes |

The verifier is short: read it. To use none of our code at all, take the last step by hand:

    sed '/^$/,$d' manifest.note > text            # the signed text; its third line is the SHA-256 of manifest.json
    sha256sum manifest.json

## What it does not prove

- That what was recorded is true, that the host's clock was right, or that nothing happened outside the server.
- Anything about records outside the slice, or after record ${total - 1}, of trail ${log}.
- Anything against somebody who held the signing key when the package was made: compare the tree head with one that was
  kept elsewhere before.
`;
}
