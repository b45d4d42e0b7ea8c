import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, constants, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { askVersion } from "./ask-version.ts";
import type { FalcoSearch, FoundFalco, RefusalReason, RefusedFalco } from "./falco-binary.ts";

export interface FalcoPlaces {
  /** What `--falco-bin` names: then nothing else is looked at. */
  readonly named?: string | undefined;
  /** The PATH of the environment. */
  readonly path?: string | undefined;
  /** Places of packages, looked at last; Falco's usual ones by default. */
  readonly packagePlaces?: readonly string[];
  /** Falco may belong to root or to this user. Nobody is asked where it is undefined. */
  readonly uid?: number | undefined;
  readonly nowMs: () => number;
  /** How long a file may take to say its version; 10 seconds by default. */
  readonly versionMs?: number;
}

/** A file that stands where Falco might, by what shows that it is the same one. */
export type FileFacts = Pick<FoundFalco, "realPath" | "sizeBytes" | "modifiedNs" | "changedNs" | "sha256">;

const PACKAGE_PLACES = ["/usr/bin/falco", "/usr/local/bin/falco", "/opt/falco/bin/falco", "/opt/falco/usr/bin/falco"];
const MAX_PATH_FOLDERS = 200;
const MAX_BINARY_BYTES = 1024 * 1024 * 1024;

/**
 * The Falco of this machine and every place that was refused on the way to it: what was named, else PATH, else where packages
 * put it. A file counts when it is an executable that nobody else can change and answers `--version` as Falco does.
 */
export async function findFalco(places: FalcoPlaces): Promise<FalcoSearch> {
  const refused: RefusedFalco[] = [];
  const seen = new Set<string>();
  for (const { path, foundBy } of candidates(places)) {
    const real = await realpath(path).catch(() => path);
    if (seen.has(real)) continue;
    seen.add(real);
    const looked = await lookAt(path, foundBy, places);
    if ("version" in looked) return { found: looked, refused };
    // Most folders of PATH hold no falco: that is no news.
    if (looked.reason !== "missing" || foundBy !== "path") refused.push(looked);
  }
  return { refused };
}

/** The error for callers that cannot do without Falco: which places were refused, and why. */
export function noFalco({ refused }: FalcoSearch): FalcoSkillsError {
  const told = refused.filter(({ reason }) => reason !== "missing");
  const places = (told.length > 0 ? told : refused).slice(0, 5);
  const why = places.map(({ path, detail }) => `${JSON.stringify(path)} ${detail}`).join("; ");
  return new FalcoSkillsError("FALCO_NOT_FOUND", `no usable falco was found${why === "" ? "" : `: ${why}`}`, {
    fix: "Install Falco, or name its binary with --falco-bin, or use the embedded engine.",
  });
}

/** Fails with FALCO_CHANGED where the file is no longer the one that was found, byte for byte. */
export async function checkUnchanged(found: FoundFalco): Promise<void> {
  const now = await factsOf(found.path, found).catch(() => undefined);
  if (now !== undefined && now.realPath === found.realPath && now.sha256 === found.sha256) return;
  throw new FalcoSkillsError(
    "FALCO_CHANGED",
    `${JSON.stringify(found.path)} is no longer the falco ${found.version.falco} that was found (sha256 ${found.sha256.slice(0, 12)}…)`,
    { fix: "Restart the server, so that it looks at the new binary.", where: found.realPath },
  );
}

function* candidates({ named, path, packagePlaces }: FalcoPlaces): Generator<Pick<FoundFalco, "path" | "foundBy">> {
  if (named !== undefined) {
    yield { path: named, foundBy: "named" };
    return;
  }
  const folders = (path ?? "").split(":").filter((folder) => folder !== "");
  for (const folder of folders.slice(0, MAX_PATH_FOLDERS)) yield { path: join(folder, "falco"), foundBy: "path" };
  for (const place of packagePlaces ?? PACKAGE_PLACES) yield { path: place, foundBy: "package" };
}

async function lookAt(
  path: string,
  foundBy: FoundFalco["foundBy"],
  places: FalcoPlaces,
): Promise<FoundFalco | RefusedFalco> {
  const refuse = (reason: RefusalReason, detail: string): RefusedFalco => ({ path, reason, detail });
  // What a relative path means depends on where the server was started from.
  if (!isAbsolute(path)) return refuse("relative-place", "is no absolute path");
  try {
    const real = await realpath(path);
    const stats = await stat(real);
    if (!stats.isFile()) return refuse("not-a-file", "is no plain file");
    const folder = await stat(dirname(real));
    const isOpenFolder = (folder.mode & 0o002) !== 0 && (folder.mode & 0o1000) === 0;
    if ((stats.mode & 0o002) !== 0 || isOpenFolder) return refuse("writable-by-others", "may be changed by every user");
    if (foundBy !== "named" && places.uid !== undefined && stats.uid !== 0 && stats.uid !== places.uid) {
      return refuse("foreign-owner", `belongs to user ${stats.uid}, neither root nor the one that runs this`);
    }
    if (stats.size > MAX_BINARY_BYTES) return refuse("not-falco", "is larger than any falco");
    await access(real, constants.X_OK).catch(() => Promise.reject(refuse("not-executable", "is not executable")));
    const facts = await factsOf(path);
    const asked = await askVersion(real, places);
    if ("reason" in asked) return refuse(asked.reason, asked.detail);
    return { path, foundBy, ...facts, version: asked };
  } catch (thrown) {
    if (isRefusal(thrown)) return thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return refuse("missing", "does not exist");
    return refuse("unreadable", `cannot be read (${code})`);
  }
}

function isRefusal(thrown: unknown): thrown is RefusedFalco {
  return typeof thrown === "object" && thrown !== null && "reason" in thrown;
}

/** The file behind a path; its hash is taken over from `known` where size and times show no change. */
async function factsOf(path: string, known?: FoundFalco): Promise<FileFacts> {
  const realPath = await realpath(path);
  const { size, mtimeNs: modifiedNs, ctimeNs: changedNs } = await stat(realPath, { bigint: true });
  const sizeBytes = Number(size);
  const isKnown = known?.realPath === realPath && known.sizeBytes === sizeBytes && known.changedNs === changedNs;
  return { realPath, sizeBytes, modifiedNs, changedNs, sha256: isKnown ? known.sha256 : await sha256Of(realPath) };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}
