import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import * as formats from "ajv-formats";
import { buildCompliance } from "../../src/cli/build-compliance.ts";
import { buildServices } from "../../src/cli/build-services.ts";
import type { ExportRequest } from "../../src/compliance/package/export-package.ts";
import { SKILL, TEMPLATE } from "../compliance/template.ts";

/**
 * `oscal.ts [schema]`: real packages, exported and held against the official JSON schema of OSCAL assessment results,
 * which lies beside this checkout or is not there. Ends with 1 when a document is not valid.
 */
const SCHEMA = resolve(
  process.argv[2] ?? join(import.meta.dirname, "../../../shared/oscal/oscal_assessment-results_schema.json"),
);

/** Texts that somebody wrote who means no good, or nothing at all. */
const HOSTILE = [
  "two\nlines\r\nand a tab\t",
  " \u00a0 blanks around \u2003 ",
  "\u202eright to left\u202c \u0007\u001b[31mred",
  "| a | table | <script>alert(1)</script> `code` {{y}}",
  "\ud83d\udea8 half \ud83d",
  "\u2028\u2029\ufeff",
  '{"uuid": "not"}',
  "x".repeat(1_500),
  "0",
  ".",
  "-",
  "émigré 日本語 العربية",
];

const PERSON = { by: { kind: "person", name: "Ada | \u202e Lovelace" }, session: "command-line" } as const;

async function exported(home: string): Promise<{ what: string; document: unknown }[]> {
  const { services, close } = await buildServices({ home, alertRoots: undefined });
  const desk = buildCompliance(services, undefined);
  const made: { what: string; document: unknown }[] = [];
  const keep = async (what: string, scope: ExportRequest["scope"]): Promise<void> => {
    const { folder } = await desk.exportPackage({ scope, out: join(home, "out", String(made.length)) }, PERSON);
    made.push({ what, document: JSON.parse(readFileSync(join(folder, "oscal-assessment-results.json"), "utf8")) });
  };
  await services.audit.append({ type: "tool.intent", session: "s1", tool: "search_alerts" });
  await keep("a trail without anything", { kind: "whole" });

  const manual = TEMPLATE.items[0];
  if (manual === undefined) throw new Error("the template has no item");
  const items = Array.from({ length: 120 }, (_, at) => {
    const text = HOSTILE[at % HOSTILE.length] ?? "";
    const controls = [{ framework: "nist-800-53", revision: "5.2.0", control: `AC-${at + 1}(${at})` }];
    return { ...manual, id: `V${at}`, title: text.slice(0, 200), text, must_precede: [], controls };
  });
  const template = { ...TEMPLATE, title: HOSTILE[3] ?? "", items: [...items, ...TEMPLATE.items.slice(1, 2)] };
  const title = HOSTILE[2] ?? "";
  const { id } = await services.checklists.create({ template, skill: SKILL, title, createdBy: PERSON.by });
  const states = ["done", "failed", "not-applicable"] as const;
  for (const [at, item] of items.entries()) {
    const state = states[at % states.length] ?? "done";
    const statement = `${at}: ${HOSTILE[(at + 5) % HOSTILE.length]}`;
    await desk.attest(
      id,
      { item: item.id, state, name: PERSON.by.name, statement, method: "terminal" },
      "command-line",
    );
  }
  for (const [at, text] of HOSTILE.entries()) {
    await desk.addEvidence(
      {
        kind: "log",
        name: `n ${text}`.slice(0, 200),
        controls: [],
        checklist: { id, items: [`V${at}`] },
        from: { text: text || " " },
      },
      PERSON,
    );
  }
  await keep("many findings, every text hostile", { kind: "checklist", value: id });
  await desk.verifyChecklist(id, {}, PERSON);
  await keep("the same after its tests were run", { kind: "checklist", value: id });
  await keep("everything", { kind: "whole" });
  await keep("a window", { kind: "window", fromMs: 0, toMs: Date.now() + 60_000 });
  await close();
  return made;
}

async function main(): Promise<number> {
  if (!existsSync(SCHEMA)) {
    console.log("oscal: skipped, the schema is not beside this checkout");
    return 0;
  }
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default.default(ajv);
  const isValid = ajv.compile(JSON.parse(readFileSync(SCHEMA, "utf8")));
  const home = mkdtempSync(join(tmpdir(), "falco-skills-oscal-"));
  let wrong = 0;
  try {
    for (const { what, document } of await exported(home)) {
      const valid = isValid(document);
      const { results } = (document as { "assessment-results": { results: { findings?: unknown[] }[] } })[
        "assessment-results"
      ];
      console.log(`${valid ? "valid" : "NOT VALID"}: ${what}, ${results[0]?.findings?.length ?? 0} findings`);
      if (valid) continue;
      wrong += 1;
      for (const { instancePath, message } of (isValid.errors ?? []).slice(0, 20))
        console.log(`  ${instancePath}: ${message}`);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
