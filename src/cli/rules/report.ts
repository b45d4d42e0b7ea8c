import { type Finding, toSarif } from "../../rules/lint/to-sarif.ts";
import { visible } from "../../text/visible.ts";
import { colors, printJson, printLine } from "../print.ts";
import { packageVersion } from "../version.ts";
import { counted, type Loaded, type RulesFlags } from "./loaded-rules.ts";

/** Prints findings in the form that was asked for; exit code 1 when something fails. */
export function report(findings: readonly Finding[], loaded: Loaded, flags: RulesFlags): void {
  const count = (severity: Finding["severity"]) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = [count("error"), count("warning"), count("note")];
  if (errors > 0 || (flags.strict === true && warnings > 0)) process.exitCode = 1;
  if (flags.format === "sarif") {
    const texts = new Map(loaded.files.map(({ name, text }) => [name, text]));
    printJson(toSarif(findings, packageVersion(), (file) => texts.get(file) ?? ""));
  } else if (flags.format === "json") {
    const { rules, digest } = loaded.ruleSet;
    printJson({ ok: loaded.ok, errors, warnings, notes, rules: rules.length, digest, findings });
  } else {
    for (const finding of findings) printFinding(finding);
    const noted = notes > 0 ? `, ${counted(notes, "note")}` : "";
    const where = `${counted(loaded.ruleSet.rules.length, "rule")} of ${counted(loaded.files.length, "file")}`;
    const totals = `${counted(errors, "error")}, ${counted(warnings, "warning")}${noted} in ${where}`;
    printLine(errors > 0 ? colors.red(totals) : warnings > 0 ? colors.yellow(totals) : colors.green(totals));
  }
}

export const SEVERITY_COLORS = { error: colors.red, warning: colors.yellow, note: colors.cyan } as const;

function printFinding({ code, severity, message, file, line, column, frame, within, fix }: Finding): void {
  printLine(`${SEVERITY_COLORS[severity](severity)} ${colors.bold(code)}: ${visible(message)}`);
  const items = within.length === 0 ? "" : ` in ${visible(within.join(", "))}`;
  printLine(`${visible(file)}:${line}:${column}${colors.dim(items)}`);
  if (frame !== "") printLine(frame);
  printLine(`${visible(fix)}\n`);
}
