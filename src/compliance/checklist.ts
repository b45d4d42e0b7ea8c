import type { ChecklistItemTemplate, ChecklistTemplate } from "../skills/checklist-template.ts";
import type { AttestLine, VerifyLine } from "./checklist-line.ts";

/** States a caller may set. `not-applicable` and `blocked` need a reason. */
export const SETTABLE_STATES = ["open", "in-progress", "done", "failed", "not-applicable", "blocked"] as const;
type SettableState = (typeof SETTABLE_STATES)[number];

/** What an automatic test can find. */
export const TEST_STATES = ["pass", "fail", "not-evaluated", "not-applicable"] as const;
export type TestState = (typeof TEST_STATES)[number];

/** What a person can vouch for. */
export const ATTESTABLE_STATES = ["done", "failed", "not-applicable"] as const;
export type AttestableState = (typeof ATTESTABLE_STATES)[number];

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

/** Where in the audit trail a line of the file is recorded. */
export interface LineRecord {
  readonly log: string;
  readonly seq: number;
  readonly leaf: string;
}

export interface ChecklistAttestation {
  readonly at: string;
  readonly item: string;
  readonly state: AttestableState;
  readonly by: { readonly kind: "person"; readonly name: string; readonly role?: string };
  readonly statement: string;
  readonly method: "terminal" | "elicitation";
  readonly record: LineRecord;
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
  /** What the item's test found last; absent on manual items. */
  readonly automatic?: {
    readonly test: string;
    readonly state: TestState;
    readonly reason: string;
    /** Numbers of records in the audit trail that it rests on; absent while the test has not run. */
    readonly records?: readonly number[];
    readonly evidence?: readonly string[];
  };
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
  /** The last run of all tests; absent before the first. */
  readonly verification?: {
    readonly at: string;
    readonly by: Actor;
    readonly window?: { readonly from: string; readonly to: string };
    /** What Falco could not see in that window, in words. */
    readonly blindSpots: readonly string[];
    readonly record: LineRecord;
  };
  readonly attestations: readonly ChecklistAttestation[];
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
  /** Adds a run of the tests, which must be recorded in the trail already. */
  keepVerification(id: string, line: Omit<VerifyLine, "v" | "op" | "id">): Promise<Checklist>;
  /** Adds a person's word, which must be recorded in the trail already. Fails with ATTEST_NOT_A_PERSON on automatic items. */
  keepAttestation(id: string, line: Omit<AttestLine, "v" | "op" | "id">): Promise<UpdatedChecklist>;
}
