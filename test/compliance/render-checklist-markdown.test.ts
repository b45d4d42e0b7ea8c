import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeMarkdown } from "../../src/compliance/escape-markdown.ts";
import { foldChecklist } from "../../src/compliance/fold-checklist.ts";
import { renderChecklistMarkdown } from "../../src/compliance/render-checklist-markdown.ts";
import { SKILL, TEMPLATE } from "./template.ts";

const at = "2026-11-24T12:00:00.000Z";
const by = { kind: "agent", name: "claude" };
const creation = (more: object = {}) => ({
  v: 1,
  op: "create",
  id: "case-7",
  at,
  by: { kind: "person", name: "Ana" },
  title: "Case 7",
  skill: SKILL,
  template: TEMPLATE,
  ...more,
});
const change = (id: string, more: object) => ({ v: 1, op: "item", id, at, by, evidence: [], ...more });

function render(...lines: readonly object[]): string {
  const folded = foldChecklist(`${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
  if (typeof folded === "string") throw new Error(folded);
  return renderChecklistMarkdown(folded);
}

test("a checklist reads well on paper", () => {
  expect(
    render(
      creation({ scope: "cluster a, 24 November" }),
      change("1", { item: "V1", state: "done", note: "copied", evidence: ["ev-1"] }),
      change("2", { item: "C1", state: "blocked", reason: "waits for Ana" }),
    ),
  ).toMatchInlineSnapshot(`
    "# Case 7

    - Checklist: case-7
    - Skill: my-skill, sha256:0000000000000000000000000000000000000000000000000000000000000000
    - Scope: cluster a, 24 November
    - Started: 2026-11-24 12:00:00 UTC by person Ana

    A small case.

    **1 of 4 items settled.** 2 rest on an agent's report, 0 on a person's attestation, 0 on a test.

    | state | items |
    | --- | ---: |
    | open | 1 |
    | done | 1 |
    | blocked | 1 |
    | not-evaluated | 1 |

    No critical item is unsettled.
    Critical and settled by an agent's report alone: V1.

    ## What Falco could not see

    Not determined yet: no test has run.

    ## Preserve

    - [x] **V1 Title of V1** — done (reported)

      Text of V1.

      - critical, manual
      - Note: copied
      - Set: 2026-11-24 12:00:00 UTC by agent claude
      - Evidence asked for: capture files
      - Evidence named: ev-1
      - Before: C1

    - [ ] **V2 Title of V2** — not-evaluated

      Text of V2.

      - high, auto; test evidence-complete: not-evaluated
      - Reason: no automatic test has run yet
      - Before: C1

    ## Contain

    - [ ] **C1 Title of C1** — blocked (reported)

      Text of C1.

      - high, manual
      - Reason: waits for Ana
      - Set: 2026-11-24 12:00:00 UTC by agent claude
      - Controls: nist-800-53 5.2.0 IR-4

    - [ ] **C2 Title of C2** — open

      Text of C2.

      - low, hybrid; test actions-recorded: not-evaluated

    ## Changes

    | when | item | state | by |
    | --- | --- | --- | --- |
    | 2026-11-24 12:00:00 UTC | V1 | done | agent claude |
    | 2026-11-24 12:00:00 UTC | C1 | blocked | agent claude |
    "
  `);
});

test.each([
  ["plain words", "plain words"],
  ["# head", "\\# head"],
  ["- item", "\\- item"],
  ["1. item", "1\\. item"],
  ["12) item", "12\\) item"],
  ["a | b", "a \\| b"],
  ["**bold** _it_ ~~no~~ `code`", "\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~ \\`code\\`"],
  ["![x](https://e.example/?q=1)", "!\\[x\\](https\\://e.example/?q=1)"],
  ["<img src=x>", "\\<img src=x\\>"],
  ["&lt;", "\\&lt;"],
  ["www.e.example", "www\\.e.example"],
  ["a@b.example", "a\\@b.example"],
  ["one\r\n\n## two", "one / ## two"],
  ["\u001b[31mred\u202e", "\\\\u{1b}\\[31mred\\\\u{202e}"],
  ["\\", "\\\\"],
])("%j is shown as %s", (text, shown) => {
  expect(escapeMarkdown(text)).toBe(shown);
});

test("whatever somebody typed, the page keeps its lines and shows nothing hidden", () => {
  const count = (page: string) => page.split("\n").length;
  const typed = fc.string({ unit: "binary", minLength: 1, maxLength: 60 }).filter((text) => text.trim() !== "");
  fc.assert(
    fc.property(typed, typed, typed, (title, note, name) => {
      const page = (a: string, b: string, c: string) =>
        render(
          creation({ title: a, scope: b }),
          change("1", {
            item: "V1",
            state: "blocked",
            reason: a,
            note: b,
            by: { kind: "agent", name: c },
            evidence: [c],
          }),
        );
      const hostile = page(title, note, name);
      expect(count(hostile)).toBe(count(page("t", "n", "a")));
      expect(hostile).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
    }),
  );
});

test("a long text is cut with its length", () => {
  const page = render(creation(), change("1", { item: "V1", state: "open", note: "n".repeat(3000) }));
  expect(page).toContain(`Note: ${"n".repeat(1000)}… (3000 characters)`);
});

test("what could not be read stands on the page", () => {
  expect(render(creation(), { foreign: true })).toContain("> **Warning:** line 2 of the file was left out");
});
