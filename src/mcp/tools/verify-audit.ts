import { z } from "zod";
import { defineTool } from "../tool.ts";

export const verifyAudit = defineTool({
  name: "verify_audit",
  title: "Verify the audit trail",
  description:
    "Walk the whole audit trail and say whether every record still follows from the one before: state, tier reached (CHAINED, SIGNED, ANCHORED), and where it first does not hold. " +
    "Calls that were announced and never answered are listed. Call it before you hand anything over; it changes nothing.",
  effect: "reads",
  toolset: "audit",
  input: z.strictObject({
    known_heads: z
      .array(
        z.strictObject({ size: z.int().min(1), root: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hex digits") }),
      )
      .max(100)
      .optional()
      .describe(
        "Heads kept elsewhere, as the size and root in the _meta receipt of earlier answers: proves nothing before them was changed",
      ),
  }),
  output: z.strictObject({
    state: z.string().describe("intact, or what is wrong: tampered, truncated, diverged, forked, absent, …"),
    tier: z.string().describe("How strong the check was: NONE < CHAINED < SIGNED < ANCHORED"),
    records: z.int(),
    root: z.string().optional().describe("RFC 6962 tree head over all records"),
    signed_size: z.int().describe("Records covered by a checked signature"),
    anchored_size: z.int().describe("Records covered by a head from outside the trail"),
    first_bad: z
      .strictObject({
        seq: z.int(),
        line: z.int(),
        byte_offset: z.int(),
        segment: z.string(),
        reason: z.string(),
      })
      .optional(),
    unanswered_calls: z.int().describe("Calls that were announced and have no result: still running, or cut off"),
    unanswered: z.array(
      z.strictObject({ seq: z.int(), tool: z.string().optional(), session: z.string(), cause: z.string() }),
    ),
    pruned_records: z
      .int()
      .describe("Records whose bodies were taken away when their time was over; their leaves still carry the chain"),
    erased: z
      .array(z.strictObject({ seq: z.int(), by_record: z.int() }))
      .describe("Records whose withheld values were erased, and the record that says so"),
    reasons: z.array(z.string()).describe("Everything noticed, as stable words"),
  }),
  cuttable: ["unanswered", "erased"],

  async run({ known_heads }, { services, signal, progress }) {
    const verdict = await services.verifyAudit({ signal, onProgress: progress }, known_heads ?? []);
    return {
      data: {
        state: verdict.state,
        tier: verdict.tier,
        records: verdict.records,
        ...(verdict.root === undefined ? {} : { root: verdict.root }),
        signed_size: verdict.signedSize,
        anchored_size: verdict.anchoredSize,
        ...(verdict.firstBad === undefined
          ? {}
          : {
              first_bad: {
                seq: verdict.firstBad.seq,
                line: verdict.firstBad.line,
                byte_offset: verdict.firstBad.byteOffset,
                segment: verdict.firstBad.segment,
                reason: verdict.firstBad.reason,
              },
            }),
        unanswered_calls: verdict.orphanIntentCount,
        unanswered: verdict.orphanIntents.map(({ seq, tool, session, cause }) => ({
          seq,
          session,
          cause,
          ...(tool === undefined ? {} : { tool }),
        })),
        pruned_records: verdict.prunedRecords,
        erased: verdict.erased.map(({ seq, by }) => ({ seq, by_record: by })),
        reasons: [...verdict.reasonCodes],
      },
      source: { kind: "audit trail", looked_at: verdict.records },
      warnings: [
        ...(verdict.state === "intact" && verdict.tier !== "ANCHORED"
          ? [
              "whoever can write the home folder could have rewritten the whole trail; pass known_heads from earlier answers to rule that out",
            ]
          : []),
        ...(verdict.orphanIntentCount === 0 ? [] : ["this very call is among the unanswered ones while it runs"]),
      ],
      untrusted: [],
    };
  },
});
