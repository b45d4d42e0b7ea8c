import { z } from "zod";
import { checklistTemplate } from "../skills/checklist-template.ts";
import { ATTESTABLE_STATES, SETTABLE_STATES, TEST_STATES } from "./checklist.ts";

/** Longest texts of one change; the caller is told, nothing is cut silently. */
export const LIMITS = {
  titleCharacters: 200,
  scopeCharacters: 2000,
  nameCharacters: 200,
  noteCharacters: 4000,
  evidenceEntries: 32,
  evidenceCharacters: 512,
  /** A checklist's whole file; beyond it changes are refused. */
  fileBytes: 16 * 1024 * 1024,
} as const;

/** Safe as a file name on every system. */
export const CHECKLIST_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const time = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
const name = z.string().min(1).max(LIMITS.nameCharacters);
const text = z.string().min(1).max(LIMITS.noteCharacters);

/** First line of a checklist's file: everything the work started from. */
export const creationLine = z.strictObject({
  v: z.literal(1),
  op: z.literal("create"),
  id: z.string().regex(CHECKLIST_ID),
  at: time,
  by: z.strictObject({ kind: z.enum(["agent", "person"]), name }),
  title: z.string().min(1).max(LIMITS.titleCharacters),
  scope: z.string().min(1).max(LIMITS.scopeCharacters).optional(),
  skill: z.strictObject({ name: z.string().min(1).max(64), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  template: checklistTemplate,
});

/**
 * One change of one item. `by` is always an agent, so that no line of this kind, written by us or by hand, can pass for
 * a person's word.
 */
export const changeLine = z.strictObject({
  v: z.literal(1),
  op: z.literal("item"),
  id: z.string().min(1).max(64),
  at: time,
  by: z.strictObject({ kind: z.literal("agent"), name }),
  item: z.string().min(1).max(32),
  state: z.enum(SETTABLE_STATES),
  note: text.optional(),
  reason: text.optional(),
  evidence: z.array(z.string().min(1).max(LIMITS.evidenceCharacters)).max(LIMITS.evidenceEntries).default([]),
});

const record = z.strictObject({ log: name, seq: z.int().min(0), leaf: z.string().regex(/^[0-9a-f]{64}$/) });

/** What one automatic test found; `records` are numbers in the audit trail, `evidence` ids of artefacts and alerts. */
export const testResult = z.strictObject({
  item: z.string().min(1).max(32),
  test: z.string().min(1).max(64),
  state: z.enum(TEST_STATES),
  reason: text,
  records: z.array(z.int().min(0)).max(64),
  evidence: z.array(z.string().min(1).max(LIMITS.evidenceCharacters)).max(LIMITS.evidenceEntries),
});

/** A run of all tests at once, with the record of the trail that holds its digest. */
export const verifyLine = z.strictObject({
  v: z.literal(1),
  op: z.literal("verify"),
  id: z.string().min(1).max(64),
  at: time,
  by: z.strictObject({ kind: z.enum(["agent", "person"]), name }),
  window: z.strictObject({ from: z.string().max(40), to: z.string().max(40) }).optional(),
  results: z.array(testResult).max(256),
  blind_spots: z.array(text).max(64),
  record,
});

/** A person's word for an item. Written only after its record in the trail; a verification looks for that record. */
export const attestLine = z.strictObject({
  v: z.literal(1),
  op: z.literal("attest"),
  id: z.string().min(1).max(64),
  at: time,
  by: z.strictObject({ kind: z.literal("person"), name, role: name.optional() }),
  item: z.string().min(1).max(32),
  state: z.enum(ATTESTABLE_STATES),
  statement: text,
  method: z.enum(["terminal", "elicitation"]),
  record,
});

export type VerifyLine = z.output<typeof verifyLine>;
export type AttestLine = z.output<typeof attestLine>;
export type TestResult = z.output<typeof testResult>;
export type CreationLine = z.output<typeof creationLine>;
export type ChangeLine = z.output<typeof changeLine>;
