import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { canonicalJson } from "../../audit/canonical-json.ts";
import { originOf } from "../../audit/checkpoint.ts";
import { loadIdentityKey } from "../../audit/identity-key.ts";
import { noteSigner, signNote } from "../../audit/signed-note.ts";
import { trailFiles } from "../../audit/trail-files.ts";
import type { AuditTrail } from "../../audit/trail-interface.ts";
import type { Checklist, ChecklistStore } from "../checklist.ts";
import type { HeldArtefact } from "../checks/check.ts";
import { answerControls } from "../controls/answer-controls.ts";
import type { Custodian, EvidenceStore } from "../evidence/evidence.ts";
import { digestOfFile } from "../evidence/evidence-files.ts";
import { MAPPINGS } from "../pack/control-pack.ts";
import { PACK_VERSION } from "../pack/mapping.ts";
import * as wrong from "./errors.ts";
import { oscalResults } from "./oscal.ts";
import { noteText, PACKAGE_FORMAT, type PackageManifest, UNLISTED } from "./package-format.ts";
import { reportMarkdown, verifyMarkdown } from "./package-texts.ts";
import { readSlice, type SliceScope, type TrailSlice } from "./read-slice.ts";
import { VERIFY_PY } from "./verify-py.ts";
import { MAX_ZIP_BYTES, zipFolder } from "./zip-folder.ts";

export interface ExportRequest {
  readonly scope: SliceScope;
  /** Must not exist; left out: under the exports of home, named by the package's digest. */
  readonly out?: string;
  /** A zip is the same files in one; default "zip" when `out` ends with .zip, else "folder". */
  readonly format?: "folder" | "zip";
}

export interface ExportResult {
  /** The folder, or the zip. */
  readonly folder: string;
  /** SHA-256 of manifest.json: names the package as a whole. */
  readonly sha256: string;
  readonly manifest: PackageManifest;
  readonly artefacts: number;
  readonly bytes: number;
  readonly warnings: readonly string[];
}

export interface ExportPlace {
  /** The folder of home that holds `audit` and gets `exports`. */
  readonly home: string;
  readonly audit: Pick<AuditTrail, "append" | "checkpoint">;
  readonly evidence: EvidenceStore;
  readonly checklists: ChecklistStore;
  readonly version: string;
  readonly newId: () => string;
}

/**
 * A folder or a zip that can be verified without this program: records with their proof, artefacts, report, OSCAL, and a
 * verifier. Made again from the same trail it is the same byte for byte. Fails with EXPORT_EMPTY, EXPORT_OUT_EXISTS,
 * EXPORT_TRAIL_UNUSABLE, CHECKLIST_NOT_FOUND, DISK_FULL or HOME_NOT_WRITABLE.
 */
export async function exportPackage(
  place: ExportPlace,
  { scope, out, format = out?.endsWith(".zip") === true ? "zip" : "folder" }: ExportRequest,
  { session }: Custodian,
): Promise<ExportResult> {
  if (out !== undefined && (await stat(out).catch(() => undefined)) !== undefined) throw wrong.outExists(out);
  const checklist = scope.kind === "checklist" ? wholeTexts(await place.checklists.get(scope.value)) : undefined;
  const wanted = await artefactsInScope(place.evidence, scope);
  const slice = await sliceOf(place, scope, wanted);
  const inside = wanted.filter(({ evidence, bytes }) => bytes !== "pruned" && isInside(evidence.receipt?.seq, slice));
  const pruned = wanted.filter(({ bytes }) => bytes === "pruned").length;
  const working = join(out === undefined ? join(place.home, "exports") : dirname(out), `.making-${place.newId()}`);
  try {
    const made = await makePackage(
      {
        place,
        scope,
        slice,
        checklist,
        artefacts: inside,
        pruned,
        unrecorded: scope.kind === "checklist" ? wanted.length - inside.length - pruned : 0,
      },
      working,
    );
    const name = `${made.sha256.slice(0, 16)}${format === "zip" ? ".zip" : ""}`;
    const folder = out ?? join(place.home, "exports", name);
    if (format === "zip") made.bytes = await zipInPlace(working, made, folder);
    else await putInPlace(working, folder, out === undefined);
    await place.audit.append({
      type: "evidence.exported",
      session,
      details: {
        manifest_sha256: made.sha256,
        from: slice.from,
        to: slice.to,
        total: slice.total,
        artefacts: inside.length,
      },
      ...(checklist === undefined ? {} : { checklist: { id: checklist.id } }),
      durable: true,
    });
    return { folder, artefacts: inside.length, ...made };
  } finally {
    await rm(working, { recursive: true, force: true });
    await rm(`${working}.zip`, { force: true });
  }
}

/** The checklist with whole characters only: what a client or a skill cut in half has no canonical form. */
function wholeTexts(checklist: Checklist): Checklist {
  const whole = (_name: string, value: unknown) =>
    typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\ufffd") : value;
  return JSON.parse(JSON.stringify(checklist), whole) as Checklist;
}

/** Artefacts that belong to the scope, in the order of their records. */
async function artefactsInScope(store: EvidenceStore, scope: SliceScope): Promise<HeldArtefact[]> {
  const { evidence } = await store.list();
  const own =
    scope.kind === "checklist" ? evidence.filter(({ manifest }) => manifest.checklist?.id === scope.value) : evidence;
  const held: HeldArtefact[] = [];
  for (const one of own) held.push({ evidence: one, bytes: await store.check(one) });
  return held;
}

async function sliceOf(
  { audit, home }: ExportPlace,
  scope: SliceScope,
  artefacts: readonly HeldArtefact[],
): Promise<TrailSlice> {
  const read = () => readSlice(join(home, "audit"), join(home, "exports", "heads"), scope, needed);
  const needed = scope.kind === "checklist" ? artefacts.flatMap(({ evidence }) => evidence.receipt?.seq ?? []) : [];
  const slice = await read();
  if (slice !== undefined) return slice;
  await audit.checkpoint();
  const again = await read();
  if (again === undefined) throw wrong.noHead();
  return again;
}

const isInside = (seq: number | undefined, { from, to }: TrailSlice): boolean =>
  seq !== undefined && seq >= from && seq < to;

interface Ingredients {
  readonly place: ExportPlace;
  readonly scope: SliceScope;
  readonly slice: TrailSlice;
  readonly checklist: Checklist | undefined;
  readonly artefacts: readonly HeldArtefact[];
  readonly unrecorded: number;
  readonly pruned: number;
}

async function makePackage(given: Ingredients, folder: string) {
  const { place, scope, slice } = given;
  await mkdir(join(folder, "evidence", "blobs"), { recursive: true, mode: 0o700 }).catch((cause) =>
    wrong.notWritten(folder, cause),
  );
  const { texts, warnings, asOf } = textsOf(given);
  const write = (path: string, text: string) =>
    writeFile(join(folder, path), text, { mode: 0o600 }).catch((cause) => wrong.notWritten(path, cause));
  for (const [path, text] of texts) await write(path, text);
  for (const { evidence, bytes } of given.artefacts) {
    const { id, sha256 } = evidence.manifest;
    await write(`evidence/${id}.json`, canonicalJson(evidence.manifest));
    if (bytes !== "missing")
      await copyFile(place.evidence.bytesPath(sha256), join(folder, "evidence", "blobs", sha256)).catch((cause) =>
        wrong.notWritten(sha256, cause),
      );
  }
  const files = await listFiles(folder);
  const whole = slice.from === 0 && slice.to === slice.total;
  const manifest: PackageManifest = {
    v: 1,
    format: PACKAGE_FORMAT,
    log: slice.log,
    key: slice.vkey,
    tool_version: place.version,
    mapping_version: PACK_VERSION,
    scope: { kind: scope.kind, value: scopeValue(scope) },
    as_of: asOf,
    slice: {
      kind: whole ? "whole" : "slice",
      from: slice.from,
      to: slice.to,
      total: slice.total,
      left_out: slice.total - (slice.to - slice.from),
    },
    root: slice.root,
    proof: [...slice.proof],
    files,
  };
  const text = canonicalJson(manifest);
  const sha256 = createHash("sha256").update(text).digest("hex");
  const key = loadIdentityKey(trailFiles(join(place.home, "audit")).identityKey);
  const signer = key && noteSigner(originOf(slice.log), key);
  if (signer?.vkey !== slice.vkey) throw wrong.trailUnusable();
  await write("manifest.json", text);
  await write("manifest.note", signNote(noteText(slice.log, sha256), signer));
  return { manifest, sha256, warnings, bytes: files.reduce((sum, file) => sum + file.bytes, text.length) };
}

function textsOf({ place, slice, checklist, artefacts, unrecorded, pruned }: Ingredients) {
  const records = slice.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const asOf = String(records.at(-1)?.ts);
  const broken = artefacts.filter(({ bytes }) => bytes !== "whole");
  const warnings = [
    ...(broken.length > 0
      ? [`${broken.length} artefacts no longer have their bytes: the package will not verify`]
      : []),
    ...(pruned > 0 ? [`${pruned} artefacts are past their retention: their bytes are gone, they are not shown`] : []),
    ...(unrecorded > 0 ? [`${unrecorded} artefacts lie outside the records shown and are not in the package`] : []),
  ];
  const controls = answerControls({
    mappings: MAPPINGS,
    evidence: artefacts,
    checklists: checklist === undefined ? [] : [checklist],
    nowMs: Date.parse(asOf),
  }).filter(({ evidence, items }) => evidence.length > 0 || items.length > 0);
  const manifests = artefacts.map(({ evidence }) => evidence.manifest);
  const title = checklist?.title ?? `Trail ${slice.log}`;
  const named = checklist === undefined ? {} : { checklist };
  const oscal = oscalResults({ title, log: slice.log, asOf, version: place.version, artefacts: manifests, ...named });
  const texts: [string, string][] = [
    ["records.jsonl", slice.lines.map((line) => `${line}\n`).join("")],
    ["checkpoint", slice.checkpoint],
    ["custody.jsonl", custodyOf(records)],
    ["controls.json", `${canonicalJson(controls)}\n`],
    ["report.md", reportMarkdown({ slice, asOf, artefacts, controls, warnings, ...named })],
    ["oscal-assessment-results.json", `${JSON.stringify(oscal, null, 2)}\n`],
    ["VERIFY.md", verifyMarkdown(slice)],
    ["verify.py", VERIFY_PY],
    ...(checklist === undefined ? [] : [["checklist.json", `${canonicalJson(checklist)}\n`] as [string, string]]),
  ];
  return { texts, warnings, asOf };
}

const CUSTODY = new Set(["evidence.added", "evidence.read", "evidence.exported"]);

/** Who had which artefact in hand and when, as the trail says. */
function custodyOf(records: readonly Record<string, unknown>[]): string {
  return records
    .filter(({ type }) => CUSTODY.has(String(type)))
    .map(
      ({ seq, ts, type, session, evidence, details }) =>
        `${canonicalJson({ seq, at: ts, act: type, session, evidence, details })}\n`,
    )
    .join("");
}

async function listFiles(folder: string): Promise<PackageManifest["files"]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    );
  const files: PackageManifest["files"] = [];
  for (const path of paths.sort()) {
    const kept = await digestOfFile(join(folder, path));
    if (kept !== undefined) files.push({ path, bytes: kept.bytes, sha256: kept.sha256 });
  }
  return files;
}

function scopeValue(scope: SliceScope): string {
  if (scope.kind === "whole") return "";
  if (scope.kind === "window") return `${new Date(scope.fromMs).toISOString()}/${new Date(scope.toMs).toISOString()}`;
  return scope.value;
}

/** The finished package as a zip under its name; the same package made before is the same zip. */
async function zipInPlace(
  working: string,
  { manifest, bytes }: { readonly manifest: PackageManifest; readonly bytes: number },
  target: string,
): Promise<number> {
  if (bytes > MAX_ZIP_BYTES / 2) throw wrong.zipTooLarge(bytes, MAX_ZIP_BYTES / 2);
  const paths = [...manifest.files.map(({ path }) => path), ...UNLISTED].sort();
  try {
    const written = zipFolder(working, paths, `${working}.zip`);
    await rename(`${working}.zip`, target);
    return written;
  } catch (cause) {
    return wrong.notWritten(target, cause);
  }
}

/** The finished folder under its name; the same package made before stays as it is. */
async function putInPlace(working: string, folder: string, mayExist: boolean): Promise<void> {
  if (mayExist && (await sameNote(working, folder))) return;
  if (mayExist) await rm(folder, { recursive: true, force: true });
  await rename(working, folder).catch((cause) => wrong.notWritten(folder, cause));
}

async function sameNote(working: string, folder: string): Promise<boolean> {
  const [made, there] = await Promise.all(
    [working, folder].map((path) => readFile(join(path, "manifest.note"), "utf8").catch(() => undefined)),
  );
  return made !== undefined && made === there;
}
