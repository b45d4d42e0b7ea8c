import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { StoredAlert } from "../../store/alert-store.ts";
import { neighbours } from "../../store/neighbours.ts";
import { ALERT_ROW, alertRow, untrustedIn } from "../alert-view.ts";
import { shorten } from "../answer.ts";
import { ARCHIVE_INPUT, coldOptions } from "../archive-view.ts";
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
    archive: ARCHIVE_INPUT,
  }),
  output: z.strictObject({
    alert: ALERT_ROW,
    received_at: z.string().describe("When this server stored it"),
    raw: z.string().describe("The line as it came; hidden characters shown as \\u{hex}"),
    raw_sha256: z.string().describe("SHA-256 of the raw line's bytes"),
    rule: z
      .strictObject({
        set: z.string().describe("Loaded rule set that has it"),
        description: z.string(),
        text: z.array(z.string()).describe("The rule's items as they stand in the files, line by line"),
      })
      .optional()
      .describe("The rule, where a rule set that has it was loaded with load_rules"),
    neighbours: z.array(ALERT_ROW.extend({ related_by: z.array(z.enum(["container", "lineage"])) })),
  }),
  cuttable: ["neighbours"],

  async run({ id, around_seconds, neighbours: limit, archive }, context) {
    const { services } = context;
    const alert = await services.alerts.get(id, coldOptions(archive, context));
    if (alert === undefined) {
      throw new FalcoSkillsError("ALERT_NOT_FOUND", `no stored alert has id ${JSON.stringify(id)}`, {
        fix: archive
          ? "Call search_alerts and pass an id it returned."
          : "Call search_alerts and pass an id it returned; for an archived alert pass archive true.",
      });
    }
    const distanceNs = BigInt(around_seconds) * 1_000_000_000n;
    const near =
      limit === 0
        ? []
        : await neighbours(services.alerts, alert, { distanceNs, limit, ...coldOptions(archive, context) });
    const rows = near.map((found) => ({ ...alertRow(found.alert, "concise"), related_by: [...found.relations] }));
    const rule = await services.rules.ruleText(alert.rule);
    return {
      data: {
        alert: alertRow(alert, "full"),
        received_at: new Date(alert.receivedAtMs).toISOString(),
        raw: shorten(alert.raw, 6_000),
        raw_sha256: alert.rawSha256,
        ...(rule === undefined
          ? {}
          : { rule: { set: rule.set, description: rule.description, text: rule.text.split("\n") } }),
        neighbours: rows,
      },
      source: { kind: "alert store", looked_at: 1 + near.length },
      warnings:
        limit > 0 && near.length === limit
          ? ["there may be further neighbours: raise neighbours or use search_alerts"]
          : [],
      untrusted: [...untrustedIn([alert], "alert", "full"), "raw", ...neighbourPaths(near.map((found) => found.alert))],
    };
  },
});

const neighbourPaths = (alerts: readonly StoredAlert[]): string[] =>
  alerts.length === 0 ? [] : untrustedIn(alerts, "neighbours[]", "concise");
