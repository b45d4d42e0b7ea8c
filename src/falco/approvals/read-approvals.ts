import { readdirSync } from "node:fs";
import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { Approval, ApprovalRequest, ApprovalState } from "./approval.ts";
import { checkFolder, readKept, sha256 } from "./approval-files.ts";
import * as wrong from "./errors.ts";

const MAX_LINES = 5_000;
const MAX_LINE_CHARS = 2_000;
const MAX_TITLE_CHARS = 300;

const ID = /^[0-9A-Za-z]{1,40}$/;
const REQUEST = z.object({
  v: z.literal(1),
  id: z.string().regex(ID),
  kind: z.string().regex(/^[a-z_]{1,40}$/),
  title: z.string().min(1).max(MAX_TITLE_CHARS),
  lines: z.array(z.string().max(MAX_LINE_CHARS)).max(MAX_LINES),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  askedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
const DECISION = z.object({
  v: z.literal(1),
  decision: z.enum(["approved", "refused"]),
  name: z.string().min(1).max(300),
  method: z.enum(["terminal", "elicitation"]),
  at: z.iso.datetime(),
  /** SHA-256 of the request's file: what was decided on, to the byte. */
  request: z.string(),
});

export interface KeptApproval {
  readonly approval: Approval;
  /** SHA-256 (hex) of the request's file. */
  readonly request: string;
}

/** One approval as it stands at that time. Fails with APPROVAL_NOT_FOUND, APPROVAL_DAMAGED, APPROVAL_UNSAFE. */
export function readApproval(folder: string, id: string, atMs: number): KeptApproval {
  const text = ID.test(id) && checkFolder(folder) ? readKept(folder, `${id}.json`, id) : undefined;
  if (text === undefined) throw wrong.notFound(id);
  const { v, ...asked } = parse(REQUEST, text, id);
  if (asked.id !== id) throw wrong.damaged(id, "it names another id");
  const decision = readKept(folder, `${id}.decision`, id);
  const known = decision === undefined ? undefined : parse(DECISION, decision, id);
  const request = sha256(text);
  if (known !== undefined && known.request !== request) throw wrong.damaged(id, "it is not what was decided on");
  const isUsed = readKept(folder, `${id}.used`, id) !== undefined;
  const state = stateOf(known?.decision, atMs >= Date.parse(asked.expiresAt), isUsed);
  const by = known === undefined ? {} : { decided: { name: known.name, method: known.method, at: known.at } };
  return { approval: { ...asked, state, ...by }, request };
}

function stateOf(decision: "approved" | "refused" | undefined, isOver: boolean, isUsed: boolean): ApprovalState {
  if (isUsed) return "used";
  if (decision === "refused") return "refused";
  return isOver ? "expired" : (decision ?? "waiting");
}

/** All that can be read, oldest first. */
export function readApprovals(folder: string, atMs: number): Approval[] {
  if (!checkFolder(folder)) return [];
  const ids = readdirSync(folder).flatMap((name) => /^([0-9A-Za-z]+)\.json$/.exec(name)?.[1] ?? []);
  const approvals = ids.flatMap((id) => {
    try {
      return [readApproval(folder, id, atMs).approval];
    } catch (error) {
      if (error instanceof FalcoSkillsError) return [];
      throw error;
    }
  });
  return approvals.sort((a, b) => (a.askedAt < b.askedAt ? -1 : a.askedAt > b.askedAt ? 1 : 0));
}

/** Fails with INVALID_ARGUMENT for what a person could not be shown whole: nothing is cut before it is approved. */
export function checkShowable({ kind, title, lines, digest }: ApprovalRequest): void {
  if (lines.length > MAX_LINES) throw wrong.unshowable(`it has ${lines.length} lines, more than ${MAX_LINES}`);
  const longest = lines.reduce((most, line) => Math.max(most, line.length), 0);
  if (longest > MAX_LINE_CHARS) {
    throw wrong.unshowable(`a line has ${longest} characters, more than ${MAX_LINE_CHARS}`);
  }
  const { success } = REQUEST.pick({ kind: true, title: true, digest: true }).safeParse({ kind, title, digest });
  if (!success) throw wrong.unshowable("its kind, title or digest has another form");
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string, id: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw wrong.damaged(id, "it is not what was written", error);
  }
}
