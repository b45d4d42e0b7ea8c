import type { RuleDiagnostic } from "../load-rules.ts";
import { LINTS } from "./lint-codes.ts";
import type { LintFinding } from "./lint-finding.ts";

/** What a report is made of: Falco's verdict and the lints, in one form. */
export type Finding = LintFinding | RuleDiagnostic;

/** A SARIF 2.1.0 log with one run: what code scanning of GitHub, GitLab and others reads. */
export interface SarifLog {
  readonly $schema: string;
  readonly version: "2.1.0";
  readonly runs: readonly [SarifRun];
}

interface SarifRun {
  readonly tool: {
    readonly driver: {
      readonly name: string;
      readonly version: string;
      readonly informationUri: string;
      readonly rules: readonly SarifRule[];
    };
  };
  readonly columnKind: "utf16CodeUnits";
  readonly results: readonly SarifResult[];
}

interface SarifRule {
  readonly id: string;
  readonly shortDescription: { readonly text: string };
  readonly help: { readonly text: string };
  readonly defaultConfiguration: { readonly level: SarifLevel };
}

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: SarifLevel;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region: {
        readonly startLine: number;
        readonly startColumn: number;
        readonly endLine: number;
        readonly endColumn: number;
      };
    };
    readonly logicalLocations?: readonly { readonly name: string }[];
  }[];
}

type SarifLevel = "error" | "warning" | "note";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME = "https://falco.org/docs/concepts/rules/";

/** The findings as SARIF. `textOf` gives a file's text, from which ends of regions are counted. */
export function toSarif(findings: readonly Finding[], version: string, textOf: (file: string) => string): SarifLog {
  const ids = [...new Set(findings.map(({ code }) => code))].sort();
  const rules = ids.map((id) => sarifRule(id, findings));
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "falco-skills", version, informationUri: HOME, rules } },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => sarifResult(finding, ids.indexOf(finding.code), textOf(finding.file))),
      },
    ],
  };
}

function sarifRule(id: string, findings: readonly Finding[]): SarifRule {
  const lint = id in LINTS ? LINTS[id as keyof typeof LINTS] : undefined;
  const first = findings.find(({ code }) => code === id);
  const text = lint?.reason ?? "Falco reports this when it loads the file.";
  return {
    id,
    shortDescription: { text },
    help: {
      text: lint === undefined ? (first?.fix ?? text) : `${text}\n\nInstead of\n${lint.example}\nwrite\n${lint.mended}`,
    },
    defaultConfiguration: { level: lint?.severity ?? first?.severity ?? "warning" },
  };
}

function sarifResult(
  { code, severity, message, fix, file, span, line, column, within }: Finding,
  ruleIndex: number,
  text: string,
): SarifResult {
  const marked = text.slice(span.start, Math.max(span.start, span.end)).split("\n");
  const last = marked.at(-1) ?? "";
  const endLine = line + Math.max(0, marked.length - 1);
  const endColumn = marked.length > 1 ? last.length + 1 : column + Math.max(1, last.length);
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: `${message}. ${fix}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file) },
          region: {
            startLine: Math.max(1, line),
            startColumn: Math.max(1, column),
            endLine: Math.max(1, endLine),
            endColumn,
          },
        },
        ...(within.length === 0 ? {} : { logicalLocations: within.map((name) => ({ name })) }),
      },
    ],
  };
}

/** A relative reference, or a file URI for an absolute path; every part percent-encoded. */
function uriOf(path: string): string {
  const parts = path.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${parts}` : parts;
}
