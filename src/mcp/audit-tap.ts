import type {
  CallToolResult,
  JSONRPCMessage,
  MessageExtraInfo,
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/server";
import { CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY, TRACEPARENT_META_KEY } from "@modelcontextprotocol/server";
import type { AuditEntry, AuditReceipt, Outcome } from "../audit/audit-entry.ts";
import type { AuditTrail } from "../audit/trail-interface.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { Selection } from "./select-tools.ts";
import { errorResult } from "./server.ts";
import type { Caller, Effect } from "./tool.ts";

/** Where a receipt stands in the `_meta` of a tool's result: the host's transcript becomes a witness of the trail. */
const RECEIPT_META_KEY = "falco-skills/audit";

/** Names that clients may call and no list shows. */
const ALIASES: Readonly<Record<string, string>> = { "grc.load_skill": "grc_load_skill" };

export interface TapOptions {
  readonly audit: AuditTrail;
  readonly selection: Selection;
  readonly session: string;
  readonly monotonicMs: () => number;
  readonly log: (line: string) => void;
  /** Called when the connection is gone and its last record is written. */
  readonly onClosed?: () => void;
}

interface OpenCall {
  readonly tool: string;
  readonly effect: Effect | undefined;
  readonly intentSeq: number | undefined;
  readonly startedMs: number;
}

type Id = string | number;
type Params = Record<string, unknown>;

/**
 * A transport around the real one that leaves one record before and one after every tools/call: also for unknown,
 * withheld, refused and cancelled ones, which handlers never see. Skills that are read through resources are recorded
 * too. A call that records or changes is answered with AUDIT_UNWRITABLE when its record cannot be written; a call that
 * only reads goes on, and the gap is said on stderr.
 */
export class AuditTap implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  readonly #inner: Transport;
  readonly #options: TapOptions;
  readonly #calls = new Map<Id, OpenCall>();
  readonly #skillReads = new Map<Id, string>();
  #client: Caller["client"];
  /** Messages pass in the order they came: a cancellation must not overtake the call it cancels. */
  #inbound: Promise<void> = Promise.resolve();
  /** Answers leave one after another: a thousand at once would each wait for the pipe with a listener of its own. */
  #outbound: Promise<void> = Promise.resolve();
  #started = false;

  constructor(inner: Transport, options: TapOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  caller(): Caller {
    return { session: this.#options.session, ...(this.#client === undefined ? {} : { client: this.#client }) };
  }

  /** Resolves when every record of what has come in so far is written. */
  async settled(): Promise<void> {
    await this.#inbound;
  }

  async start(): Promise<void> {
    this.#inner.onmessage = (message, extra) => {
      this.#inbound = this.#inbound.then(() => this.#receive(message, extra)).catch((error) => this.#onFault(error));
    };
    this.#inner.onerror = (error) => this.onerror?.(error);
    this.#inner.onclose = () => {
      this.#inbound = this.#inbound
        .then(() => this.#closeAll())
        .catch((error) => this.#onFault(error))
        .finally(() => {
          this.onclose?.();
          this.#options.onClosed?.();
        });
    };
    await this.#inner.start();
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const completed = await this.#complete(message);
    const sent = this.#outbound.then(() => this.#inner.send(completed, options));
    this.#outbound = sent.catch(() => {});
    await sent;
  }

  async #receive(message: JSONRPCMessage, extra?: MessageExtraInfo): Promise<void> {
    if (!("method" in message)) return this.onmessage?.(message, extra);
    const params = (message.params ?? {}) as Params;
    this.#learnClient(message.method, params);
    if (message.method === "notifications/cancelled")
      await this.#finish(params.requestId as Id, { outcome: "cancelled" });
    if (!("id" in message)) return this.onmessage?.(message, extra);
    if (message.method === "tools/call") return this.#call(message.id, params, message, extra);
    const uri = params.uri;
    if (typeof uri === "string" && isSkillRead(message.method, uri)) this.#skillReads.set(message.id, uri);
    this.onmessage?.(message, extra);
  }

  async #call(id: Id, params: Params, message: JSONRPCMessage, extra?: MessageExtraInfo): Promise<void> {
    const asked = typeof params.name === "string" ? params.name : "";
    const name = ALIASES[asked] ?? asked;
    const { offered, withheld } = this.#options.selection;
    const effect = offered.find((tool) => tool.name === name)?.effect;
    const by = withheld.find(({ tool }) => tool === name)?.by;
    const startedMs = this.#options.monotonicMs();
    let receipt: AuditReceipt | undefined;
    try {
      receipt = await this.#append({
        type: "tool.intent",
        tool: asked,
        requestId: id,
        arguments: params.arguments ?? {},
        ...traceOf(params),
        ...(by === undefined ? {} : { policy: { decision: "deny", reason: by } }),
        ...(mustRecord(effect) ? { durable: true } : {}),
      });
    } catch (error) {
      this.#options.log(`audit: ${String(error)}`);
      if (mustRecord(effect)) return this.#answer(id, params, error);
      this.#options.log(`audit gap: ${asked || "a call"} went on unrecorded`);
    }
    this.#calls.set(id, { tool: asked, effect, intentSeq: receipt?.seq, startedMs });
    if (by !== undefined) return this.#answer(id, params, withheldError(name, by));
    this.onmessage?.(name === asked ? message : ({ ...message, params: { ...params, name } } as JSONRPCMessage), extra);
  }

  /** Answers a call without letting it reach a handler. */
  #answer(id: Id, params: Params, error: unknown): Promise<void> {
    const isModern = (params._meta as Params | undefined)?.[PROTOCOL_VERSION_META_KEY] !== undefined;
    // The 2026-07-28 revision wants every result to say whether it is the last one.
    const result = { ...errorResult(error), ...(isModern ? { resultType: "complete" } : {}) };
    return this.send({ jsonrpc: "2.0", id, result });
  }

  /** The message as it goes out: closes the record of the call it answers and puts the receipt into its `_meta`. */
  async #complete(message: JSONRPCMessage): Promise<JSONRPCMessage> {
    if ("method" in message || !("id" in message) || message.id === undefined) return message;
    await this.#completeSkillRead(message.id, "error" in message ? "rpc_error" : "ok");
    const call = this.#calls.get(message.id);
    if (call === undefined) return message;
    const receipt = await this.#finish(message.id, {
      ...outcomeOf(message),
      bytes: Buffer.byteLength(JSON.stringify(message)),
    });
    if (receipt === undefined || !("result" in message)) return message;
    const meta = { ...message.result._meta, [RECEIPT_META_KEY]: receipt };
    return { ...message, result: { ...message.result, _meta: meta } } as JSONRPCMessage;
  }

  async #completeSkillRead(id: Id, outcome: Outcome): Promise<void> {
    const uri = this.#skillReads.get(id);
    if (uri === undefined) return;
    this.#skillReads.delete(id);
    await this.#append({ type: "skill.read", requestId: id, skill: { slug: uri }, outcome }).catch((error) =>
      this.#options.log(`audit gap: the reading of ${JSON.stringify(uri)} is not recorded: ${String(error)}`),
    );
  }

  async #finish(
    id: Id,
    result: Pick<AuditEntry, "outcome" | "code" | "isError" | "bytes">,
  ): Promise<AuditReceipt | undefined> {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    const { tool, intentSeq, startedMs } = call;
    const durationMs = Math.round(this.#options.monotonicMs() - startedMs);
    return this.#append({
      type: "tool.result",
      tool,
      requestId: id,
      ...(intentSeq === undefined ? {} : { intentSeq }),
      ...result,
      durationMs,
    }).catch((error) => {
      this.#options.log(`audit gap: the result of ${tool} is not recorded: ${String(error)}`);
      return undefined;
    });
  }

  async #closeAll(): Promise<void> {
    for (const id of [...this.#calls.keys()]) await this.#finish(id, { outcome: "closed" });
    if (this.#started) await this.#options.audit.append({ type: "session.end", ...this.#who() });
  }

  async #append(entry: Omit<AuditEntry, "session">): Promise<AuditReceipt> {
    if (!this.#started) {
      await this.#options.audit.append({ type: "session.start", ...this.#who() });
      this.#started = true;
    }
    return this.#options.audit.append({ ...entry, ...this.#who() } as AuditEntry);
  }

  #who(): Pick<AuditEntry, "session" | "client"> {
    return this.caller();
  }

  #learnClient(method: string, params: Params): void {
    const meta = params._meta as Params | undefined;
    const info = method === "initialize" ? params.clientInfo : meta?.[CLIENT_INFO_META_KEY];
    if (typeof info !== "object" || info === null) return;
    const { name, version } = info as Params;
    if (typeof name === "string")
      this.#client = { name: name.slice(0, 100), version: String(version ?? "").slice(0, 100) };
  }

  #onFault(error: unknown): void {
    this.#options.log(`audit: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

/** A reading call may go on when the trail cannot be written; one that records or changes may not. */
const mustRecord = (effect: Effect | undefined): boolean => effect === "records" || effect === "changes";

function isSkillRead(method: string, uri: string): boolean {
  if (method === "skills/get") return true;
  return method === "resources/read" && (uri.startsWith("skill://") || uri.startsWith("falco://skills/"));
}

function traceOf(params: Params): { traceparent?: string } {
  const trace = (params._meta as Params | undefined)?.[TRACEPARENT_META_KEY];
  return typeof trace === "string" ? { traceparent: trace.slice(0, 100) } : {};
}

function outcomeOf(message: JSONRPCMessage): { outcome: Outcome; code?: string; isError?: boolean } {
  if ("error" in message) return { outcome: "rpc_error", code: String(message.error.code) };
  const result = (message as unknown as { result: CallToolResult & { resultType?: string } }).result;
  if (result.resultType === "input_required") return { outcome: "input_required" };
  if (result.isError !== true) return { outcome: "ok" };
  const [block] = result.content ?? [];
  const code = block?.type === "text" ? /^([A-Z][A-Z_]+):/.exec(block.text)?.[1] : undefined;
  return {
    outcome: code === "TOOL_WITHHELD" ? "denied" : "tool_error",
    isError: true,
    ...(code === undefined ? {} : { code }),
  };
}

function withheldError(tool: string, by: string): FalcoSkillsError {
  return new FalcoSkillsError("TOOL_WITHHELD", `${tool} is withheld by the server's start (${by})`, {
    fix: "Ask the person who runs the server to start it without that restriction; falco_status lists what is withheld.",
  });
}
