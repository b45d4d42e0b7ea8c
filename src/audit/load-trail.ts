import { fdatasyncSync, ftruncateSync, mkdirSync, statSync, writeSync } from "node:fs";
import { replaceFile } from "../paths/write-file.ts";
import { readCanonical } from "./canonical-json.ts";
import { follow } from "./catch-up.ts";
import { originOf } from "./checkpoint.ts";
import { damaged, keyUnusable } from "./errors.ts";
import { createIdentityKey, loadIdentityKey } from "./identity-key.ts";
import { emptyRange, leafHash } from "./merkle-tree.ts";
import { FORMAT_VERSION, NO_PREVIOUS, ownRecord, recordLine, uuidV7 } from "./record.ts";
import { firstLine } from "./segment-lines.ts";
import { type Edge, readEdge, readSignedHead, storeSignedHead } from "./signed-heads.ts";
import { noteSigner } from "./signed-note.ts";
import { listSegments, readSmall, type TrailFiles } from "./trail-files.ts";
import {
  advance,
  checkSignedHead,
  type Identity,
  monthEndMs,
  openActive,
  stateAt,
  type TrailState,
} from "./trail-state.ts";

export interface Birth {
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly pid: number;
  readonly server: { readonly name: string; readonly version: string };
  readonly onBegin?: (verifierKey: string) => void;
}

const BEGINNING: Edge = { range: emptyRange(), leaf: NO_PREVIOUS, segmentFirst: 0, offset: 0 };

/** What the first record says about the trail: its id and the key that signs it; undefined when there is no such record. */
export interface Genesis {
  readonly log: string;
  readonly verifierKey: string;
}

/**
 * The state of the trail in these files, at its end; a trail is begun when there is none. With `knownLog`, the trail that
 * this process wrote to before, no other one will do: it was there. To be called while the lock is held. Fails with AUDIT_DAMAGED, AUDIT_KEY_UNUSABLE or AUDIT_UNWRITABLE.
 */
export function loadTrail(files: TrailFiles, birth: Birth, knownLog: string | undefined): TrailState {
  for (const folder of [files.keys, files.private, files.sealed, files.checkpoints]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  const [first] = listSegments(files).filter(({ bytes }) => bytes > 0);
  const line = first === undefined ? undefined : firstLine(first);
  if (first === undefined || (line === undefined && !first.sealed)) {
    if (knownLog !== undefined) throw damaged("the audit records are gone", files.records);
    return beginTrail(files, birth);
  }
  const genesis = line === undefined ? undefined : readGenesis(line);
  if (genesis === undefined) throw damaged("the audit trail does not begin with its first record", first.path);
  if (knownLog !== undefined && genesis.log !== knownLog) {
    throw damaged("another audit trail lies where this one was", first.path);
  }
  return resume({ files, log: genesis.log, signer: signerOf(files, genesis) });
}

function resume(identity: Identity): TrailState {
  const { files, log, signer } = identity;
  const read = readSignedHead(files.checkpoint, log, signer);
  const edge = read.state === "signed" ? readEdge(files, read.head) : undefined;
  const state = stateAt(identity, edge !== undefined && isReachable(files, edge) ? edge : BEGINNING);
  if (read.state === "signed" && state.range.size < read.head.size) state.awaited = read.head;
  follow(state);
  checkSignedHead(state);
  if (readSmall(files.verifierKey) === undefined) replaceFile(files.verifierKey, `${signer.vkey}\n`, "durable");
  return state;
}

// A stored edge is only a short cut: whatever is odd about it, reading begins at the beginning.
function isReachable(files: TrailFiles, edge: Edge): boolean {
  if (edge.range.size === 0) return false;
  const segment = listSegments(files).find(({ first }) => first === edge.segmentFirst);
  if (segment === undefined) return edge.offset === 0;
  return segment.form !== "leaves" && segment.bytes >= edge.offset;
}

function signerOf(files: TrailFiles, { log, verifierKey }: Genesis): Identity["signer"] {
  const key = loadIdentityKey(files.identityKey);
  if (key === undefined) throw keyUnusable("the identity key is missing", files.identityKey);
  const signer = noteSigner(originOf(log), key);
  if (signer.vkey !== verifierKey)
    throw keyUnusable("the identity key is not the one of this trail", files.identityKey);
  return signer;
}

function beginTrail(files: TrailFiles, birth: Birth): TrailState {
  // Key and records come into being before the public key file and the first head: with one of these there were records.
  for (const path of [files.verifierKey, files.checkpoint]) {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined)
      throw damaged("the audit records are gone", files.records);
  }
  const key = loadIdentityKey(files.identityKey) ?? createIdentityKey(files.identityKey, birth.random(32));
  const log = uuidV7(birth.nowMs(), birth.random(10));
  const signer = noteSigner(originOf(log), key);
  const state = stateAt({ files, log, signer }, BEGINNING);
  openActive(state);
  // What a first write that died left holds no record.
  ftruncateSync(state.fd, 0);
  const genesis = ownRecord({ type: "log.genesis", key: signer.vkey, server: birth.server });
  const line = recordLine(genesis, {
    log,
    seq: 0,
    prev: NO_PREVIOUS,
    nowMs: birth.nowMs(),
    monotonicMs: birth.monotonicMs(),
    pid: birth.pid,
    random: birth.random(10),
  });
  writeSync(state.fd, Buffer.concat([line, Buffer.of(10)]));
  fdatasyncSync(state.fd);
  state.offset = line.length + 1;
  state.sealAtMs = monthEndMs(birth.nowMs());
  advance(state, leafHash(line));
  const edge = { range: state.range, leaf: state.prev, segmentFirst: 0, offset: state.offset };
  state.signed = storeSignedHead({ files, log, signer, edge, keep: true });
  replaceFile(files.verifierKey, `${signer.vkey}\n`, "durable");
  birth.onBegin?.(signer.vkey);
  return state;
}

export function readGenesis(line: string): Genesis | undefined {
  const read = readCanonical(line);
  if ("reason" in read) return undefined;
  const { v, type, seq, log, key } = read.value;
  if (v !== FORMAT_VERSION || type !== "log.genesis" || seq !== 0) return undefined;
  // The id becomes part of lines and of file names.
  if (typeof log !== "string" || !/^[0-9a-f-]{36}$/.test(log) || typeof key !== "string") return undefined;
  return { log, verifierKey: key };
}
