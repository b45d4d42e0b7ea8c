import { z } from "zod";
import { parseTimeBound } from "../../alert/time.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { defineTool } from "../tool.ts";

export const verifyChecklist = defineTool({
  name: "verify_checklist",
  title: "Verify a checklist",
  description:
    "Run the tests of a checklist's automatic and hybrid items over alerts, rules, evidence and the audit trail: each gives pass, fail, not-evaluated or not-applicable with its reason and what it rests on, and is written into the checklist. " +
    "Also lists what Falco could not see. Pass from and to: without a window the tests over alerts are not evaluated. " +
    "Manual items are attested by a person, through update_checklist with attest or at a terminal (falco-skills attest); no argument of yours can do that.",
  effect: "records",
  toolset: "compliance",
  input: z.strictObject({
    checklist: z.string().min(1).max(100).describe("Checklist id as create_checklist gives it"),
    from: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("Start of the window: RFC 3339, Unix seconds, or relative as -24h"),
    to: z.string().min(1).max(100).optional().describe("End of the window, exclusive; same forms; default now"),
  }),
  output: z.strictObject({
    checklist: z.string(),
    verdict: z
      .enum(["confirmed", "not-confirmed"])
      .describe("confirmed: every item is settled by a test or a person's word; an agent's report is not enough"),
    settled: z.int(),
    total: z.int(),
    by_state: z.record(z.string(), z.int()).describe("Tests by what they found"),
    results: z.array(
      z.strictObject({
        item: z.string(),
        test: z.string(),
        state: z.enum(["pass", "fail", "not-evaluated", "not-applicable"]),
        reason: z.string(),
        records: z.array(z.int()).optional().describe("Record numbers in the audit trail it rests on"),
        evidence: z.array(z.string()).optional().describe("Ids of artefacts or alerts it rests on"),
      }),
    ),
    awaits_person: z.array(z.string()).describe("Items that a person must still attest"),
    blind_spots: z.array(z.string()).describe("What Falco could not see in the window"),
    record: z.int().optional().describe("Record of the audit trail that holds the digest of these results"),
  }),
  cuttable: ["results"],

  async run({ checklist: id, from, to }, { services, caller }) {
    const { compliance } = services;
    const window = windowOf(from, to, services.nowNs());
    const { checklist, results, blindSpots, warnings } = await (await compliance()).verifyChecklist(
      id,
      window === undefined ? {} : { window },
      { by: { kind: "agent", name: caller.client?.name ?? "unknown client" }, session: caller.session },
    );
    const byState: Record<string, number> = {};
    for (const { state } of results) byState[state] = (byState[state] ?? 0) + 1;
    const { items, progress, verification } = checklist;
    const vouched = items.every(
      ({ state, standing }) => (state === "done" || state === "not-applicable") && standing !== "reported",
    );
    const awaiting = items.filter(({ template, standing }) => template.kind === "manual" && standing !== "attested");
    return {
      data: {
        checklist: id,
        verdict: vouched ? ("confirmed" as const) : ("not-confirmed" as const),
        settled: progress.settled,
        total: progress.total,
        by_state: byState,
        results: results.map(({ item, test, state, reason, records, evidence }) => ({
          item,
          test,
          state,
          reason,
          ...(records.length === 0 ? {} : { records: records.slice(-10) }),
          ...(evidence.length === 0 ? {} : { evidence: evidence.slice(0, 10) }),
        })),
        awaits_person: awaiting.map(({ template }) => template.id),
        blind_spots: [...blindSpots],
        ...(verification === undefined ? {} : { record: verification.record.seq }),
      },
      source: {
        kind: "checklist, alert store, evidence and audit trail",
        looked_at: results.length,
        ...(verification?.window === undefined ? {} : verification.window),
      },
      warnings: [...warnings, ...checklist.warnings],
      untrusted: ["results[].reason", "blind_spots"],
    };
  },
});

function windowOf(from: string | undefined, to: string | undefined, nowNs: bigint) {
  if (from === undefined && to === undefined) return undefined;
  const fromNs = from === undefined ? 0n : parseTimeBound(from, nowNs);
  const toNs = to === undefined ? nowNs : parseTimeBound(to, nowNs);
  if (fromNs < toNs) return { fromNs, toNs };
  throw new FalcoSkillsError(
    "INVALID_ARGUMENT",
    `from ${JSON.stringify(from)} is not before to ${JSON.stringify(to)}`,
    {
      fix: "Call verify_checklist with a from that lies before to.",
    },
  );
}
