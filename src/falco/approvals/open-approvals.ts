import { join } from "node:path";
import type { Approval, Approvals, Approver } from "./approval.ts";
import { makeFolder, remove, writeOnce } from "./approval-files.ts";
import * as wrong from "./errors.ts";
import { checkShowable, readApproval, readApprovals } from "./read-approvals.ts";

export interface ApprovalsHome {
  /** The `approvals` folder of home; made with the first request. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice. */
  readonly newId: () => string;
}

const GOOD_FOR_MS = 24 * 60 * 60 * 1000;
const KEPT_FOR_MS = 30 * GOOD_FOR_MS;
const MAX_WAITING = 50;

/**
 * The approvals of a folder. A request is `<id>.json` and never changes; the decision on it is `<id>.decision`, its use
 * `<id>.used`: each file can be made once only, by whichever process comes first, and none is ever written over.
 */
export function openApprovals({ folder, nowMs, newId }: ApprovalsHome): Approvals {
  const now = (): string => new Date(nowMs()).toISOString();
  const read = (id: string) => readApproval(folder, id, nowMs());
  const keep = (name: string, value: object): boolean =>
    writeOnce(folder, name, `${JSON.stringify(value, null, 2)}\n`, `.${newId()}.tmp`);

  function decide(id: string, decision: "approved" | "refused", { name, method }: Approver, digest?: string): Approval {
    const { approval, request } = read(id);
    if (digest !== undefined && digest !== approval.digest) throw wrong.mismatch(id, digest);
    if (approval.state === "expired") throw wrong.expired(id, approval.expiresAt);
    if (approval.state !== "waiting") throw wrong.decided(id, approval.state);
    const shown = name.trim().slice(0, 300) || "somebody without a name";
    const value = { v: 1, decision, name: shown, method, at: now(), request };
    if (!keep(`${id}.decision`, value)) throw wrong.decided(id, read(id).approval.state);
    return read(id).approval;
  }

  return {
    async ask(request) {
      checkShowable(request);
      makeFolder(folder);
      const known = readApprovals(folder, nowMs());
      forgetOld(folder, known, nowMs());
      if (known.filter(({ state }) => state === "waiting").length >= MAX_WAITING) throw wrong.tooMany(MAX_WAITING);
      const { kind, title, lines, digest } = request;
      const id = newId();
      const expiresAt = new Date(nowMs() + GOOD_FOR_MS).toISOString();
      const value = { v: 1, id, kind, title, lines, digest, askedAt: now(), expiresAt };
      if (!keep(`${id}.json`, value)) throw wrong.damaged(id, "the id is taken");
      return read(id).approval;
    },
    get: async (id) => read(id).approval,
    state: async (id) => read(id).approval.state,
    list: async () => readApprovals(folder, nowMs()),
    approve: async (id, digest, by) => decide(id, "approved", by, digest),
    refuse: async (id, by) => decide(id, "refused", by),
    async take(id, digest) {
      const { approval } = read(id);
      if (approval.digest !== digest) throw wrong.mismatch(id, digest);
      if (approval.state === "waiting") throw wrong.waiting(id);
      if (approval.state === "refused") throw wrong.refused(id, approval.decided?.name ?? "somebody");
      if (approval.state === "expired") throw wrong.expired(id, approval.expiresAt);
      if (approval.state === "used" || !keep(`${id}.used`, { v: 1, at: now() })) throw wrong.used(id);
      return { ...approval, state: "used" };
    },
  };
}

function forgetOld(folder: string, known: readonly Approval[], atMs: number): void {
  for (const { id, expiresAt } of known) {
    if (atMs - Date.parse(expiresAt) < KEPT_FOR_MS) continue;
    // The request goes first: a decision or a use without it means nothing, but a request without them would wait again.
    for (const ending of ["json", "decision", "used"]) remove(join(folder, `${id}.${ending}`));
  }
}
