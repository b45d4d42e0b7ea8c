import type { Checklist, ItemState } from "../checklist.ts";
import type { Evidence, EvidenceState } from "../evidence/evidence.ts";
import type { ControlMapping } from "../pack/mapping.ts";

export type ControlState = "evidence-current" | "evidence-stale" | "evidence-failing" | "no-evidence" | "not-evaluated";

export interface ControlQuery {
  /** Names as `resolveControl` takes them; none means every control of the pack. */
  readonly names: readonly string[];
  readonly framework?: string;
  /** Only evidence taken at or after this time counts. */
  readonly sinceMs?: number;
}

export interface HeldEvidence {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly at: string;
  readonly ageDays: number;
  readonly current: boolean;
  /** "whole", or what is wrong with its bytes. */
  readonly bytes: EvidenceState;
  /** Why it counts for this control: the manifest names it, an item of a checklist does, or its kind is mapped to it. */
  readonly because: "manifest" | "checklist" | "kind";
  readonly seq?: number;
}

export interface HeldItem {
  readonly checklist: string;
  readonly item: string;
  readonly state: ItemState;
  readonly standing: string;
  readonly at?: string;
}

/** What is held for one control. Never a statement that the control is met. */
export interface ControlAnswer {
  readonly mapping: ControlMapping;
  readonly state: ControlState;
  readonly why: string;
  readonly evidence: readonly HeldEvidence[];
  readonly items: readonly HeldItem[];
  readonly newestAt?: string;
}

export interface ControlInputs {
  readonly mappings: readonly ControlMapping[];
  readonly evidence: readonly { readonly evidence: Evidence; readonly bytes: EvidenceState }[];
  readonly checklists: readonly Checklist[];
  /** Time that ages are counted to. */
  readonly nowMs: number;
  readonly sinceMs?: number;
}

const DAY_MS = 86_400_000;

/** For each mapping what is held, how old it is, and the state that follows. Reads nothing but its arguments. */
export function answerControls(inputs: ControlInputs): ControlAnswer[] {
  return inputs.mappings.map((mapping) => answer(mapping, inputs));
}

function answer(mapping: ControlMapping, inputs: ControlInputs): ControlAnswer {
  const items = itemsOf(mapping, inputs.checklists);
  const evidence = inputs.evidence.flatMap((one) => held(mapping, one, inputs));
  evidence.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  const newest = evidence[0]?.at;
  return {
    mapping,
    ...stateOf(mapping, evidence, items),
    evidence,
    items,
    ...(newest === undefined ? {} : { newestAt: newest }),
  };
}

function held(
  mapping: ControlMapping,
  { evidence: { manifest, receipt }, bytes }: ControlInputs["evidence"][number],
  { checklists, nowMs, sinceMs }: ControlInputs,
): HeldEvidence[] {
  const atMs = Date.parse(manifest.collected.at);
  if (atMs > nowMs || (sinceMs !== undefined && atMs < sinceMs)) return [];
  const because = whyCounted(mapping, manifest, checklists);
  if (because === undefined) return [];
  const ageDays = Math.floor((nowMs - atMs) / DAY_MS);
  return [
    {
      id: manifest.id,
      name: manifest.name,
      kind: manifest.kind,
      at: manifest.collected.at,
      ageDays,
      current: nowMs - atMs <= mapping.freshDays * DAY_MS,
      bytes,
      because,
      ...(receipt === undefined ? {} : { seq: receipt.seq }),
    },
  ];
}

function whyCounted(
  mapping: ControlMapping,
  { controls, checklist, kind }: Evidence["manifest"],
  checklists: readonly Checklist[],
): HeldEvidence["because"] | undefined {
  if (controls.some((control) => isControl(mapping, control))) return "manifest";
  const template = checklists.find(({ id }) => id === checklist?.id)?.template;
  const named = template?.items.filter(({ id }) => checklist?.items.includes(id)) ?? [];
  if (named.some((item) => item.controls.some((control) => isControl(mapping, control)))) return "checklist";
  return mapping.subject.refs.includes(kind) ? "kind" : undefined;
}

function itemsOf(mapping: ControlMapping, checklists: readonly Checklist[]): HeldItem[] {
  return checklists.flatMap((checklist) =>
    checklist.items
      .filter(({ template }) => template.controls.some((control) => isControl(mapping, control)))
      .map(({ template, state, standing, at }) => ({
        checklist: checklist.id,
        item: template.id,
        state,
        standing,
        ...(at === undefined ? {} : { at }),
      })),
  );
}

function isControl(mapping: ControlMapping, named: { framework: string; revision: string; control: string }): boolean {
  return (
    mapping.framework === named.framework && mapping.revision === named.revision && mapping.control === named.control
  );
}

function stateOf(
  { freshDays }: ControlMapping,
  evidence: readonly HeldEvidence[],
  items: readonly HeldItem[],
): Pick<ControlAnswer, "state" | "why"> {
  const broken = evidence.filter(({ bytes }) => bytes !== "whole");
  if (broken.length > 0) {
    return { state: "evidence-failing", why: `the bytes of ${broken[0]?.id} are ${broken[0]?.bytes}` };
  }
  const failed = items.find(({ state, standing }) => state === "failed" && standing === "tested");
  if (failed !== undefined) {
    return { state: "evidence-failing", why: `item ${failed.item} of checklist ${failed.checklist} failed its test` };
  }
  const current = evidence.filter(({ current }) => current).length;
  if (current > 0) return { state: "evidence-current", why: `artefacts of at most ${freshDays} days: ${current}` };
  if (evidence.length > 0) {
    return {
      state: "evidence-stale",
      why: `the newest artefact is ${evidence[0]?.ageDays} days old; ${freshDays} are current`,
    };
  }
  if (items.some(({ state }) => state === "not-evaluated" || state === "open" || state === "in-progress")) {
    return { state: "not-evaluated", why: "a checklist has items for it, and no artefact was taken" };
  }
  return { state: "no-evidence", why: "no artefact counts for it" };
}
