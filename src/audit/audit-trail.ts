import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { type AuditEntry, type AuditReceipt, ENTRY_TYPES } from "./audit-entry.ts";
import { commitmentsAt, deleteOpenings } from "./erase-openings.ts";
import { closed } from "./errors.ts";
import { pooledRandom } from "./pooled-random.ts";
import { ownRecord, type PreparedRecord, prepareRecord } from "./record.ts";
import { shortText } from "./redact-value.ts";
import type { TrailRetained } from "./retain-trail.ts";
import { searchRecords } from "./search-records.ts";
import { sharedTrail } from "./shared-trail.ts";
import { trailFiles } from "./trail-files.ts";
import type { AuditTrail, AuditTrailOptions } from "./trail-interface.ts";
import { trailStatus } from "./trail-status.ts";

export type { AuditEntry, AuditReceipt } from "./audit-entry.ts";
export type { AuditFilter } from "./search-records.ts";
export type { AuditTrail, AuditTrailOptions } from "./trail-interface.ts";

/** Records written under one hold of the lock at most: other processes wait meanwhile. */
const MAX_BATCH = 256;

/** What retention does to a trail that never began. */
const NOTHING_RETAINED: TrailRetained = {
  packed: { segments: 0, bytesBefore: 0, bytesAfter: 0 },
  pruned: { segments: 0, records: 0, ranges: [], bytesBefore: 0, bytesAfter: 0 },
  openingsDeleted: 0,
};

interface Waiting {
  readonly record: PreparedRecord;
  readonly resolve: (receipt: AuditReceipt) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A trail over a folder that several processes may share. Nothing is read, made or locked before the first append, so
 * that a server which a client only probes leaves no trace.
 */
export function openAuditTrail(given: AuditTrailOptions): AuditTrail {
  const options = { ...given, random: pooledRandom(given.random) };
  const files = trailFiles(options.folder);
  const shared = sharedTrail(files, options);
  const queue: Waiting[] = [];
  let draining: Promise<void> | undefined;
  let isClosed = false;

  async function drain(): Promise<void> {
    // One turn of waiting lets the appends of a burst share a hold and a write.
    await undefined;
    while (queue.length > 0) {
      const batch = queue.splice(0, MAX_BATCH);
      try {
        const receipts = await shared.write(batch.map(({ record }) => record));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const receipt = receipts[index];
          if (receipt === undefined) reject(closed());
          else resolve(receipt);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    draining = undefined;
  }

  return {
    async append(entry) {
      if (isClosed) throw closed();
      const record = prepareRecord(checked(entry), options.process, () => options.random(32));
      return new Promise((resolve, reject) => {
        queue.push({ record, resolve, reject });
        draining ??= drain();
      });
    },
    search: (filter, page) => searchRecords(files, filter, page),
    status: () => trailStatus(files, shared, isClosed),
    async erase({ seq, reason, owner }) {
      if (isClosed) throw closed();
      await draining;
      const commitments = await commitmentsAt(files, seq);
      const erased = { seq, commits: commitments, reason: shortText(reason, 500) };
      const [receipt] = await shared.write([
        ownRecord({
          type: "redaction.erased",
          erased,
          ...(owner === undefined ? {} : { owner: shortText(owner, 128) }),
        }),
      ]);
      if (receipt === undefined) throw closed();
      const deleted = await shared.hold(() => deleteOpenings(files, new Set(commitments)));
      return { receipt, commitments: commitments.length, deleted };
    },
    async retain(limits, work) {
      if (isClosed) throw closed();
      await draining;
      const { retainTrail } = await import("./retain-trail.ts");
      const { verifierKey } = await trailStatus(files, shared, isClosed);
      if (verifierKey === undefined) return NOTHING_RETAINED;
      return retainTrail({ files, shared, pid: options.process.pid, verifierKey }, limits, work);
    },
    async checkpoint() {
      if (isClosed) throw closed();
      await draining;
      return shared.sign();
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await draining;
      await shared.release();
    },
  };
}

function checked(entry: AuditEntry): AuditEntry {
  if (ENTRY_TYPES.includes(entry.type) && typeof entry.session === "string" && entry.session !== "") return entry;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `an audit entry has the type "${entry.type}" and no session`, {
    fix: "Record one of the types of AuditEntry with the session's id.",
  });
}
