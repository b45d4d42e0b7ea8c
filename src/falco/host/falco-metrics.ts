import { type PrometheusReading, readPrometheus, type Sample } from "./prometheus-text.ts";
import type { FalcoMetrics, LoadedFile, RuleMatches } from "./running-falco.ts";

const PREFIX = "falcosecurity_";
const MOST_RULES = 5_000;
const LONGEST_TEXT = 1_000;

/**
 * What Falco's /metrics says, or undefined for a text that holds nothing of Falco's. The text is data of the watched
 * host (names of rules and files come from there): everything is length-capped, and what is malformed is left out.
 * Source: falco userspace/falco/falco_metrics.cpp @13074749.
 */
export function readFalcoMetrics(text: string): FalcoMetrics | undefined {
  const reading = readPrometheus(text);
  const by = groupByName(reading);
  if (by.size === 0) return undefined;
  const bufferDrops = by.get("scap_n_drops_buffer_total") ?? [];
  const version = by.get("falco_version_info")?.[0]?.labels.get("version");
  const startedNs = nanoseconds(by, "falco_start_timestamp_nanoseconds");
  const reloadedNs = nanoseconds(by, "falco_reload_timestamp_nanoseconds");
  return {
    ...optional({
      version: version === undefined ? undefined : short(version),
      startedNs,
      reloadedNs,
      events: count(by, "scap_n_evts_total"),
      eventDrops: count(by, "scap_n_drops_total"),
      queueDrops: count(by, "falco_outputs_queue_num_drops_total"),
      threadTableDrops: count(by, "scap_n_drops_full_threadtable_total"),
      cpuRatio: sum(by, "falco_cpu_usage_ratio"),
      memoryBytes: sum(by, "falco_memory_rss_bytes"),
    }),
    engines: (by.get("scap_engine_name_info") ?? []).slice(0, 100).map(({ labels }) => ({
      source: short(labels.get("evt_source") ?? ""),
      engine: short(labels.get("engine_name") ?? ""),
    })),
    bufferDrops: dropsByKind(bufferDrops),
    ruleMatches: ruleMatches(by.get("falco_rules_matches_total") ?? []),
    ruleFiles: loadedFiles(by.get("falco_sha256_rules_files_info") ?? []),
    configFiles: loadedFiles(by.get("falco_sha256_config_files_info") ?? []),
  };
}

type ByName = ReadonlyMap<string, readonly Sample[]>;

function groupByName({ samples }: PrometheusReading): ByName {
  const by = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (!sample.name.startsWith(PREFIX)) continue;
    const name = sample.name.slice(PREFIX.length);
    const group = by.get(name);
    if (group === undefined) by.set(name, [sample]);
    else group.push(sample);
  }
  return by;
}

function sum(by: ByName, name: string): number | undefined {
  const values = (by.get(name) ?? []).map(({ value }) => Number(value)).filter((value) => Number.isFinite(value));
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
}

/** A sum that can be a count; undefined for one that nothing real counts up to, and that answers could not carry. */
function count(by: ByName, name: string): number | undefined {
  const total = sum(by, name);
  return total !== undefined && isCount(total) ? total : undefined;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function nanoseconds(by: ByName, name: string): bigint | undefined {
  const value = by.get(name)?.[0]?.value;
  return value !== undefined && /^\d{1,19}$/.test(value) ? BigInt(value) : undefined;
}

/** Both directions of an event count as one kind: newer versions report nothing for entering. */
function dropsByKind(samples: readonly Sample[]): { kind: string; drops: number }[] {
  const kinds = new Map<string, number>();
  for (const { labels, value } of samples.slice(0, 1_000)) {
    const kind = short(labels.get("drop") ?? "");
    const drops = Number(value);
    if (isCount(drops) && drops > 0) kinds.set(kind, (kinds.get(kind) ?? 0) + drops);
  }
  return [...kinds].map(([kind, drops]) => ({ kind, drops }));
}

function ruleMatches(samples: readonly Sample[]): RuleMatches[] {
  const rows: RuleMatches[] = [];
  for (const { labels, value } of samples.slice(0, MOST_RULES)) {
    const rule = labels.get("rule_name");
    const matches = Number(value);
    if (rule === undefined || !isCount(matches)) continue;
    const priority = Number(labels.get("priority") ?? "");
    const known = Number.isInteger(priority) && priority >= 0 && priority <= 7 && labels.has("priority");
    rows.push({
      rule: short(rule),
      source: short(labels.get("source") ?? ""),
      ...(known ? { priority } : {}),
      matches,
    });
  }
  return rows.sort((a, b) => b.matches - a.matches || (a.rule < b.rule ? -1 : 1));
}

function loadedFiles(samples: readonly Sample[]): LoadedFile[] {
  return samples.slice(0, 1_000).flatMap(({ labels }) => {
    const name = labels.get("file_name");
    const sha256 = labels.get("sha256") ?? "";
    return name !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? [{ name: short(name), sha256 }] : [];
  });
}

const short = (text: string): string => text.slice(0, LONGEST_TEXT);

/** The same without the keys that are undefined. */
function optional<Row extends object>(row: Row): { [Key in keyof Row]?: Exclude<Row[Key], undefined> } {
  const kept = Object.entries(row).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [Key in keyof Row]?: Exclude<Row[Key], undefined> };
}
