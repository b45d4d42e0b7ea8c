import { visible } from "../../text/visible.ts";
import type { CaseResult } from "./rule-test.ts";

/** The results as JUnit XML: a suite a case, a test a check; a faulty input is an error of its case. */
export function toJunit(results: readonly CaseResult[]): string {
  const suites = results.map((result) => {
    const failures = result.checks.filter((check) => !check.ok).length;
    const errors = result.fault === undefined ? 0 : 1;
    const tests = result.checks.map((check) => {
      const open = `    <testcase classname=${quoted(result.name)} name=${quoted(`${check.kind} ${check.rule}`)}`;
      if (check.ok) return `${open}/>`;
      const alerts = check.alerts.map(({ eventNumber, output }) => `event ${eventNumber}: ${output}`);
      const body = escaped([check.message, ...alerts].join("\n"));
      return `${open}>\n      <failure message=${quoted(check.message)}>${body}</failure>\n    </testcase>`;
    });
    if (result.fault !== undefined) {
      const { code, message } = result.fault;
      tests.push(
        `    <testcase classname=${quoted(result.name)} name="input">\n      <error type=${quoted(code)} message=${quoted(message)}/>\n    </testcase>`,
      );
    }
    const counts = `tests="${tests.length}" failures="${failures}" errors="${errors}"`;
    return `  <testsuite name=${quoted(result.name)} ${counts}>\n${tests.join("\n")}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("\n")}\n</testsuites>\n`;
}

const quoted = (text: string): string => `"${escaped(visible(text))}"`;

/** XML knows no way to write control characters, so hidden ones are shown; line feeds stand for themselves. */
function escaped(text: string): string {
  return text
    .split("\n")
    .map(visible)
    .join("\n")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
