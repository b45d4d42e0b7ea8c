/** What callers may append. What the trail says of itself is in RECORD_TYPES. */
export const ENTRY_TYPES = [
  "session.start",
  "session.end",
  "tool.intent",
  "tool.result",
  "tool.denied",
  "resource.read",
  "skill.read",
  "skill.added",
  "command.run",
  "skill.run.start",
  "skill.run.step",
  "skill.run.end",
  "checklist.created",
  "checklist.item",
  "evidence.added",
  "evidence.read",
  "evidence.exported",
  "evidence.pruned",
  "trust.computed",
  "drift.detected",
  "drift.acked",
  "baseline.set",
  "schedule.due",
  "verify.run",
] as const;

export type EntryType = (typeof ENTRY_TYPES)[number];

export const RECORD_TYPES = [
  "log.genesis",
  "log.recovered",
  "log.gap",
  "log.pruned",
  "redaction.erased",
  ...ENTRY_TYPES,
] as const;

export type RecordType = (typeof RECORD_TYPES)[number];

export type Outcome = "ok" | "tool_error" | "rpc_error" | "denied" | "cancelled" | "closed" | "input_required";

/**
 * One thing to record. Only `type` and `session` are always needed; every text is redacted and cut before it is written.
 * Numbers must be whole and below 2^53, except inside `arguments` and `details`, where others are kept as text.
 */
export interface AuditEntry {
  readonly type: EntryType;
  /** Id of one use of the server: one connection of one client. */
  readonly session: string;
  /** What the client says it is; claimed, never proven. */
  readonly client?: { readonly name: string; readonly version?: string };
  readonly agent?: { readonly claimed?: string; readonly registeredId?: string };
  /** The person or team the agent works for. */
  readonly owner?: string;
  readonly tool?: string;
  /** JSON-RPC id of the request. */
  readonly requestId?: string | number;
  /** W3C trace context of the request. */
  readonly traceparent?: string;
  readonly policy?: { readonly version?: string; readonly decision?: string; readonly reason?: string };
  /** What the model passed: kept redacted and cut, with a salted commitment to the whole where it was cut. */
  readonly arguments?: unknown;
  readonly outcome?: Outcome;
  /** A failing tool answers with a successful reply that says so here. */
  readonly isError?: boolean;
  /** Error code of a failed call. */
  readonly code?: string;
  readonly durationMs?: number;
  /** Size of the answer. */
  readonly bytes?: number;
  /** Record number of the tool.intent that this record answers. */
  readonly intentSeq?: number;
  readonly skill?: { readonly slug: string; readonly version?: string; readonly sha256?: string };
  readonly runId?: string;
  readonly checklist?: { readonly id: string; readonly item?: string; readonly state?: string };
  readonly evidence?: { readonly sha256: string; readonly bytes?: number; readonly name?: string };
  readonly falco?: {
    readonly version?: string;
    readonly engine?: string;
    readonly rulesDigest?: string;
    readonly configDigest?: string;
  };
  readonly controls?: readonly string[];
  /** Anything else a type needs; treated as arguments are, in a smaller space. */
  readonly details?: unknown;
  /** Wait until the disk has it: for intents of calls that change something, and for evidence. */
  readonly durable?: boolean;
}

/** Where a record landed, and the head of the whole trail right after it: what an answer's `_meta` hands out. */
export interface AuditReceipt {
  /** Id of the trail: a head without it may be of another one. */
  readonly log: string;
  readonly seq: number;
  /** SHA-256(0x00 || line), hex. */
  readonly leaf: string;
  /** Number of records, this one included. */
  readonly size: number;
  /** RFC 6962 tree head over all `size` records, hex. */
  readonly root: string;
}
