import type { FalcoFinding } from "../../rules/falco-finding.ts";
import type { FalcoLoadResult } from "../../rules/falco-load-results.ts";
import { isObject, type JsonObject } from "./read-document.ts";

/** Names that the files were given, by the names they had for Falco. */
export type GivenNames = ReadonlyMap<string, string>;

/**
 * `falco_load_results` in our own shape, names as given; undefined where the document has none, has another number of
 * files, or lacks what a result must have. Keys that this version of Falco does not print are left out.
 */
export function readLoadResults(
  document: JsonObject | undefined,
  names: GivenNames,
): readonly FalcoLoadResult[] | undefined {
  const results = document?.falco_load_results;
  if (!Array.isArray(results) || results.length !== names.size) return undefined;
  const read = results.map((result) => readResult(result, names));
  return read.every((result) => result !== undefined) ? read : undefined;
}

function readResult(result: unknown, names: GivenNames): FalcoLoadResult | undefined {
  if (!isObject(result)) return undefined;
  const { name, successful, schema_valid, schema_warnings } = result;
  if (typeof name !== "string" || typeof successful !== "boolean") return undefined;
  const [errors, warnings] = [readFindings(result.errors, names), readFindings(result.warnings, names)];
  if (errors === undefined || warnings === undefined) return undefined;
  return {
    name: names.get(name) ?? name,
    successful,
    ...(typeof schema_valid === "boolean" ? { schema_valid } : {}),
    ...(Array.isArray(schema_warnings) ? { schema_warnings: schema_warnings.map(String) } : {}),
    errors,
    warnings,
  };
}

function readFindings(findings: unknown, names: GivenNames): readonly FalcoFinding[] | undefined {
  if (!Array.isArray(findings)) return undefined;
  const read = findings.map((finding) => readFinding(finding, names));
  return read.every((finding) => finding !== undefined) ? read : undefined;
}

function readFinding(finding: unknown, names: GivenNames): FalcoFinding | undefined {
  if (!isObject(finding) || typeof finding.code !== "string") return undefined;
  const { code, codedesc, message, context, deprecated_field } = finding;
  const { locations, snippet } = isObject(context) ? context : {};
  return {
    code,
    codedesc: textOf(codedesc),
    message: textOf(message),
    context: {
      locations: (Array.isArray(locations) ? locations : []).filter(isObject).map((location) => {
        const position = isObject(location.position) ? location.position : {};
        const name = textOf(position.name);
        return {
          item_type: textOf(location.item_type),
          item_name: textOf(location.item_name),
          position: {
            name: names.get(name) ?? name,
            line: numberOf(position.line),
            column: numberOf(position.column),
            offset: numberOf(position.offset),
          },
        };
      }),
      snippet: textOf(snippet),
    },
    ...(typeof deprecated_field === "string" ? { deprecated_field } : {}),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
