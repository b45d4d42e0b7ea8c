import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJournal } from "./journal.ts";
import { planIds } from "./plan-files.ts";

/** Plans kept that nobody carried out: more than there can be requests for approval waiting. */
const MAX_OPEN_PLANS = 100;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Makes room: plans are cheap to ask for, and each holds the rules' bytes twice. The oldest that were never carried out go,
 * and what a crash left half kept; a deployment stays, so that it can be taken back however long ago it was.
 */
export function forgetPlans(home: string, nowMs: number): void {
  const open = planIds(home).filter((id) => isOpen(home, id));
  for (const id of open.slice(MAX_OPEN_PLANS)) remove(join(home, id));
  const dayAgo = new Date(nowMs - DAY_MS).toISOString().slice(0, -1).replaceAll(/[-:.]/g, "");
  for (const name of halfKept(home)) if (name.slice(".new-".length) < dayAgo) remove(join(home, name));
}

function isOpen(home: string, id: string): boolean {
  try {
    return readJournal(home, id).length === 0;
  } catch {
    return false;
  }
}

function halfKept(home: string): string[] {
  try {
    return readdirSync(home).filter((name) => name.startsWith(".new-"));
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Another process was faster, or home turned read-only: the next plan tries again.
  }
}
