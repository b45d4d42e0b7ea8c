import type { ChecklistItemTemplate, ChecklistTemplate } from "../skills/checklist-template.ts";

/** States a caller may set. `not-applicable` and `blocked` need a reason. */
export const SETTABLE_STATES = ["open", "in-progress", "done", "failed", "not-applicable", "blocked"] as const;
type SettableState = (typeof SETTABLE_STATES)[number];

/** States an item can be in; `not-evaluated` is an automatic item whose test has not run. */
export type ItemState = SettableState | "not-evaluated";

/** How much a state is worth: nobody set it, an agent said so, a person vouches for it, our own test found it. */
export type ItemStanding = "unset" | "reported" | "attested" | "tested";

export interface Actor {
  readonly kind: "agent" | "person";
  readonly name: string;
}

/** The skill a checklist came from, pinned by the digest it had then. */
interface ChecklistSkill {
  readonly name: string;
  readonly digest: string;
}

/** One change of one item as it stands in the file; `at` is RFC 3339 in UTC. */
export interface ChecklistChange {
  readonly id: string;
  readonly at: string;
  readonly item: string;
  readonly state: SettableState;
  readonly by: Actor;
  readonly note?: string;
  readonly reason?: string;
  readonly evidence: readonly string[];
}

/** An item with its state now. `evidence` is everything any change of it named. */
export interface ChecklistItem {
  readonly template: ChecklistItemTemplate;
  readonly state: ItemState;
  readonly standing: ItemStanding;
  /** Why the item is blocked, not applicable or not evaluated. */
  readonly reason?: string;
  readonly note?: string;
  readonly by?: Actor;
  readonly at?: string;
  readonly evidence: readonly string[];
  /** What the automatic half of a hybrid item found; absent on manual items. */
  readonly automatic?: { readonly test: string; readonly state: "not-evaluated"; readonly reason: string };
}

export interface ChecklistProgress {
  readonly total: number;
  /** Items that are done or not applicable. */
  readonly settled: number;
  readonly byState: Readonly<Record<ItemState, number>>;
  readonly byStanding: Readonly<Record<ItemStanding, number>>;
}

export interface Checklist {
  readonly id: string;
  readonly title: string;
  readonly scope?: string;
  readonly skill: ChecklistSkill;
  readonly createdAt: string;
  readonly createdBy: Actor;
  /** The template as it was at creation: a later edit of the skill does not change work under way. */
  readonly template: ChecklistTemplate;
  readonly items: readonly ChecklistItem[];
  readonly progress: ChecklistProgress;
  readonly history: readonly ChecklistChange[];
  /** Lines of the file that could not be used, in words. */
  readonly warnings: readonly string[];
}

interface ChecklistSummary {
  readonly id: string;
  readonly title: string;
  readonly skill: ChecklistSkill;
  readonly createdAt: string;
  readonly progress: ChecklistProgress;
}

export interface NewChecklist {
  readonly template: ChecklistTemplate;
  readonly skill: ChecklistSkill;
  readonly title: string;
  readonly scope?: string;
  readonly createdBy: Actor;
}

/** A change asked for by an agent. There is no way to name a person here: attestation is another act. */
export interface ItemUpdate {
  readonly item: string;
  readonly state: SettableState;
  /** The agent's name; recorded as `{kind: "agent", name}`. */
  readonly by: string;
  readonly note?: string;
  readonly reason?: string;
  /** Evidence ids or references, at most 32 of 512 characters. */
  readonly evidence?: readonly string[];
}

export interface UpdatedChecklist {
  readonly checklist: Checklist;
  readonly item: ChecklistItem;
  /** Order broken and similar: the change was made all the same. */
  readonly warnings: readonly string[];
}

export interface ChecklistList {
  /** Newest first. */
  readonly checklists: readonly ChecklistSummary[];
  /** Files that hold no readable checklist. */
  readonly faults: readonly { readonly file: string; readonly message: string }[];
}

export interface ChecklistStore {
  create(wanted: NewChecklist): Promise<Checklist>;
  /** Fails with CHECKLIST_NOT_FOUND or CHECKLIST_DAMAGED. */
  get(id: string): Promise<Checklist>;
  list(): Promise<ChecklistList>;
  /** Fails with CHECKLIST_ITEM_UNKNOWN, CHECKLIST_ITEM_AUTOMATIC, CHECKLIST_REASON_REQUIRED, CHECKLIST_FULL, INVALID_ARGUMENT. */
  update(id: string, change: ItemUpdate): Promise<UpdatedChecklist>;
}
