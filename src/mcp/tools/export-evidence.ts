import { z } from "zod";
import { parseTimeBound } from "../../alert/time.ts";
import type { ControlAnswer } from "../../compliance/controls/answer-controls.ts";
import type { ExportRequest } from "../../compliance/package/export-package.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { defineTool } from "../tool.ts";

export const exportEvidence = defineTool({
  name: "export_evidence",
  title: "Export evidence",
  description:
    "Make a package that anybody can verify offline: records of the audit trail with their proof, artefacts, report, OSCAL and a verifier of its own. " +
    "Name a checklist, a run or a window; the package says which records it leaves out. It is written into the home folder. " +
    "With preview nothing is written: the answer says which evidence is held for controls and how fresh it is, as for CC7.2 since October.",
  effect: "records",
  idempotent: true,
  toolset: "compliance",
  input: z.strictObject({
    checklist: z.string().min(1).max(100).optional().describe("Everything about this checklist"),
    run_id: z.string().min(1).max(128).optional().describe("Everything about this run"),
    from: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("Start of a window (RFC 3339, Unix seconds, -24h); in a preview: only evidence taken since"),
    to: z.string().min(1).max(100).optional().describe("End of the window, exclusive; default now"),
    whole: z.boolean().optional().describe("The whole trail with all evidence"),
    format: z.enum(["folder", "zip"]).default("folder").describe("A zip is the same files in one, for sending"),
    preview: z.boolean().default(false).describe("Only answer what is held, write nothing"),
    controls: z
      .array(z.string().min(1).max(100))
      .max(50)
      .optional()
      .describe("Preview: controls, as CC7.2, AU-9 or soc2-tsc:CC7.2; default all with evidence"),
    framework: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .describe("Preview: only this framework, as soc2-tsc, nist-800-53, iso-27001"),
  }),
  output: z.strictObject({
    package: z
      .strictObject({
        folder: z.string().describe("The folder, or the zip"),
        sha256: z.string().describe("Of manifest.json: names the package as a whole"),
        bytes: z.int(),
        artefacts: z.int(),
        kind: z.string().describe("whole, or slice: a part of the trail"),
        from_record: z.int(),
        to_record: z.int().describe("Exclusive"),
        total_records: z.int().describe("Records under the signed head; what is not shown is said in the package"),
      })
      .optional(),
    controls: z.array(
      z.strictObject({
        control: z.string(),
        title: z.string(),
        state: z.string().describe("About the evidence, never about the control being met"),
        why: z.string(),
        relation: z.string(),
        strength: z.string(),
        fresh_days: z.int().describe("Evidence counts as current for so many days"),
        newest: z.string().optional(),
        evidence: z.array(
          z.strictObject({
            id: z.string(),
            kind: z.string(),
            name: z.string(),
            at: z.string(),
            age_days: z.int(),
            current: z.boolean(),
          }),
        ),
        items: z.array(z.string()).describe("Checklist items for it: checklist, item, state"),
      }),
    ),
  }),
  cuttable: ["controls"],

  async run(input, { services, caller }) {
    const { compliance } = services;
    const desk = await compliance();
    const nowNs = services.nowNs();
    if (input.preview) {
      const { answers, warnings } = await desk.controls({
        names: input.controls ?? [],
        ...(input.framework === undefined ? {} : { framework: input.framework }),
        ...(input.from === undefined ? {} : { sinceMs: toMs(input.from, nowNs) }),
      });
      const shown =
        input.controls === undefined
          ? answers.filter(({ evidence, items }) => evidence.length + items.length > 0)
          : answers;
      return {
        data: { controls: shown.map(controlRow) },
        source: {
          kind: "evidence",
          looked_at: new Set(answers.flatMap(({ evidence }) => evidence.map(({ id }) => id))).size,
        },
        warnings: [
          ...warnings,
          ...(shown.length === 0 ? ["no evidence is held for any control: use add_evidence"] : []),
        ],
        untrusted: ["controls[].evidence[].name"],
      };
    }
    const made = await desk.exportPackage(
      { scope: scopeOf(input, nowNs), format: input.format },
      { by: { kind: "agent", name: caller.client?.name ?? "unknown client" }, session: caller.session },
    );
    const { slice } = made.manifest;
    return {
      data: {
        package: {
          folder: made.folder,
          sha256: made.sha256,
          bytes: made.bytes,
          artefacts: made.artefacts,
          kind: slice.kind,
          from_record: slice.from,
          to_record: slice.to,
          total_records: slice.total,
        },
        controls: [],
      },
      source: { kind: "audit trail and evidence", looked_at: slice.to - slice.from },
      warnings: [
        ...made.warnings,
        ...(slice.kind === "slice" ? [`a slice: ${slice.left_out} of ${slice.total} records are not in it`] : []),
      ],
      untrusted: [],
    };
  },
});

interface Given {
  readonly checklist?: string | undefined;
  readonly run_id?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly whole?: boolean | undefined;
}

function scopeOf({ checklist, run_id, from, to, whole }: Given, nowNs: bigint): ExportRequest["scope"] {
  const window = from !== undefined || to !== undefined;
  const given = [checklist !== undefined, run_id !== undefined, window, whole === true].filter(Boolean).length;
  if (given !== 1) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `${given} of checklist, run_id, window and whole are given`, {
      fix: "Call export_evidence with exactly one of checklist, run_id, from and to, or whole.",
    });
  }
  if (checklist !== undefined) return { kind: "checklist", value: checklist };
  if (run_id !== undefined) return { kind: "run", value: run_id };
  if (!window) return { kind: "whole" };
  return {
    kind: "window",
    fromMs: from === undefined ? 0 : toMs(from, nowNs),
    toMs: to === undefined ? toMs("now", nowNs) : toMs(to, nowNs),
  };
}

const toMs = (text: string, nowNs: bigint): number => Number(parseTimeBound(text, nowNs) / 1_000_000n);

function controlRow({ mapping, state, why, newestAt, evidence, items }: ControlAnswer) {
  return {
    control: `${mapping.framework} ${mapping.revision} ${mapping.control}`,
    title: mapping.title,
    state,
    why,
    relation: mapping.relation,
    strength: mapping.strength,
    fresh_days: mapping.freshDays,
    ...(newestAt === undefined ? {} : { newest: newestAt }),
    evidence: evidence
      .slice(0, 20)
      .map(({ id, kind, name, at, ageDays, current }) => ({ id, kind, name, at, age_days: ageDays, current })),
    items: items.slice(0, 20).map((item) => `${item.checklist} ${item.item} ${item.state}`),
  };
}
