import { createInterface } from "node:readline";
import { describeError } from "../../src/errors/describe-error.ts";

/** Answers each question on standard input, one JSON object a line, with what `answer` gives: the JSON of the answer's own keys. */
export async function answerLines<Question extends { readonly id: string }>(
  answer: (question: Question) => Promise<string>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    const question = JSON.parse(line) as Question;
    process.stdout.write(`{"id":${JSON.stringify(question.id)},${await answer(question).catch(failure)}}\n`);
  }
}

/** `,"error":{…}` for a faulty capture, nothing for a whole one. */
export function errorJson(fault: { readonly code: string; readonly message: string } | undefined): string {
  return fault === undefined ? "" : `,"error":${JSON.stringify({ code: fault.code, message: fault.message })}`;
}

function failure(thrown: unknown): string {
  const { code, message } = describeError(thrown);
  return `"error":${JSON.stringify({ code, message })}`;
}
