import type { ErasedRecord } from "./verdict.ts";

const MAX_CONFESSED = 100_000;
const ERASURES_SHOWN = 100;

type Fields = Readonly<Record<string, unknown>>;

/** A segment of leaves: records `from` to `to` inclusive, and the SHA-256 over all their leaves. */
export interface PrunedRange {
  readonly from: number;
  readonly to: number;
  readonly sha256: string;
  /** Records of it whose bodies are gone; the others were kept whole. */
  readonly records: number;
}

/** What the trail says of bodies and openings that were taken away, and whether it says all of it. */
export interface PruningObservations {
  /** Says that the bodies of these records are gone. */
  notePruned(range: PrunedRange): void;
  noteConfession(pruned: Fields | undefined): void;
  noteErasure(seq: number, erased: Fields | undefined): void;
  isPruned(seq: number): boolean;
  readonly pruned: readonly PrunedRange[];
  /** Commitments whose openings were erased. */
  readonly erasedCommitments: ReadonlySet<string>;
  readonly erasures: readonly ErasedRecord[];
  /** Pruned ranges that no later record confesses as they are. */
  unconfessed(): { readonly range: PrunedRange; readonly reason: "pruned-unconfessed" | "pruned-differs" }[];
}

export function pruningObservations(): PruningObservations {
  const pruned: PrunedRange[] = [];
  const confessed = new Map<string, unknown[]>();
  const erasedCommitments = new Set<string>();
  const erasures: ErasedRecord[] = [];
  return {
    notePruned: (range) => pruned.push(range),
    noteConfession(told) {
      for (const range of listOf(told?.ranges) as Fields[]) {
        const name = `${range?.from}-${range?.to}`;
        const before = confessed.get(name) ?? [];
        if (confessed.size < MAX_CONFESSED) confessed.set(name, [...before, range?.leaves_sha256]);
      }
    },
    noteErasure(by, told) {
      if (typeof told?.seq === "number" && erasures.length < ERASURES_SHOWN) erasures.push({ seq: told.seq, by });
      for (const commit of listOf(told?.commits)) if (typeof commit === "string") erasedCommitments.add(commit);
    },
    isPruned: (seq) => pruned.some(({ from, to }) => from <= seq && seq <= to),
    pruned,
    erasedCommitments,
    erasures,
    unconfessed: () =>
      pruned.flatMap((range) => {
        // A digest over leaves can only stand behind them: each of them depends on every record before.
        const told = confessed.get(`${range.from}-${range.to}`) ?? [];
        if (told.includes(range.sha256)) return [];
        return [{ range, reason: told.length > 0 ? ("pruned-differs" as const) : ("pruned-unconfessed" as const) }];
      }),
  };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
