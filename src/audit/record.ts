import type { AuditEntry, EntryType } from "./audit-entry.ts";
import { canonicalJson } from "./canonical-json.ts";
import { commitTo, type Opening } from "./commitment.ts";
import { cutValue } from "./cut-value.ts";
import type { ProcessFacts } from "./process-facts.ts";
import { plainText, redactValue, shortText } from "./redact-value.ts";

export const FORMAT_VERSION = 1;
/** What we write at most; readers accept up to MAX_LINE_BYTES, the limit of a C2SP bundle entry. */
const MAX_RECORD_BYTES = 32_768;
export const MAX_LINE_BYTES = 65_535;
const MAX_VALUE_CHARACTERS = { args: 16_384, details: 4_096 };
const MAX_OPENING_CHARACTERS = 1_048_576;

/** Fields as on disk; those that are undefined are left out when the record is written. */
export type RecordFields = Record<string, unknown>;

/** A record but for what only its place in the trail decides (`seq`, `prev`, `log`, `ts`, `id`). */
export interface PreparedRecord {
  readonly fields: RecordFields;
  /** The fields as members of the line, in order. */
  readonly members: readonly Member[];
  readonly openings: readonly Opening[];
  readonly durable: boolean;
}

/** `"name":value` in canonical form. Joining texts is ten times faster than joining objects and encoding the whole. */
interface Member {
  readonly name: string;
  readonly text: string;
}

export interface RecordPlace {
  readonly log: string;
  readonly seq: number;
  /** Leaf of the record before, hex; 64 zeros for the first. */
  readonly prev: string;
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly pid: number;
  /** Ten random bytes. */
  readonly random: Uint8Array;
}

export const NO_PREVIOUS = "0".repeat(64);

/** The entry as fields of a record: redacted, then committed to, then cut. `salt` gives 32 random bytes. */
export function prepareRecord(entry: AuditEntry, facts: ProcessFacts, salt: () => Uint8Array): PreparedRecord {
  const openings: Opening[] = [];
  const keep = (value: unknown, space: number) => keepValue(value, space, salt, openings);
  const fields: RecordFields = {
    type: entry.type,
    session: plainText(entry.session, 128),
    client: entry.client && shortTexts(entry.client),
    agent: entry.agent && shortTexts({ claimed: entry.agent.claimed, registered_id: entry.agent.registeredId }),
    owner: short(entry.owner),
    tool: short(entry.tool),
    req: requestOf(entry),
    policy: entry.policy && shortTexts(entry.policy),
    args: entry.arguments === undefined ? undefined : keep(entry.arguments, MAX_VALUE_CHARACTERS.args),
    outcome: entry.outcome,
    is_error: entry.isError,
    code: short(entry.code),
    dur_ms: whole(entry.durationMs),
    bytes: whole(entry.bytes),
    intent_seq: whole(entry.intentSeq),
    skill: entry.skill && shortTexts(entry.skill),
    run: entry.runId === undefined ? undefined : plainText(entry.runId, 128),
    checklist: entry.checklist && shortTexts(entry.checklist),
    evidence: evidenceOf(entry),
    falco: falcoOf(entry),
    controls: entry.controls?.slice(0, 32).map((control) => shortText(control, 64)),
    details: entry.details === undefined ? undefined : keep(entry.details, MAX_VALUE_CHARACTERS.details),
    attested: entry.type === ("session.start" satisfies EntryType) ? attestedOf(facts) : undefined,
  };
  return { fields, members: membersOf(fields), openings, durable: entry.durable === true };
}

/** Fields of a record that the trail writes about itself. */
export function ownRecord(fields: RecordFields): PreparedRecord {
  const own = { session: "trail", ...fields };
  return { fields: own, members: membersOf(own), openings: [], durable: true };
}

/** The record's line without LF: canonical, at most 32 KiB. */
export function recordLine({ fields, members }: PreparedRecord, place: RecordPlace): Buffer {
  const placed = placedMembers(place);
  const line = Buffer.from(joinMembers(members, placed));
  if (line.length <= MAX_RECORD_BYTES) return line;
  for (const smaller of shrinkings(fields)) {
    const shorter = Buffer.from(joinMembers(membersOf(smaller), placed));
    if (shorter.length <= MAX_RECORD_BYTES) return shorter;
  }
  throw new RangeError("the smallest form of a record is longer than a record may be");
}

function membersOf(fields: RecordFields): Member[] {
  const members: Member[] = [];
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name];
    if (value !== undefined) members.push({ name, text: `"${name}":${canonicalJson(value)}` });
  }
  return members;
}

/** What only the place decides, in order; nothing in it needs an escape. */
function placedMembers({ log, seq, prev, nowMs, monotonicMs, pid, random }: RecordPlace): Member[] {
  return [
    { name: "id", text: `"id":"${uuidV7(nowMs, random)}"` },
    { name: "log", text: `"log":"${log}"` },
    { name: "mono", text: `"mono":${Math.max(0, Math.floor(monotonicMs))}` },
    { name: "pid", text: `"pid":${pid}` },
    { name: "prev", text: `"prev":"${prev}"` },
    { name: "seq", text: `"seq":${seq}` },
    { name: "ts", text: `"ts":"${new Date(nowMs).toISOString()}"` },
    { name: "v", text: `"v":${FORMAT_VERSION}` },
  ];
}

/** One object of two sorted lists of members. */
function joinMembers(some: readonly Member[], others: readonly Member[]): string {
  let text = "{";
  let next = 0;
  const add = (member: Member) => {
    text += text.length === 1 ? member.text : `,${member.text}`;
  };
  for (const member of some) {
    for (let other = others[next]; other !== undefined && other.name < member.name; other = others[next]) {
      add(other);
      next += 1;
    }
    add(member);
  }
  for (const other of others.slice(next)) add(other);
  return `${text}}`;
}

function keepValue(value: unknown, space: number, salt: () => Uint8Array, openings: Opening[]): RecordFields {
  const { value: clean, paths: redacted } = redactValue(value);
  const { value: cut, paths: cutPaths } = cutValue(clean);
  const kept = canonicalJson(cut).length <= space ? cut : undefined;
  const field: RecordFields = { value: kept, ...(redacted.length > 0 ? { redacted } : {}) };
  if (kept !== undefined && cutPaths.length === 0) return field;
  const whole = canonicalJson(clean);
  const opening = commitTo(clean, salt());
  if (whole.length <= MAX_OPENING_CHARACTERS) openings.push(opening);
  return { ...field, cut: cutPaths, commit: opening.commit, chars: whole.length };
}

function* shrinkings(fields: RecordFields): Generator<RecordFields> {
  const { details, args, ...rest } = fields;
  const noValue = (field: unknown) => ({ ...(field as RecordFields), value: undefined });
  yield { ...rest, args, details: details && noValue(details) };
  yield { ...rest, args: args && noValue(args), details: details && noValue(details) };
  const { type, session, tool, intent_seq } = fields;
  yield { type, session, tool, intent_seq, details: { oversize: true } };
}

function requestOf({ requestId, traceparent }: AuditEntry): RecordFields | undefined {
  if (requestId === undefined && traceparent === undefined) return undefined;
  const id = typeof requestId === "number" && !Number.isSafeInteger(requestId) ? String(requestId) : requestId;
  return {
    id: typeof id === "string" ? shortText(id, 128) : id,
    traceparent: traceparent && plainText(traceparent, 128),
  };
}

function evidenceOf({ evidence }: AuditEntry): RecordFields | undefined {
  if (evidence === undefined) return undefined;
  return {
    sha256: shortText(evidence.sha256, 64),
    bytes: whole(evidence.bytes),
    name: short(evidence.name),
  };
}

function falcoOf({ falco }: AuditEntry): RecordFields | undefined {
  if (falco === undefined) return undefined;
  const { version, engine, rulesDigest, configDigest } = falco;
  return shortTexts({ version, engine, rules_digest: rulesDigest, config_digest: configDigest });
}

function attestedOf({ pid, ppid, uid, startTicks, bootId }: ProcessFacts): RecordFields {
  return { pid, ppid, uid, start_ticks: startTicks, boot_id: bootId };
}

function shortTexts(texts: Readonly<Record<string, string | undefined>>): RecordFields {
  const kept: RecordFields = {};
  for (const name in texts) kept[name] = short(texts[name]);
  return kept;
}

function short(text: string | undefined): string | undefined {
  return text === undefined ? undefined : shortText(text, 256);
}

/** Milliseconds of the time in a record's line; NaN when it has none. Behind it stand only type and version. */
export function timeOfLine(line: string | undefined): number {
  const at = line?.lastIndexOf('"ts":"') ?? -1;
  return at < 0 ? Number.NaN : Date.parse(line?.slice(at + 6, at + 30) ?? "");
}

function whole(value: number | undefined): number | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(value)));
}

/** RFC 9562: 48 bits of milliseconds, then 74 random bits; sorts by time. */
export function uuidV7(nowMs: number, random: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Math.max(0, Math.floor(nowMs)), 0, 6);
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
