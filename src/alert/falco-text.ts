/** A text alert of a Falco without json_output, in either time format: to be told apart from the log lines below. */
const TEXT_ALERT =
  /^(?:\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{9}\S{0,6}: (?:Emergency|Alert|Critical|Error|Warning|Notice|Informational|Debug) /;

/** Lines that Falco mixes into its JSON: counts at exit, drop counts, and its log where stderr is joined in. */
const STATISTICS: readonly RegExp[] = [
  /^Events detected: \d+$/,
  /^Rule counts by severity:$/,
  /^Triggered rules by rule name:$/,
  /^ {3}\S.{0,500}: \d+$/,
  /^Syscall event drop monitoring:$/,
  /^ {3}- event drop detected: \d+ occurrences$/,
  /^ {3}- num times actions taken: \d+$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?: /,
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}: /,
  /^Driver (?:Events|Drops):\s*\d+/,
  /^Elapsed time: [\d.]+,/,
];

/** True for a line of Falco's own statistics or log, which holds no alert. False for an alert in plain text. */
export function isFalcoText(line: string): boolean {
  return !TEXT_ALERT.test(line) && STATISTICS.some((pattern) => pattern.test(line));
}
