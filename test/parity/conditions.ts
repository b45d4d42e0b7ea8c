import { matchConditions } from "../replay/match-conditions.ts";
import { answerLines, errorJson } from "./answer-lines.ts";

/** At which events of a capture each of these conditions holds. */
interface Question {
  readonly id: string;
  readonly capture: string;
  readonly conditions: readonly { readonly id: string; readonly condition: string }[];
}

await answerLines<Question>(async ({ capture, conditions }) => {
  const texts = conditions.map(({ condition }) => condition);
  const { results, fault } = await matchConditions(capture, texts);
  const answers = results.map((result, index) => ({ id: conditions[index]?.id, ...result }));
  return `"results":${JSON.stringify(answers)}${errorJson(fault)}`;
});
