import type { ChecklistItemTemplate } from "../skills/checklist-template.ts";
import { nearestNames } from "../text/nearest-names.ts";
import type {
  Checklist,
  ChecklistItem,
  ChecklistList,
  ChecklistStore,
  ItemUpdate,
  NewChecklist,
  UpdatedChecklist,
} from "./checklist.ts";
import { type ChecklistFiles, checklistFiles } from "./checklist-file.ts";
import { type AttestLine, attestLine, CHECKLIST_ID, changeLine, creationLine, verifyLine } from "./checklist-line.ts";
import * as wrong from "./errors.ts";
import { decidedByTest, foldChecklist, needsReason } from "./fold-checklist.ts";
import { orderWarnings } from "./order-warnings.ts";

export interface ChecklistHome {
  /** The `checklists` folder of home; made with the first checklist. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Ids of checklists and changes: at most 64 letters, digits, `_` and `-`, never the same twice. */
  readonly newId: () => string;
}

/**
 * The checklists of a folder. A checklist is its file: lines are appended with one write each and never changed, so
 * several processes may work on one checklist at once and none of their changes is lost.
 */
export function openChecklists({ folder, nowMs, newId }: ChecklistHome): ChecklistStore {
  const files = checklistFiles(folder);
  const now = () => new Date(nowMs()).toISOString();
  return {
    create: (wanted) => create(files, wanted, now(), newId()),
    get: (id) => load(files, id),
    list: () => list(files),
    update: (id, change) => update(files, id, change, { at: now(), id: newId() }),
    async keepVerification(id, line) {
      await load(files, id);
      const kept = await files.append(
        id,
        JSON.stringify(verifyLine.parse({ v: 1, op: "verify", id: newId(), ...line })),
      );
      if (!kept) throw wrong.checklistFull(id);
      return load(files, id);
    },
    keepAttestation: (id, line) => keepAttestation(files, id, { v: 1, op: "attest", id: newId(), ...line }),
  };
}

async function create(files: ChecklistFiles, wanted: NewChecklist, at: string, id: string): Promise<Checklist> {
  const { template, skill, title, scope, createdBy } = wanted;
  const line = {
    v: 1,
    op: "create",
    id,
    at,
    by: createdBy,
    title: title.trim(),
    ...(scope === undefined || scope.trim() === "" ? {} : { scope: scope.trim() }),
    skill,
    template,
  };
  const checked = creationLine.safeParse(line);
  if (!checked.success) throw wrong.argument("create_checklist", firstIssue(checked.error.issues));
  await files.create(id, JSON.stringify(checked.data));
  return load(files, id);
}

async function load(files: ChecklistFiles, id: string): Promise<Checklist> {
  const text = CHECKLIST_ID.test(id) ? await files.read(id) : undefined;
  if (text === undefined) throw wrong.checklistNotFound(id);
  const checklist = foldChecklist(text);
  if (typeof checklist === "string") throw wrong.checklistDamaged(id, checklist);
  if (checklist.id !== id) throw wrong.checklistDamaged(id, "it holds another checklist");
  return checklist;
}

async function list(files: ChecklistFiles): Promise<ChecklistList> {
  const checklists: Checklist[] = [];
  const faults: { file: string; message: string }[] = [];
  for (const id of await files.ids()) {
    const loaded = await load(files, id).catch((cause: Error) => cause);
    if (loaded instanceof Error) faults.push({ file: `${id}.jsonl`, message: loaded.message });
    else checklists.push(loaded);
  }
  const newestFirst = checklists.sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
  const summaries = newestFirst.map(({ id, title, skill, createdAt, progress }) => ({
    id,
    title,
    skill,
    createdAt,
    progress,
  }));
  return { checklists: summaries, faults };
}

async function update(
  files: ChecklistFiles,
  id: string,
  change: ItemUpdate,
  stamp: { readonly at: string; readonly id: string },
): Promise<UpdatedChecklist> {
  const before = await load(files, id);
  const item = findItem(before, change.item);
  const line = lineOf(item, change, stamp);
  const kept = await files.append(id, JSON.stringify(line));
  if (!kept) throw wrong.checklistFull(id);
  const checklist = await load(files, id);
  const after = checklist.items.find(({ template }) => template.id === item.id) as ChecklistItem;
  return { checklist, item: after, warnings: [...orderWarnings(before, change), ...checklist.warnings] };
}

async function keepAttestation(files: ChecklistFiles, id: string, line: AttestLine): Promise<UpdatedChecklist> {
  const before = await load(files, id);
  const template = findItem(before, line.item);
  if (template.kind === "auto") throw wrong.attestAutomatic(template.id, template.test ?? "");
  const checked = attestLine.safeParse(line);
  if (!checked.success) throw wrong.argument("falco-skills attest", firstIssue(checked.error.issues));
  if (!(await files.append(id, JSON.stringify(checked.data)))) throw wrong.checklistFull(id);
  const checklist = await load(files, id);
  const item = checklist.items.find(({ template: { id: name } }) => name === line.item) as ChecklistItem;
  return { checklist, item, warnings: [...orderWarnings(before, line), ...checklist.warnings] };
}

/** Fails with CHECKLIST_ITEM_UNKNOWN. */
export function findItem(checklist: Checklist, wanted: string): ChecklistItemTemplate {
  const item = checklist.items.find(({ template }) => template.id === wanted)?.template;
  if (item !== undefined) return item;
  const ids = checklist.items.map(({ template }) => template.id);
  throw wrong.itemUnknown(wanted, nearestNames(wanted, ids, 3));
}

/** The line a change becomes, after every check that needs no other process's word. */
function lineOf(item: ChecklistItemTemplate, change: ItemUpdate, stamp: { at: string; id: string }) {
  const note = change.note?.trim() || undefined;
  const reason = change.reason?.trim() || undefined;
  const { state } = change;
  if (item.kind === "auto" && decidedByTest(state)) {
    throw wrong.itemAutomatic(item.id, item.test ?? "", state);
  }
  if (needsReason(state) && reason === undefined) throw wrong.reasonRequired(item.id, state);
  const checked = changeLine.safeParse({
    v: 1,
    op: "item",
    ...stamp,
    // Whoever calls update is taken for an agent: a person's word is given in another way.
    by: { kind: "agent", name: change.by },
    item: item.id,
    state,
    ...(note === undefined ? {} : { note }),
    ...(reason === undefined ? {} : { reason }),
    evidence: change.evidence ?? [],
  });
  if (!checked.success) throw wrong.argument("update_checklist", firstIssue(checked.error.issues));
  return checked.data;
}

function firstIssue(issues: readonly { path: readonly PropertyKey[]; message: string }[]): string {
  const [issue] = issues;
  const place = issue?.path.map(String).join(".") || "the argument";
  return `${place}: ${issue?.message.charAt(0).toLowerCase()}${issue?.message.slice(1)}`;
}
