import { z } from "zod";
import { formatTimeNs } from "../../alert/time.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { GroupKey, Summary } from "../../store/alert-store.ts";
import { isUntrusted } from "../alert-view.ts";
import { ARCHIVE_INPUT, archiveWarnings, coldOptions } from "../archive-view.ts";
import { FILTER, resolveWindow, toAlertFilter } from "../filter-input.ts";
import { defineTool } from "../tool.ts";
import { sourceOf } from "./search-alerts.ts";

const KEYS = ["rule", "priority", "source", "hostname", "tag"] as const;

const UNITS_NS: Readonly<Record<string, bigint>> = {
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};
const MAX_BUCKETS = 500n;

export const summarizeAlerts = defineTool({
  name: "summarize_alerts",
  title: "Summarize alerts",
  description:
    "Count stored Falco alerts by up to two keys (rule, priority, source, hostname, tag, or any output field as field:proc.name), with first and last time of each group, and optionally a time series. " +
    "Takes the same filters as search_alerts. The way to begin a triage: what fired, how often, where, since when. One field key gives that field's distinct values with counts.",
  effect: "reads",
  toolset: "alerts",
  input: z.strictObject({
    ...FILTER,
    by: z
      .array(z.string().max(200))
      .max(2)
      .default(["rule"])
      .describe("None, one or two of rule, priority, source, hostname, tag, field:<output field>"),
    bucket: z.string().max(20).optional().describe("Width of a time bucket for a series, as 5m, 1h or 1d"),
    limit: z.int().min(1).max(500).default(30).describe("Groups to show, largest first"),
    archive: ARCHIVE_INPUT,
  }),
  output: z.strictObject({
    matched: z.int().describe("Alerts that match all filters"),
    first_seen: z.string().optional(),
    last_seen: z.string().optional(),
    groups: z.array(
      z.strictObject({
        keys: z.record(z.string(), z.string()).describe("The group's value for each key; (none) where alerts lack it"),
        count: z.int(),
        first_seen: z.string(),
        last_seen: z.string(),
      }),
    ),
    group_count: z.int().describe("Groups there are in all"),
    series: z
      .array(z.strictObject({ from: z.string(), count: z.int() }))
      .optional()
      .describe("Buckets that hold alerts"),
  }),
  cuttable: ["series", "groups"],

  async run({ by, bucket, limit, archive, ...input }, context) {
    const { services } = context;
    const { alerts } = services;
    const cold = coldOptions(archive, context);
    const filter = await toAlertFilter(input, alerts, resolveWindow(input, services.nowNs()));
    const keys = by.map(toGroupKey);
    const bucketNs =
      bucket === undefined
        ? undefined
        : await checkedWidth(bucket, () => alerts.summarize({ filter, by: [], limit: 1, ...cold }));
    const summary = await alerts.summarize({
      filter,
      by: keys,
      limit,
      ...cold,
      ...(bucketNs === undefined ? {} : { bucketNs }),
    });
    const hidden = summary.groupCount - summary.groups.length;
    return {
      data: {
        matched: summary.matched,
        ...times(summary),
        groups: summary.groups.map(({ values, count, firstNs, lastNs }) => ({
          keys: Object.fromEntries(keys.map((key, at) => [key, values[at] ?? "(none)"])),
          count,
          ...times({ firstNs, lastNs }),
        })),
        group_count: summary.groupCount,
        ...(summary.buckets === undefined
          ? {}
          : { series: summary.buckets.map(({ fromNs, count }) => ({ from: formatTimeNs(fromNs), count })) }),
      },
      source: sourceOf(filter, summary.considered),
      warnings: [
        ...archiveWarnings(summary.archive),
        ...(hidden > 0 && keys.length > 0
          ? [`${hidden} smaller groups are not shown; raise limit or narrow the filter`]
          : []),
      ],
      untrusted: keys
        .filter((key) => key.startsWith("field:") && isUntrusted(key.slice(6)))
        .map((key) => `groups[].keys.${key}`),
    };
  },
});

const times = ({ firstNs, lastNs }: { firstNs?: bigint; lastNs?: bigint }) =>
  ({
    ...(firstNs === undefined ? {} : { first_seen: formatTimeNs(firstNs) }),
    ...(lastNs === undefined ? {} : { last_seen: formatTimeNs(lastNs) }),
  }) as { first_seen: string; last_seen: string };

function toGroupKey(name: string): GroupKey {
  if ((KEYS as readonly string[]).includes(name)) return name as GroupKey;
  if (name.startsWith("field:") && name.length > 6) return name as GroupKey;
  if (name.includes(".")) return `field:${name}`;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `alerts cannot be grouped by ${JSON.stringify(name)}`, {
    fix: `Use one of ${KEYS.join(", ")}, or field:<output field> as field:proc.name.`,
  });
}

async function checkedWidth(text: string, span: () => Promise<Summary>): Promise<bigint> {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const width = BigInt(count ?? 0) * (UNITS_NS[unit ?? ""] ?? 0n);
  if (width === 0n) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `bucket ${JSON.stringify(text)} is no width of time`, {
      fix: "Use a number and s, m, h or d, as 5m or 1h.",
    });
  }
  const { firstNs = 0n, lastNs = 0n } = await span();
  if ((lastNs - firstNs) / width >= MAX_BUCKETS) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `bucket ${text} would give more than ${MAX_BUCKETS} buckets`, {
      fix: "Use wider buckets or a shorter time window.",
    });
  }
  return width;
}
