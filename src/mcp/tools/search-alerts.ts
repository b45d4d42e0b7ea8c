import { z } from "zod";
import { formatTimeNs } from "../../alert/time.ts";
import type { AlertFilter, AlertPage, AlertStore } from "../../store/alert-store.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { ALERT_ROW, alertRow, DETAIL, untrustedIn } from "../alert-view.ts";
import { ARCHIVE_INPUT, archiveWarnings, coldOptions } from "../archive-view.ts";
import { FILTER, resolveWindow, toAlertFilter } from "../filter-input.ts";
import { fitPage } from "../fit-page.ts";
import { openCursor, sealCursor } from "../search-cursor.ts";
import { defineTool } from "../tool.ts";

export const searchAlerts = defineTool({
  name: "search_alerts",
  title: "Search alerts",
  description:
    "Find stored Falco alerts by time, priority, rule, host, container, image, pod, namespace, user, process, tags, any output field, or words in the message; newest first. " +
    "Gives a page of alerts with their ids, how many match in all and how many lay in the time window. " +
    "Use summarize_alerts first to see what there is, get_alert for everything about one. Same filters plus next_cursor give the next page.",
  effect: "reads",
  toolset: "alerts",
  input: z.strictObject({
    ...FILTER,
    order: z.enum(["newest", "oldest"]).default("newest").describe("Which end of the window to begin with"),
    limit: z.int().min(1).max(200).default(20).describe("Alerts on a page; fewer come when they are long"),
    cursor: z.string().max(500).optional().describe("next_cursor of the page before, with the same filters"),
    archive: ARCHIVE_INPUT,
    detail: DETAIL,
  }),
  output: z.strictObject({
    alerts: z.array(ALERT_ROW),
    matched: z.int().describe("Alerts that match all filters now"),
  }),

  async run({ order, limit, cursor, archive, detail, ...input }, context) {
    const { services, room } = context;
    const { alerts } = services;
    const asked = cursor === undefined ? undefined : openCursor(cursor, { ...input, archive });
    const window = asked?.window ?? resolveWindow(input, services.nowNs());
    const filter = await toAlertFilter(input, alerts, window);
    const page = await fitPage(
      limit,
      room,
      (count) =>
        alerts.search(filter, {
          limit: count,
          order,
          ...coldOptions(archive, context),
          ...(asked === undefined ? {} : { cursor: asked.cursor }),
        }),
      (found) => found.alerts.map((alert) => alertRow(alert, detail)),
    );
    return {
      data: { alerts: page.alerts.map((alert) => alertRow(alert, detail)), matched: page.matched },
      source: sourceOf(filter, page.considered),
      warnings: [
        ...archiveWarnings(page.archive),
        ...(page.matched === 0 ? await whyNothing(filter, page, alerts) : []),
      ],
      ...(page.nextCursor === undefined
        ? {}
        : { nextCursor: sealCursor(page.nextCursor, { ...input, archive }, window) }),
      untrusted: page.alerts.length === 0 ? [] : untrustedIn(page.alerts, "alerts[]", detail),
    };
  },
});

export function sourceOf(filter: AlertFilter, considered: number) {
  return {
    kind: "alert store",
    looked_at: considered,
    ...(filter.fromNs === undefined ? {} : { from: formatTimeNs(filter.fromNs) }),
    ...(filter.toNs === undefined ? {} : { to: formatTimeNs(filter.toNs) }),
  };
}

/** An empty answer that does not say why sends people the wrong way. */
async function whyNothing(filter: AlertFilter, page: AlertPage, alerts: AlertStore): Promise<string[]> {
  const all = await alerts.summarize({ filter: {}, by: ["rule"], limit: 500 });
  if (all.matched === 0) return ["the store holds no alert yet: use ingest_alerts"];
  if (page.considered === 0 && all.firstNs !== undefined && all.lastNs !== undefined) {
    const span = `${formatTimeNs(all.firstNs)} to ${formatTimeNs(all.lastNs)}`;
    return [`no alert lies in this time window; the stored ones lie from ${span}`];
  }
  const known = all.groups.map(({ values }) => values[0] ?? "");
  return (filter.rules ?? [])
    .filter((rule) => !known.includes(rule))
    .map(
      (rule) => `no stored alert has rule ${JSON.stringify(rule)}; near: ${nearestNames(rule, known, 3).join(" | ")}`,
    );
}
