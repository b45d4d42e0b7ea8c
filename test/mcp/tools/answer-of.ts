import type { z } from "zod";
import { buildResult } from "../../../src/mcp/answer.ts";
import { isQuestion } from "../../../src/mcp/questions.ts";
import type { Services } from "../../../src/mcp/services.ts";
import { answerSchema, type Caller, type Tool, type ToolContext } from "../../../src/mcp/tool.ts";

export interface Call {
  readonly services: Services;
  readonly caller?: Caller;
  readonly signal?: AbortSignal;
  /** Characters that an answer may have. */
  readonly maxChars?: number;
}

/** The context that a call has in a server, for a client that cannot ask. */
export function toolContext({ services, caller, signal, maxChars = 20_000 }: Call): ToolContext {
  return {
    services,
    caller: caller ?? { session: "s" },
    signal: signal ?? new AbortController().signal,
    progress() {},
    canAsk: false,
    reply: undefined,
    room: maxChars - 2_000,
    withheld: [],
    offered: [],
  };
}

/** Goes the way of the server: input schema, handler, answer, output schema. */
export async function answerOf(tool: Tool, input: Record<string, unknown>, call: Call): Promise<object> {
  const outcome = await tool.run(tool.input.parse(input) as z.output<typeof tool.input>, toolContext(call));
  if (isQuestion(outcome)) throw new Error(`${tool.name} asked: ${outcome.message}`);
  return answerSchema(tool).parse(buildResult(outcome, tool, call.maxChars ?? 20_000).structuredContent);
}
