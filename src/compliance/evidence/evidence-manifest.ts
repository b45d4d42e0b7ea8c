import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../../audit/canonical-json.ts";

/** What an artefact is; checklist items ask for kinds, controls are mapped from them. */
export const EVIDENCE_KINDS = [
  "alerts",
  "capture",
  "rules",
  "configuration",
  "status",
  "live-state",
  "checkpoint",
  "pod",
  "image",
  "audit-log",
  "log",
  "timeline",
  "test-result",
  "report",
  "statement",
  "record",
  "verification",
  "other",
] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

const time = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const short = z.string().min(1).max(256);

/** A control under the framework and revision it belongs to. */
export const controlName = z.strictObject({ framework: short, revision: short, control: short });
export type ControlName = z.output<typeof controlName>;

/**
 * How many things an artefact was made from: `read = parsed + rejected`, and the parsed ones once by rule and once by
 * priority. `reconciles` is computed when the manifest is made and again by every reader.
 */
export const evidenceCounts = z.strictObject({
  read: count,
  parsed: count,
  rejected: count,
  by_rule: z.record(z.string().max(512), count).optional(),
  by_priority: z.record(z.string().max(64), count).optional(),
});
export type EvidenceCounts = z.output<typeof evidenceCounts>;

/** Everything a reader needs to judge an artefact: what it is, where from, who took it how, over what population. */
export const evidenceManifest = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(/^ev-[0-9a-f]{16}$/),
  sha256,
  bytes: count,
  name: short,
  kind: z.enum(EVIDENCE_KINDS),
  media_type: short,
  description: z.string().max(2_000).optional(),
  source: z.strictObject({
    /** file: copied from a path. query: asked of the alert store. record: a line of the audit trail. text: as passed. */
    kind: z.enum(["file", "query", "record", "text"]),
    host: short,
    path: z.string().max(4_096).optional(),
    selector: z.string().max(4_000).optional(),
  }),
  collected: z.strictObject({
    at: time,
    by: z.strictObject({ kind: z.enum(["agent", "person"]), name: short }),
    session: short,
    tool: short,
    tool_version: short,
    arguments: z.string().max(8_000),
  }),
  window: z.strictObject({ from: time.optional(), to: time.optional(), time_zone: z.literal("UTC") }).optional(),
  counts: evidenceCounts.optional(),
  /** The record of the audit trail that the artefact stands for. */
  refers_to: z.strictObject({ log: short, seq: count, leaf: sha256 }).optional(),
  checklist: z.strictObject({ id: short, items: z.array(short).max(32) }).optional(),
  controls: z.array(controlName).max(64),
});
export type EvidenceManifest = z.output<typeof evidenceManifest>;

/** The id a manifest must have: the beginning of the SHA-256 over the rest of it, so that no field can be changed. */
export function evidenceIdOf(manifest: Omit<EvidenceManifest, "id">): string {
  const { id: _, ...rest } = manifest as EvidenceManifest;
  return `ev-${sha256Of(canonicalJson(rest)).slice(0, 16)}`;
}

export function manifestDigest(manifest: EvidenceManifest): string {
  return sha256Of(canonicalJson(manifest));
}

/** Why counts do not add up, in words; undefined when they do. */
export function countsFault({ read, parsed, rejected, by_rule, by_priority }: EvidenceCounts): string | undefined {
  if (read !== parsed + rejected) return `${read} were read, but ${parsed} parsed and ${rejected} rejected`;
  for (const [what, groups] of [
    ["rule", by_rule],
    ["priority", by_priority],
  ] as const) {
    const sum = groups === undefined ? parsed : Object.values(groups).reduce((total, one) => total + one, 0);
    if (sum !== parsed) return `${parsed} were parsed, but the counts by ${what} sum to ${sum}`;
  }
  return undefined;
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
