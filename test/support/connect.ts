import { resolve } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioClientTransport1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

export const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** The three kinds of client that hosts have: the current SDK in both protocol eras, and the one before it. */
export const CLIENTS = ["2026-07-28", "2025-11-25", "sdk 1.x"] as const;
export type ClientKind = (typeof CLIENTS)[number];

export interface CallResult {
  readonly isError?: boolean;
  readonly structuredContent?: Record<string, unknown>;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly _meta?: Record<string, unknown>;
}

export interface Connection {
  /** The SDK's own client, for what differs between kinds. */
  readonly client: Client;
  call(name: string, input?: Record<string, unknown>, options?: { signal?: AbortSignal }): Promise<CallResult>;
  /** The structured answer; an error result fails the test with its text. */
  answer(name: string, input?: Record<string, unknown>): Promise<Record<string, unknown>>;
  readonly pid: number;
  stderr(): string;
  close(): Promise<void>;
}

/** What a form that the server sent looks like to a person, and what the person does with it. */
export interface Form {
  readonly message: string;
  readonly requestedSchema: { readonly properties: Record<string, unknown>; readonly required?: readonly string[] };
}
export interface FormReply {
  readonly action: "accept" | "decline" | "cancel";
  readonly content?: Record<string, string | number | boolean>;
}
/** A person in front of the client; without one the client does not say that it can show forms. */
export type Person = (form: Form) => FormReply;

const INFO = { name: "test-client", version: "9.8.7" };

/** A real client on a real server process over stdio. */
export async function connect(
  kind: ClientKind,
  args: readonly string[],
  env: Record<string, string> = {},
  person?: Person,
): Promise<Connection> {
  const parameters = {
    command: process.execPath,
    args: [MAIN, "serve", ...args],
    env: { PATH: process.env.PATH ?? "", ...env },
    stderr: "pipe" as const,
  };
  const transport = kind === "sdk 1.x" ? new StdioClientTransport1(parameters) : new StdioClientTransport(parameters);
  let stderr = "";
  const client = kind === "sdk 1.x" ? olderClient(person) : currentClient(kind, person);
  await client.connect(transport as StdioClientTransport);
  transport.stderr?.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const call: Connection["call"] = async (name, input = {}, options = {}) =>
    kind === "sdk 1.x"
      ? ((await (client as unknown as Client1).callTool(
          { name, arguments: input },
          undefined,
          options,
        )) as unknown as CallResult)
      : ((await client.callTool({ name, arguments: input }, options)) as unknown as CallResult);
  return {
    client,
    call,
    async answer(name, input) {
      const result = await call(name, input);
      if (result.isError === true || result.structuredContent === undefined) {
        throw new Error(result.content[0]?.text ?? "no structured answer");
      }
      return result.structuredContent;
    },
    pid: (transport as StdioClientTransport).pid ?? 0,
    stderr: () => stderr,
    close: () => client.close(),
  };
}

function currentClient(kind: Exclude<ClientKind, "sdk 1.x">, person: Person | undefined): Client {
  const versionNegotiation = { mode: kind === "2026-07-28" ? ({ pin: "2026-07-28" } as const) : ("legacy" as const) };
  if (person === undefined) return new Client(INFO, { versionNegotiation });
  const client = new Client(INFO, { versionNegotiation, capabilities: { elicitation: { form: {} } } });
  client.setRequestHandler("elicitation/create", async ({ params }) => person(params as unknown as Form) as never);
  return client;
}

function olderClient(person: Person | undefined): Client {
  if (person === undefined) return new Client1(INFO) as unknown as Client;
  const client = new Client1(INFO, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => person(params as unknown as Form) as never);
  return client as unknown as Client;
}
