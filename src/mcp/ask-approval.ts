import { z } from "zod";
import type { ApprovalRequest } from "../falco/approvals/approval.ts";
import { refused, waiting } from "../falco/approvals/errors.ts";
import { type Question, question } from "./questions.ts";
import type { ToolContext } from "./tool.ts";

const FORM = z.object({
  approve: z.boolean().describe("Yes: do exactly this"),
  name: z.string().min(1).max(200).describe("Your name, for the audit trail"),
});

/**
 * The id of an approval for exactly what the request's digest names, or the question to put to the person. `given` is an
 * id that the model passes on after somebody approved at a terminal: whoever uses the approval up checks it. Fails with
 * APPROVAL_REFUSED when the person says no, and with APPROVAL_WAITING, naming the command for a terminal, where the
 * client shows no forms.
 */
export async function askApproval(
  { services, canAsk, reply }: ToolContext,
  request: ApprovalRequest,
  given: string | undefined,
): Promise<Question | string> {
  if (given !== undefined) return given;
  const { approvals } = services;
  if (reply !== undefined) {
    const said = reply.action === "accept" ? (reply.values as z.output<typeof FORM>) : undefined;
    if (said?.approve !== true || reply.about !== request.digest)
      throw refused(request.title, said?.name ?? "the person");
    const { id } = await approvals.ask(request);
    await approvals.approve(id, request.digest, { name: said.name, method: "elicitation" });
    return id;
  }
  if (canAsk) return question(request.digest, wording(request), FORM);
  const before = (await approvals.list()).find(
    ({ state, digest, kind }) => state === "waiting" && digest === request.digest && kind === request.kind,
  );
  throw waiting((before ?? (await approvals.ask(request))).id);
}

function wording({ title, lines, digest }: ApprovalRequest): string {
  return [title, "", ...lines, "", `Digest of exactly this: ${digest.slice(0, 16)}…`].join("\n");
}
