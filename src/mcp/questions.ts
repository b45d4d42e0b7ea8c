import {
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { z } from "zod";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { visibleLines } from "../text/visible.ts";

/**
 * What a tool asks the person in front of the client, instead of answering. The client shows it (elicitation) and calls
 * the tool again with the same arguments; then `ToolContext.reply` holds what the person said.
 */
export interface Question {
  readonly kind: "question";
  /** Everything the person needs to decide, in plain lines; hidden characters are shown before it leaves. */
  readonly message: string;
  /** Flat and not strict: texts, numbers, booleans and enums only, as the protocol's forms are. */
  readonly form: z.ZodObject;
  /** Digest of exactly what the person decides on: the reply is worth nothing for anything else. */
  readonly about: string;
}

/** What the person answered, and what about. */
export type Reply =
  | { readonly action: "accept"; readonly values: Readonly<Record<string, unknown>>; readonly about: string }
  | { readonly action: "decline" | "cancel"; readonly about: string };

export function question(about: string, message: string, form: z.ZodObject): Question {
  return { kind: "question", about, message, form };
}

export const isQuestion = (value: object): value is Question => (value as Partial<Question>).kind === "question";

/** The questions that one connection has open. */
export interface Questions {
  put(tool: string, input: unknown, asked: Question): InputRequiredResult;
  /** The reply this call brings; undefined where it brings none. Fails with REPLY_UNASKED for one nobody asked for. */
  take(tool: string, input: unknown, context: ServerContext): Reply | undefined;
}

interface Open {
  readonly call: string;
  readonly question: Question;
}

/** A client that asks and never answers must not fill our memory. */
const MOST_OPEN = 100;
const KEY = "person";

/**
 * Keeps each open question under a token that travels through the client. A reply counts once, for the call that asked
 * (same tool, same arguments), and only in the words the form allows: a host or a model cannot make up an answer to a
 * question that was never shown, nor carry one over to another call.
 */
export function openQuestions(newToken: () => string): Questions {
  const open = new Map<string, Open>();
  return {
    put(tool, input, asked) {
      const oldest = open.keys().next().value;
      if (open.size >= MOST_OPEN && oldest !== undefined) open.delete(oldest);
      const token = newToken();
      open.set(token, { call: callOf(tool, input), question: asked });
      const request = inputRequired.elicit({ message: visibleLines(asked.message), requestedSchema: asked.form });
      return inputRequired({ inputRequests: { [KEY]: request }, requestState: token });
    },
    take(tool, input, { mcpReq }) {
      const token = mcpReq.requestState<unknown>();
      const response = inputResponse(mcpReq.inputResponses, KEY);
      if (token === undefined && response.kind === "missing") return undefined;
      const asked = typeof token === "string" ? open.get(token) : undefined;
      if (typeof token === "string") open.delete(token);
      if (asked === undefined || asked.call !== callOf(tool, input) || response.kind !== "elicit") throw unasked(tool);
      const { about, form } = asked.question;
      if (response.action !== "accept") return { action: response.action, about };
      const values = form.safeParse(response.content ?? {});
      if (values.success) return { action: "accept", values: values.data, about };
      throw new FalcoSkillsError("INVALID_ARGUMENT", `the form's answer cannot be used: ${issueOf(values.error)}`, {
        fix: `Call ${tool} again; the person is asked once more.`,
      });
    },
  };
}

/** Whether this client can show a form to a person. An empty `elicitation` means forms, as before modes existed. */
export function canAsk(capabilities: ClientCapabilities | undefined): boolean {
  const elicitation = capabilities?.elicitation;
  if (elicitation === undefined) return false;
  return elicitation.form !== undefined || elicitation.url === undefined;
}

/** Checked input has its keys in the schema's order, so equal arguments give equal text. */
const callOf = (tool: string, input: unknown): string => `${tool} ${JSON.stringify(input)}`;

function issueOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? "it is empty" : `${issue.path.join(".")}: ${issue.message}`;
}

function unasked(tool: string): FalcoSkillsError {
  return new FalcoSkillsError("REPLY_UNASKED", `a reply came to ${tool} that answers no open question of it`, {
    fix: `Call ${tool} again without a reply; the person is asked anew.`,
  });
}
