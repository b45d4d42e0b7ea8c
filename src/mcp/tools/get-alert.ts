import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { findNeighbours } from "../../investigate/find-neighbours.ts";
import type { StoredAlert } from "../../store/alert-store.ts";
import { ALERT_ROW, alertRow, untrustedIn } from "../alert-view.ts";
import { shorten } from "../answer.ts";
import { defineTool } from "../tool.ts";

export const getAlert = defineTool({
  name: "get_alert",
  title: "Get one alert",
  description:
    "Everything about one stored Falco alert: all output fields, tags, the raw line as Falco wrote it with its SHA-256, and its neighbours in the same container or process lineage in the minutes around it. " +
    "Use search_alerts to find the id.",
  effect: "reads",
  toolset: "alerts",
  input: z.strictObject({
    id: z.string().min(1).max(100).describe("Alert id as search_alerts returns it"),
    around_seconds: z.int().min(0).max(86_400).default(300).describe("How far neighbours may lie before and after"),
    neighbours: z.int().min(0).max(50).default(10).describe("How many neighbours to show at most"),
  }),
  output: z.strictObject({
    alert: ALERT_ROW,
    received_at: z.string().describe("When this server stored it"),
    raw: z.string().describe("The line as it came; hidden characters shown as \\u{hex}"),
    raw_sha256: z.string().describe("SHA-256 of the raw line's bytes"),
    neighbours: z.array(ALERT_ROW.extend({ related_by: z.string().describe("container, process lineage or host") })),
    neighbours_matched: z.int().describe("How many neighbours there are in all"),
  }),
  cuttable: ["neighbours"],

  async run({ id, around_seconds, neighbours: limit }, { services }) {
    const alert = await services.alerts.get(id);
    if (alert === undefined) {
      throw new FalcoSkillsError("ALERT_NOT_FOUND", `no stored alert has id ${JSON.stringify(id)}`, {
        fix: "Call search_alerts and pass an id it returned.",
      });
    }
    const near = await findNeighbours(services.alerts, alert, {
      aroundNs: BigInt(around_seconds) * 1_000_000_000n,
      limit,
    });
    const rows = near.neighbours.map((found) => ({ ...alertRow(found.alert, "concise"), related_by: found.relation }));
    return {
      data: {
        alert: alertRow(alert, "full"),
        received_at: new Date(alert.receivedAtMs).toISOString(),
        raw: shorten(alert.raw, 6_000),
        raw_sha256: alert.rawSha256,
        neighbours: rows,
        neighbours_matched: near.matched,
      },
      source: { kind: "alert store", looked_at: 1 + near.matched },
      warnings:
        rows.length < near.matched ? [`${near.matched - rows.length} further neighbours: use search_alerts`] : [],
      untrusted: [
        ...untrustedIn([alert], "alert", "full"),
        "raw",
        ...neighbourPaths(near.neighbours.map(({ alert }) => alert)),
      ],
    };
  },
});

const neighbourPaths = (alerts: readonly StoredAlert[]): string[] =>
  alerts.length === 0 ? [] : untrustedIn(alerts, "neighbours[]", "concise");
