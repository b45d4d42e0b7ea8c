/** Lines back to which a second child of one record is recognised as a fork. */
const WINDOW = 4_096;
/** Branches that are followed; a file with more is no accident. */
const MAX_BRANCHES = 64;

interface Tip {
  leaf: string;
  seq: number;
}

interface Seen {
  readonly prev: string;
  readonly leaf: string;
  readonly seq: number;
  readonly writer: string;
}

interface Link {
  readonly seq: number;
  readonly prev: string;
  readonly leaf: string;
  /** Who wrote it: process and session. */
  readonly writer: string;
}

/** Follows records from one to the next. */
export interface Chain {
  /** Undefined when the record continues the chain, or a branch of it; else why it does not. */
  follow(link: Link): string | undefined;
  /** Goes on after records that were read elsewhere or whose bodies are gone; false on a fork. */
  jump(records: number, leaf: string): boolean;
  /** Line number, from 0 over all lines, at which a second branch began; undefined while there is one. */
  forkedAt(): number | undefined;
}

/**
 * A chain from a last known record on (`seq` -1 before the first). Two children of one record, written by two writers and
 * each continued in itself, are a fork: what two processes leave that append without seeing each other. A record seen
 * before, or a second child by the same writer, is tampering.
 */
export function chainFrom(seq: number, leaf: string): Chain {
  const tips: Tip[] = [{ seq, leaf }];
  const seen: Seen[] = [];
  let lines = 0;
  let noted = 0;
  let forkedAt: number | undefined;

  function follow({ prev, leaf, seq, writer }: Link): string | undefined {
    const tip = tips.length === 1 ? tips[0] : tips.find((candidate) => candidate.leaf === prev);
    if (tip !== undefined && tip.leaf === prev && tip.seq + 1 === seq) {
      tip.leaf = leaf;
      tip.seq = seq;
    } else {
      const fault = branchFault({ prev, leaf, seq, writer });
      if (fault !== undefined) return fault;
      forkedAt ??= lines;
      tips.push({ leaf, seq });
    }
    seen[noted % WINDOW] = { prev, leaf, seq, writer };
    noted += 1;
    lines += 1;
    return undefined;
  }

  function branchFault({ prev, leaf, seq, writer }: Link): string | undefined {
    if (tips.length >= MAX_BRANCHES) return "wrong-prev";
    if (seen.some((line) => line.leaf === leaf)) return "replayed";
    const sibling = seen.find((line) => line.prev === prev && line.seq === seq);
    if (sibling !== undefined && sibling.writer !== writer) return undefined;
    const last = tips.at(-1);
    return last !== undefined && last.seq + 1 !== seq ? "wrong-seq" : "wrong-prev";
  }

  function jump(records: number, leaf: string): boolean {
    const [tip] = tips;
    if (tip === undefined || tips.length > 1) return false;
    tip.seq += records;
    tip.leaf = leaf;
    lines += records;
    return true;
  }

  return { follow, jump, forkedAt: () => forkedAt };
}
