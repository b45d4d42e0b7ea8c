import { visible } from "../../text/visible.ts";
import type { KeptLines } from "./falco-binary.ts";
import type { OutputLine } from "./split-lines.ts";

/** What stderr says, read line by line while Falco runs. */
export interface ErrorReader {
  take(line: OutputLine): void;
  /** What follows "Error: " or stands in "Runtime error: …. Exiting.". */
  errorText(): string | undefined;
  /** The same as Falco printed it, without a date. */
  lastWords(): string | undefined;
  log(): KeptLines;
  /** "event drop detected" and "times actions taken". */
  drops(): { readonly dropsDetected?: number; readonly dropActions?: number };
  warnings(): readonly string[];
}

const MAX_ERROR_CHARACTERS = 64 * 1024;
const MAX_LOG_LINES = 100;
const MAX_SHOWN = 500;
const MAX_WARNINGS = 20;
const DATED =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}): /;

export function errorReader(): ErrorReader {
  const error: string[] = [];
  let errorCharacters = 0;
  let isError = false;
  let lead = "";
  let tail = "";
  const first: string[] = [];
  let count = 0;
  const warnings: string[] = [];
  let dropsDetected: number | undefined;
  let dropActions: number | undefined;

  function addError(text: string): void {
    if (errorCharacters >= MAX_ERROR_CHARACTERS) return;
    error.push(text.slice(0, MAX_ERROR_CHARACTERS - errorCharacters));
    errorCharacters += text.length + 1;
  }

  return {
    take({ bytes }) {
      const text = bytes.toString("utf8");
      const date = DATED.exec(text)?.[0];
      const said = date === undefined ? text : text.slice(date.length);
      const begins = /^(?:Error: |Runtime error: |terminate called |.{0,200}Assertion )/.exec(said);
      if (begins !== null) {
        isError = true;
        error.length = 0;
        errorCharacters = 0;
        lead = /^(?:Error|Runtime error): /.exec(said)?.[0] ?? "";
        tail = lead === "Runtime error: " ? (/\. Exiting\.$/.exec(said)?.[0] ?? "") : "";
        addError(said.slice(lead.length, said.length - tail.length));
        return;
      }
      if (isError && date === undefined) return addError(said);
      isError = false;
      const drops = /^ {3}- event drop detected: (\d{1,15}) occurrences$/.exec(text)?.[1];
      const actions = /^ {3}- num times actions taken: (\d{1,15})$/.exec(text)?.[1];
      if (drops !== undefined) dropsDetected = Number(drops);
      if (actions !== undefined) dropActions = Number(actions);
      if (/^ {3}\S.{0,500} \| schema validation: failed/.test(said) && warnings.length < MAX_WARNINGS) {
        warnings.push(`falco: ${cut(said.trim())}`);
      }
      if (text.trim() === "") return;
      count += 1;
      if (first.length < MAX_LOG_LINES) first.push(cut(text));
    },
    errorText: () => (error.length === 0 ? undefined : error.join("\n").trimEnd()),
    lastWords: () => (error.length === 0 ? undefined : `${lead}${error.join("\n").trimEnd()}${tail}`),
    log: () => ({ count, first }),
    drops: () => ({
      ...(dropsDetected === undefined ? {} : { dropsDetected }),
      ...(dropActions === undefined ? {} : { dropActions }),
    }),
    warnings: () => warnings,
  };
}

function cut(text: string): string {
  return visible(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
