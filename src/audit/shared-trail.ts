import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { AuditReceipt } from "./audit-entry.ts";
import { guardedState } from "./guarded-state.ts";
import { rangeRoot } from "./merkle-tree.ts";
import { quietTimer } from "./quiet-timer.ts";
import { ownRecord, type PreparedRecord } from "./record.ts";
import type { TrailFiles } from "./trail-files.ts";
import type { AuditHead, AuditTrailOptions } from "./trail-interface.ts";
import type { TrailState } from "./trail-state.ts";
import { signHead, writeRecords } from "./trail-writer.ts";

/** The trail as this process shares it with others: writes, signs when it is time, confesses what it could not write. */
export interface SharedTrail {
  write(records: readonly PreparedRecord[]): Promise<AuditReceipt[]>;
  /** The newest head, signed now; undefined when this process recorded nothing. */
  sign(): Promise<AuditHead | undefined>;
  /** What `work` returns, under the lock and at the end of the trail. */
  hold<T>(work: (state: TrailState) => T): Promise<T>;
  release(): Promise<void>;
  facts(): SharedFacts;
}

interface SharedFacts {
  readonly state: TrailState | undefined;
  readonly appends: number;
  readonly contended: number;
  readonly missed: number;
  readonly problem: { readonly code: string; readonly message: string } | undefined;
}

/** Records that could not be written, told by the next one that can. */
interface Gap {
  missed: number;
  readonly since: string;
  readonly code: string;
}

export function sharedTrail(files: TrailFiles, options: AuditTrailOptions): SharedTrail {
  const { checkpointEvery = 256, segmentBytes = 67_108_864, nowMs, monotonicMs } = options;
  const guarded = guardedState(files, options);
  const clock = { nowMs, monotonicMs, random: options.random, pid: options.process.pid };
  let appends = 0;
  let gap: Gap | undefined;
  let problem: SharedFacts["problem"];
  const timer = quietTimer({
    quietMs: options.checkpointQuietMs ?? 1_000,
    atMostMs: options.checkpointAfterMs ?? 60_000,
    monotonicMs,
    act: () => guarded.hold((state) => signHead(state, 0, false, options)).catch(noteProblem),
  });

  function noteProblem(error: unknown): void {
    problem = asProblem(error);
  }

  function writeAndSign(state: TrailState, records: readonly PreparedRecord[]): AuditReceipt[] {
    const confession = gap === undefined ? [] : [ownRecord({ type: "log.gap", gap: { ...gap } })];
    const receipts = writeRecords(state, [...confession, ...records], clock, segmentBytes);
    gap = undefined;
    problem = undefined;
    if (state.range.size - (state.signed?.size ?? 0) >= checkpointEvery) {
      try {
        signHead(state, checkpointEvery - 1, true, options);
      } catch (error) {
        // The records are written: a head that cannot be signed is a problem to show, not a failed append.
        noteProblem(error);
      }
    }
    timer.touch();
    return receipts.slice(confession.length);
  }

  async function sign(): Promise<AuditHead | undefined> {
    if (guarded.peek().state === undefined) return undefined;
    return guarded.hold((state) => {
      signHead(state, 0, true, options);
      return { size: state.range.size, root: rangeRoot(state.range).toString("hex") };
    });
  }

  return {
    async write(records) {
      appends += records.length;
      try {
        return await guarded.hold((state) => writeAndSign(state, records));
      } catch (error) {
        noteProblem(error);
        gap ??= { missed: 0, since: new Date(nowMs()).toISOString(), code: asProblem(error).code };
        gap.missed += records.length;
        throw error;
      }
    },
    sign,
    hold: (work) => guarded.hold(work),
    async release() {
      timer.stop();
      try {
        await sign();
      } finally {
        guarded.release();
      }
    },
    facts: () => ({ ...guarded.peek(), appends, missed: gap?.missed ?? 0, problem }),
  };
}

function asProblem(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof FalcoSkillsError) return { code: error.code, message: error.message };
  return { code: "INTERNAL", message: "the audit trail could not be used" };
}
