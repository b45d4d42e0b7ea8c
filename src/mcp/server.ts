import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  McpServer,
  type McpServerFactory,
  type ServerContext,
  type StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import type { z } from "zod";
import { describeError, renderError } from "../errors/describe-error.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { nearestNames } from "../text/nearest-names.ts";
import { visibleLines } from "../text/visible.ts";
import { buildResult } from "./answer.ts";
import { instructionsFor } from "./instructions.ts";
import { registerPrompts } from "./prompts/index.ts";
import { canAsk, isQuestion, type Questions } from "./questions.ts";
import { registerResources } from "./resources/index.ts";
import type { Selection } from "./select-tools.ts";
import type { Services } from "./services.ts";
import { annotationsOf, answerSchema, type Caller, type Tool, type ToolContext } from "./tool.ts";

export interface ServerSetup {
  readonly services: Services;
  readonly selection: Selection;
  readonly maxResultChars: number;
  readonly questions: Questions;
  /** Who is on this connection, as far as the protocol has told by now. */
  readonly caller: () => Caller;
}

const HOUR_MS = 3_600_000;

/** Lists do not change while a server runs, so clients of the 2026-07-28 revision may keep them. */
const CACHE_HINTS = {
  "tools/list": { ttlMs: HOUR_MS, cacheScope: "public" },
  "prompts/list": { ttlMs: HOUR_MS, cacheScope: "public" },
  "resources/templates/list": { ttlMs: HOUR_MS, cacheScope: "public" },
  "server/discover": { ttlMs: HOUR_MS, cacheScope: "public" },
} as const;

/** The factory that serves both protocol eras; every tool, resource and prompt is registered here and nowhere else. */
export function serverFactory(setup: ServerSetup): McpServerFactory {
  return async () => {
    const { services, selection } = setup;
    const server = new McpServer(
      { name: "falco-skills", title: "falco-skills", version: services.version },
      { instructions: instructionsFor(selection.offered), cacheHints: CACHE_HINTS },
    );
    for (const tool of selection.offered) registerTool(server, tool, setup);
    registerPrompts(server, selection.offered);
    await registerResources(server, services);
    return server;
  };
}

function registerTool(server: McpServer, tool: Tool, setup: ServerSetup): void {
  server.registerTool(
    tool.name,
    {
      title: tool.title,
      description: tool.description,
      inputSchema: advertisedOnly(tool.input),
      outputSchema: answerSchema(tool),
      annotations: annotationsOf(tool),
    },
    (input: unknown, context: ServerContext) => callTool(tool, input, { server, context, setup }),
  );
}

/**
 * The schema as clients see it, without the SDK's own check: `callTool` checks instead, so that wrong arguments get the
 * same code, words and fix as every other failure.
 */
function advertisedOnly(schema: z.ZodType): StandardSchemaWithJSON<unknown, unknown> {
  const standard = (schema as unknown as StandardSchemaWithJSON<unknown, unknown>)["~standard"];
  return { "~standard": { ...standard, validate: (value: unknown) => ({ value }) } };
}

interface Call {
  readonly server: McpServer;
  readonly context: ServerContext;
  readonly setup: ServerSetup;
}

async function callTool(
  tool: Tool,
  raw: unknown,
  { server, context, setup }: Call,
): Promise<CallToolResult | InputRequiredResult> {
  try {
    const input = checkInput(tool, raw);
    const reply = setup.questions.take(tool.name, input, context);
    const outcome = await tool.run(input, { ...toolContext(server, context, setup), reply });
    if (isQuestion(outcome)) return setup.questions.put(tool.name, input, outcome);
    return buildResult(outcome, tool, setup.maxResultChars);
  } catch (error) {
    return failure(error, context, tool, setup);
  }
}

function checkInput(tool: Tool, raw: unknown): z.output<Tool["input"]> {
  const checked = tool.input.safeParse(raw ?? {});
  if (checked.success) return checked.data;
  const known = Object.keys(tool.input.shape);
  const said = checked.error.issues.slice(0, 5).map((issue) => {
    const where = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    return `${where}${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
  });
  const stray = checked.error.issues.find(({ code, path }) => code === "unrecognized_keys" && path.length === 0);
  const near = stray?.code === "unrecognized_keys" ? nearestNames(stray.keys[0] ?? "", known, 3) : [];
  throw new FalcoSkillsError("INVALID_ARGUMENT", `${tool.name} got arguments it cannot use: ${said.join("; ")}`, {
    fix:
      near.length > 0
        ? `Use ${near.join(" or ")}; ${tool.name} takes ${known.join(", ")}.`
        : known.length > 0
          ? `Call ${tool.name} again with these arguments mended; it takes ${known.join(", ")}.`
          : `Call ${tool.name} again without arguments.`,
  });
}

function toolContext(server: McpServer, { mcpReq }: ServerContext, setup: ServerSetup): Omit<ToolContext, "reply"> {
  // Clients of the 2026-07-28 revision say with every request what they can do, older ones once.
  const said = (mcpReq.envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
  const capabilities = (said as ClientCapabilities | undefined) ?? server.server.getClientCapabilities();
  const token = mcpReq._meta?.progressToken;
  let sent = 0;
  return {
    services: setup.services,
    caller: setup.caller(),
    signal: mcpReq.signal,
    canAsk: canAsk(capabilities),
    progress(done, total, message) {
      if (token === undefined || mcpReq.signal.aborted) return;
      sent = Math.max(sent + Number.EPSILON, done); // the protocol wants it to rise with every message
      const params = { progressToken: token, progress: sent, ...(total === undefined ? {} : { total }), message };
      mcpReq.notify({ method: "notifications/progress", params }).catch(() => {});
    },
    // The envelope, the warnings and the answer's own keys need room beside the rows.
    room: Math.max(1_000, setup.maxResultChars - 2_500),
    withheld: setup.selection.withheld,
    offered: setup.selection.offered.map(({ name }) => name),
  };
}

/** An expected failure whole, a defect as INTERNAL with its details on stderr only. */
function failure(error: unknown, context: ServerContext, tool: Tool, setup: ServerSetup): CallToolResult {
  const known =
    context.mcpReq.signal.aborted && !(error instanceof FalcoSkillsError)
      ? new FalcoSkillsError("CANCELLED", `${tool.name} was cancelled`, {
          fix: "Call it again when you want its answer.",
        })
      : error;
  if (!(known instanceof FalcoSkillsError)) {
    setup.services.log(`${tool.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  return errorResult(known);
}

/** A thrown value as a tool result with isError: `CODE: message`, where, fix. */
export function errorResult(error: unknown): CallToolResult {
  return {
    isError: true,
    content: [{ type: "text", text: visibleLines(renderError(describeError(error))).slice(0, 4_000) }],
  };
}
