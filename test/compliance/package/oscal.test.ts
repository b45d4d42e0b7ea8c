import { expect, test } from "vitest";
import { z } from "zod";
import type { Checklist } from "../../../src/compliance/checklist.ts";
import type { EvidenceManifest } from "../../../src/compliance/evidence/evidence-manifest.ts";
import { oscalResults } from "../../../src/compliance/package/oscal.ts";
import { TEMPLATE } from "../template.ts";

/** What the schema of OSCAL assessment results 1.2.1 asks of the parts we write. */
const uuid = z
  .string()
  .regex(/^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$/);
const token = z.string().regex(/^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$/u);
const line = z.string().regex(/^[^\n]+$/);
const text = z.string().regex(/^\S(.*\S)?$/);
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const document = z.strictObject({
  "assessment-results": z.strictObject({
    uuid,
    metadata: z.strictObject({ title: line, "last-modified": time, version: text, "oscal-version": text }),
    "import-ap": z.strictObject({ href: z.string() }),
    results: z
      .array(
        z.strictObject({
          uuid,
          title: line,
          description: z.string(),
          start: time,
          end: time,
          "reviewed-controls": z.strictObject({
            "control-selections": z
              .array(
                z.union([
                  z.strictObject({ "include-all": z.strictObject({}) }),
                  z.strictObject({ "include-controls": z.array(z.strictObject({ "control-id": token })).min(1) }),
                ]),
              )
              .min(1),
          }),
          observations: z
            .array(
              z.strictObject({
                uuid,
                title: line,
                description: z.string(),
                methods: z.array(z.enum(["EXAMINE", "INTERVIEW", "TEST"])).min(1),
                types: z.array(token).min(1),
                props: z.array(z.strictObject({ name: token, value: text })).min(1),
                "relevant-evidence": z
                  .array(z.strictObject({ href: z.string(), description: z.string() }))
                  .min(1)
                  .optional(),
                collected: time,
              }),
            )
            .min(1)
            .optional(),
          findings: z
            .array(
              z.strictObject({
                uuid,
                title: line,
                description: z.string(),
                target: z.strictObject({
                  type: z.enum(["statement-id", "objective-id"]),
                  "target-id": token,
                  status: z.strictObject({
                    state: z.enum(["satisfied", "not-satisfied"]),
                    reason: token,
                    remarks: z.string(),
                  }),
                }),
                "related-observations": z.array(z.strictObject({ "observation-uuid": uuid })).min(1),
              }),
            )
            .min(1)
            .optional(),
        }),
      )
      .min(1),
  }),
});

const AT = "2026-11-24T12:00:00.000Z";
const CHECKLIST = {
  id: "c1",
  createdAt: AT,
  items: [
    { template: TEMPLATE.items[0], state: "done", standing: "attested", at: AT, evidence: ["ev-0123456789abcdef"] },
    {
      template: TEMPLATE.items[1],
      state: "failed",
      standing: "tested",
      evidence: [],
      automatic: { reason: "no\nline" },
    },
    { template: TEMPLATE.items[2], state: "blocked", standing: "reported", evidence: [], reason: "waits" },
    { template: TEMPLATE.items[3], state: "open", standing: "unset", evidence: [] },
  ],
} as unknown as Checklist;
const ARTEFACT = {
  id: "ev-0123456789abcdef",
  name: " two\nlines ",
  kind: "pod",
  sha256: "0".repeat(64),
  bytes: 3,
  collected: { at: AT, tool: "add_evidence" },
} as unknown as EvidenceManifest;
const given = { title: "Case\n7", log: "l1", asOf: AT, version: "1.0.0" };

test.each([
  { what: "nothing", input: { ...given, artefacts: [] }, observations: 0, findings: 0 },
  { what: "an artefact", input: { ...given, artefacts: [ARTEFACT] }, observations: 1, findings: 0 },
  {
    what: "a checklist",
    input: { ...given, checklist: CHECKLIST, artefacts: [ARTEFACT] },
    observations: 4,
    findings: 2,
  },
])("$what gives a well-formed document, the same each time", ({ input, observations, findings }) => {
  const made = oscalResults(input);
  const [result] = document.parse(made)["assessment-results"].results;
  expect(result?.observations ?? []).toHaveLength(observations);
  expect(result?.findings ?? []).toHaveLength(findings);
  expect(oscalResults(input)).toEqual(made);
});
