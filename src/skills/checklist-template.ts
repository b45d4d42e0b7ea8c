import { z } from "zod";

/** Letters, digits and inner hyphens: safe in file names, tables and prompts. */
const ID = /^[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*$/;

const id = z.string().max(32).regex(ID, "expected letters, digits and inner hyphens");
const line = z.string().min(1).max(200);
const text = z.string().min(1).max(2000);

const control = z.strictObject({
  framework: id,
  /** A control id means nothing without the revision it belongs to. */
  revision: z.string().min(1).max(32),
  control: z.string().min(1).max(32),
});

const item = z.strictObject({
  id,
  phase: id,
  title: line,
  text,
  kind: z.enum(["auto", "manual", "hybrid"]),
  test: id.optional(),
  evidence: z.array(line).max(16).default([]),
  controls: z.array(control).max(16).default([]),
  must_precede: z.array(id).max(64).default([]),
  severity: z.enum(["critical", "high", "medium", "low"]),
});

/** The shape of a skill's checklist.yaml, version 1; what refers to what is checked by `parseChecklist`. */
export const checklistTemplate = z.strictObject({
  version: z.literal(1),
  title: line,
  summary: text,
  phases: z
    .array(z.strictObject({ id, title: line }))
    .min(1)
    .max(32),
  items: z.array(item).min(1).max(256),
});

/** A skill's checklist before any work on it; keys are those of checklist.yaml. */
export type ChecklistTemplate = z.output<typeof checklistTemplate>;
export type ChecklistItemTemplate = ChecklistTemplate["items"][number];
export type ChecklistItemKind = ChecklistItemTemplate["kind"];
