import { basename, extname } from "node:path";
import { formatTimeNs } from "../../alert/time.ts";
import type { AuditTrail } from "../../audit/trail-interface.ts";
import type { AlertFilter, AlertStore } from "../../store/alert-store.ts";
import { countAlertFile } from "./count-alert-file.ts";
import * as wrong from "./errors.ts";
import { type Custodian, EVIDENCE_LIMITS, type Evidence, type EvidenceStore, type NewEvidence } from "./evidence.ts";
import type { ControlName, EvidenceCounts, EvidenceKind } from "./evidence-manifest.ts";

/** What somebody wants kept; `from` says where the bytes are. */
export interface EvidenceRequest {
  readonly name?: string;
  readonly kind: EvidenceKind;
  readonly description?: string;
  readonly checklist?: { readonly id: string; readonly items: readonly string[] };
  readonly controls: readonly ControlName[];
  readonly from:
    | { readonly file: string }
    | { readonly text: string }
    | { readonly filter: AlertFilter; readonly selector: string }
    | { readonly record: number };
}

export interface EvidenceSources {
  readonly store: EvidenceStore;
  readonly alerts: AlertStore;
  readonly audit: Pick<AuditTrail, "search">;
}

const PAGE = 500;
/** The manifest names this many rules; the others are counted together. */
const MOST_RULES = 200;
/** Alert files up to this size are read a second time to count what is in them. */
const COUNTED_BYTES = 64 * 1024 * 1024;

/**
 * Keeps what the request names: a file (already inside the roots), a text, the alerts of a filter with counts that can be
 * checked, or a record of the audit trail by reference. Fails as `EvidenceStore.add` does.
 */
export async function collectEvidence(
  sources: EvidenceSources,
  request: EvidenceRequest,
  custodian: Custodian,
): Promise<Evidence> {
  const { from, name, kind, description, checklist, controls } = request;
  const common = {
    kind,
    controls,
    tool: "add_evidence",
    ...(description === undefined ? {} : { description }),
    ...(checklist === undefined ? {} : { checklist: { id: checklist.id, items: [...checklist.items] } }),
  };
  if ("file" in from) {
    const counts = kind === "alerts" ? await countAlertFile(from.file, COUNTED_BYTES) : undefined;
    const wanted = {
      ...common,
      name: name ?? basename(from.file),
      media_type: mediaTypeOf(from.file),
      source: { kind: "file" as const, path: from.file },
      arguments: { path: from.file },
      ...(counts === undefined ? {} : { counts }),
    };
    return sources.store.add(wanted, { file: from.file }, custodian);
  }
  if ("text" in from) {
    const bytes = Buffer.from(from.text);
    if (bytes.length > EVIDENCE_LIMITS.textBytes) {
      throw wrong.tooLarge("the text", bytes.length, EVIDENCE_LIMITS.textBytes);
    }
    const source = { kind: "text" as const };
    const wanted = { ...common, name: name ?? `${kind} text`, media_type: "text/plain", source, arguments: {} };
    return sources.store.add(wanted, { bytes }, custodian);
  }
  if ("record" in from) return keepRecord(sources, from.record, { ...common, name }, custodian);
  return keepAlerts(sources, from, { ...common, name }, custodian);
}

type Common = Pick<NewEvidence, "kind" | "controls" | "tool"> & { readonly name: string | undefined };

/** The record's own line: everything it says about a call of ours, tied to its place in the trail. */
async function keepRecord(
  { store, audit }: EvidenceSources,
  seq: number,
  { name, ...common }: Common,
  custodian: Custodian,
): Promise<Evidence> {
  let cursor: string | undefined;
  do {
    const page = await audit.search({ text: `"seq":${seq},` }, { limit: 100, ...(cursor ? { cursor } : {}) });
    const found = page.records.find((record) => record.seq === seq);
    if (found?.record !== undefined) {
      const refers = { log: String(found.record.log), seq, leaf: found.leaf };
      const tool = found.record.tool === undefined ? "" : ` of ${String(found.record.tool)}`;
      const wanted = {
        ...common,
        name: name ?? `record ${seq}${tool}`.slice(0, 200),
        media_type: "application/json",
        source: { kind: "record" as const, selector: `record ${seq} of trail ${refers.log}` },
        arguments: { record: seq },
        refers_to: refers,
      };
      return store.add(wanted, { bytes: Buffer.from(JSON.stringify(found.record)) }, custodian);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  throw wrong.recordNotFound(seq);
}

/** The raw lines of the matching alerts, oldest first; the store's own counts stand beside those of the lines. */
async function keepAlerts(
  { store, alerts }: EvidenceSources,
  { filter, selector }: { readonly filter: AlertFilter; readonly selector: string },
  { name, ...common }: Common,
  custodian: Custodian,
): Promise<Evidence> {
  const byRule = await alerts.summarize({ filter, by: ["rule"], limit: MOST_RULES });
  if (byRule.matched > EVIDENCE_LIMITS.alerts) throw wrong.tooManyAlerts(byRule.matched, EVIDENCE_LIMITS.alerts);
  const byPriority = await alerts.summarize({ filter, by: ["priority"], limit: 100 });
  const lines: string[] = [];
  let size = 0;
  let cursor: string | undefined;
  do {
    const page = await alerts.search(filter, { limit: PAGE, order: "oldest", ...(cursor ? { cursor } : {}) });
    for (const { raw } of page.alerts) {
      lines.push(`${raw}\n`);
      size += raw.length + 1;
    }
    if (size > EVIDENCE_LIMITS.fileBytes) throw wrong.tooLarge("the alerts", size, EVIDENCE_LIMITS.fileBytes);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const counts: EvidenceCounts = {
    read: byRule.matched,
    parsed: lines.length,
    rejected: 0,
    by_rule: Object.fromEntries(byRule.groups.map(({ values, count }) => [keyOf(values[0]), count])),
    by_priority: Object.fromEntries(byPriority.groups.map(({ values, count }) => [keyOf(values[0]), count])),
  };
  const over = byRule.matched - byRule.groups.reduce((sum, { count }) => sum + count, 0);
  if (byRule.groupCount > byRule.groups.length && counts.by_rule !== undefined)
    counts.by_rule["(further rules)"] = over;
  const wanted = {
    ...common,
    name: name ?? `${lines.length} alerts`,
    media_type: "application/jsonl",
    source: { kind: "query" as const, selector },
    arguments: JSON.parse(selector),
    window: {
      time_zone: "UTC" as const,
      ...(filter.fromNs === undefined ? {} : { from: formatTimeNs(filter.fromNs) }),
      ...(filter.toNs === undefined ? {} : { to: formatTimeNs(filter.toNs) }),
    },
    counts,
  };
  return store.add(wanted, { bytes: Buffer.from(lines.join("")) }, custodian);
}

const keyOf = (value: string | null | undefined): string =>
  (value ?? "(none)").slice(0, 200).replace(/\p{Cs}/gu, "\ufffd");

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".jsonl": "application/jsonl",
  ".gz": "application/gzip",
  ".md": "text/markdown",
  ".txt": "text/plain",
  ".log": "text/plain",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
  ".scap": "application/vnd.falco.scap",
};

const mediaTypeOf = (path: string): string => MEDIA_TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
