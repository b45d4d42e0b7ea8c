import type { EvidenceKind } from "../evidence/evidence-manifest.ts";

/**
 * implements-part: the program itself does a part of it. produces-evidence-for: what it leaves is looked at by whoever
 * judges the control. detects-violation-of: shows where the control failed, does not enforce it. relevant-to: weaker.
 */
export type Relation = "implements-part" | "produces-evidence-for" | "detects-violation-of" | "relevant-to";
export type Strength = "high" | "medium" | "low";

/** How artefacts of some kinds bear on one control of one revision of a framework. */
export interface ControlMapping {
  /** `<framework>:<revision>:<control>` */
  readonly id: string;
  readonly subject: { readonly kind: "artifact-type"; readonly refs: readonly EvidenceKind[] };
  readonly framework: string;
  readonly revision: string;
  readonly control: string;
  /** In our own words; the framework's text is its publisher's. */
  readonly title: string;
  readonly relation: Relation;
  readonly strength: Strength;
  readonly reason: string;
  readonly source: "curated";
  readonly sourceVersion: string;
  readonly caveat?: string;
  /** Days after which evidence no longer counts as current. */
  readonly freshDays: number;
}

/** Version of the pack as a whole: goes into every package, so that a reader knows which mapping was meant. */
export const PACK_VERSION = "2026-11-25";

/** control · title · relation · strength · days · kinds · reason */
export type MappingRow = readonly [string, string, "i" | "p" | "d" | "r", "h" | "m" | "l", number, string, string];

const RELATIONS = {
  i: "implements-part",
  p: "produces-evidence-for",
  d: "detects-violation-of",
  r: "relevant-to",
} as const satisfies Record<string, Relation>;

const STRENGTHS = { h: "high", m: "medium", l: "low" } as const satisfies Record<string, Strength>;

const DETECTIVE = "Falco shows violations; it neither prevents them nor proves that there were none.";

/** The rows of one framework as mappings. */
export function mappingsOf(framework: string, revision: string, rows: readonly MappingRow[]): ControlMapping[] {
  return rows.map(([control, title, relation, strength, freshDays, kinds, reason]) => ({
    id: `${framework}:${revision}:${control}`,
    subject: { kind: "artifact-type", refs: kinds.split(" ") as EvidenceKind[] },
    framework,
    revision,
    control,
    title,
    relation: RELATIONS[relation],
    strength: STRENGTHS[strength],
    reason,
    source: "curated",
    sourceVersion: PACK_VERSION,
    ...(relation === "d" ? { caveat: DETECTIVE } : {}),
    freshDays,
  }));
}
