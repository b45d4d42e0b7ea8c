import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { syncFolder } from "../../paths/write-file.ts";
import type { DeploymentPlan, FileChange } from "./deployment.ts";
import { readPlain, sha256, writeNew } from "./durable-files.ts";
import * as wrong from "./errors.ts";
import { checkName, MAX_FILE_BYTES } from "./rules-folder.ts";

const ID = /^\d{8}T\d{9}-[0-9A-Za-z]{1,40}$/;
const MAX_PLAN_BYTES = 64 * 1024 * 1024;

const FACTS = z.object({ bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const LOADED = FACTS.extend({ path: z.string() });
/** What a deployment acts on is checked closely; what is only shown is kept as it is. */
const PLAN = z.looseObject({
  v: z.literal(1),
  id: z.string().regex(ID),
  plannedAt: z.iso.datetime(),
  reason: z.string(),
  folder: z.string(),
  rulesFiles: z.array(z.string()),
  changes: z.array(
    z.object({
      action: z.enum(["add", "replace", "remove"]),
      name: z.string(),
      before: FACTS.optional(),
      after: FACTS.optional(),
      permissions: z.object({ mode: z.int(), uid: z.int(), gid: z.int() }).optional(),
    }),
  ),
  loads: z.object({ before: z.array(LOADED), after: z.array(LOADED) }),
  fit: z.boolean(),
  watchSeconds: z.int(),
});

export type PlanBody = Omit<DeploymentPlan, "digest">;

/** The bytes of each changed file, before and after. */
export interface PlanBytes {
  readonly before: ReadonlyMap<string, Buffer>;
  readonly after: ReadonlyMap<string, Buffer>;
}

/**
 * Keeps a plan under its id with the old and the new bytes of every file, whole or not at all, and gives it its digest:
 * the SHA-256 of `plan.json`, which names each file's own. Fails with HOME_NOT_WRITABLE or DISK_FULL.
 */
export function keepPlan(home: string, body: PlanBody, bytes: PlanBytes): DeploymentPlan {
  const working = join(home, `.new-${body.id}`);
  const text = Buffer.from(`${JSON.stringify({ v: 1, ...body }, null, 2)}\n`);
  try {
    mkdirSync(working, { recursive: true, mode: 0o700 });
    for (const side of ["before", "after"] as const) {
      const folder = join(working, side);
      mkdirSync(folder, { mode: 0o700 });
      for (const [name, content] of bytes[side]) writeNew(join(folder, name), content, { mode: 0o600 });
      syncFolder(folder);
    }
    writeNew(join(working, "plan.json"), text, { mode: 0o600 });
    syncFolder(working);
    renameSync(working, join(home, body.id));
    syncFolder(home);
  } catch (error) {
    throw wrong.homeNotWritten(home, error);
  } finally {
    rmSync(working, { recursive: true, force: true });
  }
  return { ...body, digest: sha256(text) };
}

/** A kept plan with the digest it has now. Fails with DEPLOY_NOT_FOUND or DEPLOY_DAMAGED. */
export function readPlan(home: string, id: string): DeploymentPlan {
  if (!ID.test(id)) throw wrong.notFound(id);
  const file = reading(id, () => readPlain(join(home, id, "plan.json"), MAX_PLAN_BYTES));
  if (file === undefined) throw wrong.notFound(id);
  if (file === "special") throw wrong.damaged(id, "plan.json is no plain file or too large");
  const plan = reading(id, () => PLAN.parse(JSON.parse(file.bytes.toString("utf8"))));
  if (plan.id !== id) throw wrong.damaged(id, "plan.json names another id");
  for (const { name, action, before, after } of plan.changes) {
    reading(id, () => checkName(name));
    const hasBoth = (before !== undefined) === (action !== "add") && (after !== undefined) === (action !== "remove");
    if (!hasBoth) throw wrong.damaged(id, `plan.json contradicts itself on ${JSON.stringify(name)}`);
  }
  const { v, ...body } = plan;
  return { ...(body as unknown as PlanBody), digest: file.facts.sha256 };
}

/** The old or new bytes of a changed file, checked against the plan. Fails with DEPLOY_DAMAGED. */
export function readBytes(home: string, id: string, side: "before" | "after", change: FileChange): Buffer {
  const file = reading(id, () => readPlain(join(home, id, side, change.name), MAX_FILE_BYTES));
  if (file === undefined || file === "special" || file.facts.sha256 !== change[side]?.sha256) {
    throw wrong.damaged(id, `its copy of ${JSON.stringify(change.name)} is not what was kept`);
  }
  return file.bytes;
}

/** Ids of what is kept, newest first. */
export function planIds(home: string): string[] {
  try {
    return readdirSync(home)
      .filter((name) => ID.test(name))
      .sort()
      .reverse();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function reading<T>(id: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw wrong.damaged(id, "what is kept of it cannot be read", error);
  }
}
