import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type AuditReceipt, openAuditTrail } from "../../src/audit/audit-trail.ts";
import { canonicalJson } from "../../src/audit/canonical-json.ts";
import { formatCheckpoint, originOf } from "../../src/audit/checkpoint.ts";
import { loadIdentityKey } from "../../src/audit/identity-key.ts";
import { appendLeaf, emptyRange, leafHash, rangeRoot } from "../../src/audit/merkle-tree.ts";
import { readProcessFacts } from "../../src/audit/process-facts.ts";
import { keyFromSeed, type NoteSigner, noteSigner, signNote } from "../../src/audit/signed-note.ts";
import type { VerifyOptions } from "../../src/audit/verify-audit-trail.ts";

/** An honest trail in several segments, what was kept of it elsewhere, and what an attacker may have at hand. */
export interface World {
  readonly trail: string;
  /** The same trail as it was earlier, with the head that was signed then. */
  readonly earlier: string;
  readonly otherTrail: string;
  readonly evidence: string;
  readonly verifierKey: string;
  readonly heads: readonly AuditReceipt[];
}

export interface TamperClass {
  readonly number: number;
  readonly name: string;
  /** What is needed to see it: the chain, a signed head, a head from elsewhere, the evidence beside. */
  readonly needs: "chain" | "signature" | "anchor" | "evidence";
  /** Changes the copy in `folder`; `pick` gives a whole number below its argument. */
  readonly apply: (folder: string, pick: (below: number) => number, world: World) => void;
  /** Words of which the verdict must give one. */
  readonly seenAs: readonly string[];
}

const RECORDS = 60;

/** Makes the world in a folder. */
export async function makeWorld(folder: string): Promise<World> {
  const at = (name: string) => join(folder, name);
  mkdirSync(at("evidence"), { recursive: true });
  const heads = await writeTrail(at("trail"), at("evidence"), at("earlier"));
  await writeTrail(at("other"), at("evidence"));
  const verifierKey = readFileSync(join(at("trail"), "keys/identity.vkey"), "utf8").trim();
  return {
    trail: at("trail"),
    earlier: at("earlier"),
    otherTrail: at("other"),
    evidence: at("evidence"),
    verifierKey,
    heads,
  };
}

async function writeTrail(folder: string, evidence: string, copyHalf?: string): Promise<AuditReceipt[]> {
  const trail = openAuditTrail({
    folder,
    server: { name: "falco-skills", version: "0.0.0-test" },
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: randomBytes,
    process: readProcessFacts(),
    segmentBytes: 8_000,
    checkpointEvery: 16,
    checkpointQuietMs: 60_000,
  });
  const heads: AuditReceipt[] = [];
  for (let index = 0; heads.length < RECORDS; index += 1) {
    const session = index % 8 < 4 ? "0190b7c2-0000-7000-8000-000000000001" : "0190b7c2-0000-7000-8000-000000000002";
    const call = {
      session,
      tool: "search_alerts",
      arguments: { text: "x".repeat(index % 5 === 0 ? 2_000 : 20), index },
    };
    const intent = await trail.append({ type: "tool.intent", ...call });
    const result = await trail.append({
      type: "tool.result",
      session,
      intentSeq: intent.seq,
      outcome: "ok",
      isError: false,
    });
    const bytes = Buffer.from(`evidence ${index}`);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(evidence, sha256), bytes);
    heads.push(
      intent,
      result,
      await trail.append({ type: "evidence.added", session, evidence: { sha256, bytes: bytes.length } }),
    );
    if (copyHalf !== undefined && heads.length === RECORDS / 2) {
      await trail.checkpoint();
      cpSync(folder, copyHalf, { recursive: true });
    }
  }
  await trail.close();
  return heads;
}

/** Everything a careful verifier has: the key, a head from elsewhere, the evidence. */
export function fullOptions(world: World): VerifyOptions {
  return { ...signedOptions(world), knownHeads: world.heads.slice(-1) };
}

export function signedOptions({ verifierKey, evidence }: World): VerifyOptions {
  return { verifierKey, evidenceFile: (sha256) => join(evidence, sha256) };
}

/** All files of a folder in memory: writing them anew is much faster than copying them. */
export function snapshotOf(folder: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
}

export function restore(snapshot: ReadonlyMap<string, Buffer>, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, bytes] of snapshot) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes, { mode: 0o600 });
  }
}

interface Piece {
  readonly path: string;
  readonly lines: string[];
}

function piecesOf(folder: string): Piece[] {
  const sealed = readdirSync(join(folder, "sealed")).sort();
  const paths = [...sealed.map((name) => join(folder, "sealed", name)), join(folder, "records.jsonl")];
  return paths.map((path) => ({ path, lines: readFileSync(path, "utf8").split("\n").slice(0, -1) }));
}

function savePieces(pieces: readonly Piece[]): void {
  for (const { path, lines } of pieces) writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
}

/** Changes the lines of one segment around record `seq`, counted over all segments. */
function editAt(folder: string, seq: number, edit: (lines: string[], index: number) => void): void {
  const pieces = piecesOf(folder);
  let index = seq;
  for (const piece of pieces) {
    if (index < piece.lines.length) {
      edit(piece.lines, index);
      break;
    }
    index -= piece.lines.length;
  }
  savePieces(pieces);
}

function editLine(folder: string, seq: number, edit: (line: string) => string): void {
  editAt(folder, seq, (lines, index) => {
    lines[index] = edit(lines[index]!);
  });
}

type Fields = Record<string, unknown>;

/** Changes records and links every one again, as somebody does who knows the format. */
function rewrite(folder: string, edit: (record: Fields, seq: number) => Fields): void {
  const pieces = piecesOf(folder);
  let prev = "0".repeat(64);
  let seq = 0;
  for (const { lines } of pieces) {
    for (const [index, line] of lines.entries()) {
      const record = edit({ ...JSON.parse(line), prev }, seq);
      lines[index] = canonicalJson({ ...record, prev });
      prev = leafHash(Buffer.from(lines[index]!)).toString("hex");
      seq += 1;
    }
  }
  savePieces(pieces);
}

/** Signs every head of the folder again over the records as they are now. */
function signAgain(folder: string, signer: NoteSigner): void {
  const leaves = piecesOf(folder).flatMap(({ lines }) => lines.map((line) => leafHash(Buffer.from(line))));
  const noteAt = (size: number) => {
    const tree = emptyRange();
    for (const leaf of leaves.slice(0, size)) appendLeaf(tree, leaf);
    return signNote(formatCheckpoint({ origin: signer.name, size, root: rangeRoot(tree) }), signer);
  };
  for (const name of readdirSync(join(folder, "checkpoints"))) {
    writeFileSync(join(folder, "checkpoints", name), noteAt(Number.parseInt(name, 10)));
  }
  writeFileSync(join(folder, "checkpoint"), noteAt(leaves.length));
}

function stolenSigner(folder: string): NoteSigner {
  const first = JSON.parse(piecesOf(folder)[0]!.lines[0]!);
  return noteSigner(originOf(first.log), loadIdentityKey(join(folder, "keys/identity.key"))!);
}

function replaceWith(folder: string, other: string): void {
  rmSync(folder, { recursive: true });
  cpSync(other, folder, { recursive: true });
}

const count = (folder: string) => piecesOf(folder).reduce((sum, { lines }) => sum + lines.length, 0);
const renameTool = (record: Fields, at: number, seq: number): Fields =>
  at === seq ? { ...record, tool: "get_alert" } : record;

export const TAMPER_CLASSES: readonly TamperClass[] = [
  {
    number: 1,
    name: "a byte is changed",
    needs: "chain",
    apply: (folder, pick) =>
      editLine(folder, pick(count(folder)), (line) => {
        const at = pick(line.length);
        return `${line.slice(0, at)}${line[at] === "7" ? "8" : "7"}${line.slice(at + 1)}`;
      }),
    seenAs: [
      "not-json",
      "not-canonical",
      "wrong-prev",
      "wrong-seq",
      "wrong-log",
      "wrong-field",
      "wrong-version",
      "unknown-field",
      "missing-field",
      "unknown-type",
      "no-genesis",
      "checkpoint-root",
      "history-root",
      "checkpoint-unknown-key",
      "not-an-object",
      "second-genesis",
    ],
  },
  {
    number: 2,
    name: "a record is changed and its successor linked again",
    needs: "chain",
    apply(folder, pick) {
      const seq = 1 + pick(count(folder) - 3);
      const pieces = piecesOf(folder);
      const all = pieces.flatMap((piece) => piece.lines.map((_, index) => ({ piece, index })));
      const [here, next] = [all[seq]!, all[seq + 1]!];
      here.piece.lines[here.index] = canonicalJson({ ...JSON.parse(here.piece.lines[here.index]!), tool: "get_alert" });
      const prev = leafHash(Buffer.from(here.piece.lines[here.index]!)).toString("hex");
      next.piece.lines[next.index] = canonicalJson({ ...JSON.parse(next.piece.lines[next.index]!), prev });
      savePieces(pieces);
    },
    seenAs: ["wrong-prev"],
  },
  {
    number: 3,
    name: "a record is taken out",
    needs: "chain",
    apply: (folder, pick) => editAt(folder, 1 + pick(count(folder) - 1), (lines, index) => lines.splice(index, 1)),
    seenAs: ["wrong-seq", "segment-name", "segment-missing", "shorter-than-checkpoint"],
  },
  {
    number: 4,
    name: "a record is put in",
    needs: "chain",
    apply: (folder, pick) =>
      editAt(folder, 1 + pick(count(folder) - 1), (lines, index) => {
        const forged = canonicalJson({ ...JSON.parse(lines[index]!), tool: "get_alert" });
        lines.splice(index, 0, forged);
      }),
    seenAs: ["wrong-seq", "wrong-prev", "segment-name"],
  },
  {
    number: 5,
    name: "two records change places",
    needs: "chain",
    apply: (folder, pick) =>
      editAt(folder, 1 + pick(count(folder) - 3), (lines, index) => {
        const other = index + 1 < lines.length ? index + 1 : index - 1;
        [lines[index], lines[other]] = [lines[other]!, lines[index]!];
      }),
    seenAs: ["wrong-seq", "wrong-prev", "no-genesis"],
  },
  {
    number: 6,
    name: "a record is repeated",
    needs: "chain",
    apply: (folder, pick) =>
      editAt(folder, 1 + pick(count(folder) - 1), (lines, index) => {
        lines.splice(index + 1 + pick(lines.length - index), 0, lines[index]!);
      }),
    seenAs: ["replayed"],
  },
  {
    number: 7,
    name: "a record of another trail is put in",
    needs: "chain",
    apply(folder, pick, { otherTrail }) {
      const seq = 1 + pick(count(folder) - 1);
      let other = "";
      editAt(otherTrail, seq, (lines, index) => {
        other = lines[index]!;
      });
      editLine(folder, seq, () => other);
    },
    seenAs: ["wrong-log"],
  },
  {
    number: 8,
    name: "a record is written with blanks or in another order",
    needs: "chain",
    apply: (folder, pick) =>
      editLine(folder, 1 + pick(count(folder) - 1), (line) =>
        pick(2) === 0
          ? line.replace(":", ": ")
          : JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse())),
      ),
    seenAs: ["not-canonical"],
  },
  {
    number: 9,
    name: "a key stands twice",
    needs: "chain",
    apply: (folder, pick) =>
      editLine(folder, 1 + pick(count(folder) - 1), (line) => line.replace('"log":', '"log":"other","log":')),
    seenAs: ["not-canonical"],
  },
  {
    number: 10,
    name: "a character is written as an escape",
    needs: "chain",
    apply: (folder, pick) =>
      editLine(folder, 1 + pick(count(folder) - 1), (line) => line.replace('"session":"0', '"session":"\\u0030')),
    seenAs: ["not-canonical"],
  },
  {
    number: 11,
    name: "a number is written in another form",
    needs: "chain",
    apply: (folder, pick) =>
      editLine(folder, 1 + pick(count(folder) - 1), (line) =>
        line.replace(/"v":1}/, `"v":${["1.0", "1e0", "10e-1", "1.0000000000000000001"][pick(4)]}}`),
      ),
    seenAs: ["not-canonical"],
  },
  {
    number: 12,
    name: "a number is left out of the sequence and all is linked again",
    needs: "chain",
    apply(folder, pick) {
      const from = 1 + pick(count(folder) - 1);
      rewrite(folder, (record, seq) => (seq >= from ? { ...record, seq: seq + 1 } : record));
    },
    seenAs: ["wrong-seq"],
  },
  {
    number: 13,
    name: "a line is longer than any record",
    needs: "chain",
    apply(folder, pick) {
      const at = 1 + pick(count(folder) - 1);
      rewrite(folder, (record, seq) => (seq === at ? { ...record, details: { value: "x".repeat(70_000) } } : record));
    },
    seenAs: ["too-long"],
  },
  {
    number: 14,
    name: "an editor adds a byte order mark or CRLF",
    needs: "chain",
    apply(folder, pick) {
      const { path } = piecesOf(folder).at(pick(2) === 0 ? 0 : -1)!;
      const text = readFileSync(path, "utf8");
      writeFileSync(path, pick(2) === 0 ? `\ufeff${text}` : text.replaceAll("\n", "\r\n"));
    },
    seenAs: ["not-json", "not-canonical"],
  },
  {
    number: 15,
    name: "a segment is missing",
    needs: "chain",
    apply: (folder, pick) => unlinkSync(piecesOf(folder)[pick(piecesOf(folder).length - 1)]!.path),
    seenAs: ["segment-missing", "no-genesis", "wrong-seq"],
  },
  {
    number: 16,
    name: "two segments are swapped",
    needs: "chain",
    apply(folder, pick) {
      const pieces = piecesOf(folder).slice(0, -1);
      const first = pick(pieces.length - 1);
      const [a, b] = [pieces[first]!, pieces[first + 1]!];
      savePieces([
        { path: a.path, lines: b.lines },
        { path: b.path, lines: a.lines },
      ]);
    },
    seenAs: ["wrong-seq", "no-genesis"],
  },
  {
    number: 17,
    name: "the last records are cut off",
    needs: "signature",
    apply(folder, pick) {
      const last = piecesOf(folder).at(-1)!;
      savePieces([{ path: last.path, lines: last.lines.slice(0, pick(last.lines.length)) }]);
    },
    seenAs: ["shorter-than-checkpoint"],
  },
  {
    number: 18,
    name: "the last records are cut off in the middle of a line, as a crash does",
    needs: "signature",
    apply(folder, pick) {
      const { path } = piecesOf(folder).at(-1)!;
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.subarray(0, pick(bytes.length - 1)));
    },
    seenAs: ["shorter-than-checkpoint"],
  },
  {
    number: 19,
    name: "all records are wiped",
    needs: "signature",
    apply(folder, pick) {
      for (const { path } of piecesOf(folder)) unlinkSync(path);
      if (pick(2) === 0) writeFileSync(join(folder, "records.jsonl"), "");
    },
    seenAs: ["records-gone"],
  },
  {
    number: 20,
    name: "the trail is rewritten without a key",
    needs: "signature",
    apply(folder, pick) {
      const at = 1 + pick(count(folder) - 1);
      rewrite(folder, (record, seq) => renameTool(record, at, seq));
    },
    seenAs: ["checkpoint-root"],
  },
  {
    number: 21,
    name: "the trail is rewritten and signed with another key",
    needs: "signature",
    apply(folder, pick) {
      const at = 1 + pick(count(folder) - 1);
      const first = JSON.parse(piecesOf(folder)[0]!.lines[0]!);
      const signer = noteSigner(originOf(first.log), keyFromSeed(randomBytes(32)));
      rewrite(folder, (record, seq) => (seq === 0 ? { ...record, key: signer.vkey } : renameTool(record, at, seq)));
      signAgain(folder, signer);
      writeFileSync(join(folder, "keys/identity.vkey"), `${signer.vkey}\n`);
    },
    seenAs: ["key-differs"],
  },
  {
    number: 22,
    name: "a signed head is changed or gone",
    needs: "signature",
    apply(folder, pick) {
      const path = join(folder, "checkpoint");
      const note = readFileSync(path, "utf8");
      const changed = [
        () =>
          writeFileSync(
            path,
            note.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) - 1}\n`),
          ),
        () => writeFileSync(path, note.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${randomBytes(32).toString("base64")}\n`)),
        () => unlinkSync(path),
        () => writeFileSync(path, ""),
      ];
      changed[pick(changed.length)]!();
    },
    seenAs: ["checkpoint-bad-signature", "checkpoint-missing", "checkpoint-malformed"],
  },
  {
    number: 23,
    name: "records and head are set back to an earlier state",
    needs: "anchor",
    apply: (folder, _pick, { earlier }) => replaceWith(folder, earlier),
    seenAs: ["known-head-beyond"],
  },
  {
    number: 24,
    name: "another tree of the same size is shown",
    needs: "anchor",
    apply(folder) {
      const last = count(folder) - 1;
      rewrite(folder, (record, seq) => renameTool(record, last, seq));
      signAgain(folder, stolenSigner(folder));
    },
    seenAs: ["known-head-root"],
  },
  {
    number: 25,
    name: "the trail is rewritten and signed with the stolen key",
    needs: "anchor",
    apply(folder, pick) {
      const at = 1 + pick(count(folder) - 1);
      rewrite(folder, (record, seq) => renameTool(record, at, seq));
      signAgain(folder, stolenSigner(folder));
    },
    seenAs: ["known-head-root"],
  },
  {
    number: 26,
    name: "the clock was moved back",
    needs: "anchor",
    apply(folder, pick) {
      const from = 2 + pick(count(folder) - 2);
      rewrite(folder, (record, seq) => (seq >= from ? { ...record, ts: "2020-01-01T00:00:00.000Z" } : record));
      signAgain(folder, stolenSigner(folder));
    },
    seenAs: ["clock-back"],
  },
  {
    number: 27,
    name: "evidence is changed, gone or swapped",
    needs: "evidence",
    apply(_folder, pick, { evidence }) {
      const names = readdirSync(evidence);
      const path = join(evidence, names[pick(names.length)]!);
      const changed = [
        () => appendFileSync(path, "x"),
        () => unlinkSync(path),
        () => writeFileSync(path, "another file's bytes"),
      ];
      changed[pick(changed.length)]!();
    },
    seenAs: ["evidence-changed", "evidence-missing"],
  },
  {
    number: 28,
    name: "a commitment is opened with another value",
    needs: "evidence",
    apply(folder, pick) {
      const path = join(folder, "private/openings.jsonl");
      const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
      const at = pick(lines.length);
      lines[at] = canonicalJson({ ...JSON.parse(lines[at]!), value: { text: "harmless" } });
      writeFileSync(path, `${lines.join("\n")}\n`);
    },
    seenAs: ["opening-forged"],
  },
  {
    number: 29,
    name: "results are kept back from the trail",
    needs: "anchor",
    apply(folder) {
      rewrite(folder, (record) =>
        record.type === "tool.result" ? { ...record, type: "resource.read", intent_seq: undefined } : record,
      );
      signAgain(folder, stolenSigner(folder));
    },
    seenAs: ["orphan-intent"],
  },
  {
    number: 30,
    name: "a slice is shown as the whole",
    needs: "chain",
    apply(folder, pick) {
      const pieces = piecesOf(folder);
      const kept = pick(pieces.length - 1) + 1;
      for (const { path } of pieces.slice(0, kept)) unlinkSync(path);
      if (kept === pieces.length) writeFileSync(join(folder, "records.jsonl"), "");
    },
    seenAs: ["segment-missing", "no-genesis", "records-gone"],
  },
];
