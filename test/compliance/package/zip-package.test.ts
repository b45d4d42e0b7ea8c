import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { collectEvidence } from "../../../src/compliance/evidence/collect-evidence.ts";
import { openChecklists } from "../../../src/compliance/open-checklists.ts";
import { exportPackage } from "../../../src/compliance/package/export-package.ts";
import { verifyPackage } from "../../../src/compliance/package/verify-package.ts";
import { zipFolder } from "../../../src/compliance/package/zip-folder.ts";
import { temporaryFolderOfFile } from "../../audit/support.ts";
import { AGENT, openTestHome } from "../evidence/support.ts";
import { crc32Of, type ZipPart, zipOf } from "./zip-of.ts";

let place: string;
let good: Buffer;
let files: ReadonlyMap<string, Buffer>;
let key: string;
let verifier: string;

beforeAll(() => {
  place = temporaryFolderOfFile();
});

async function openCase() {
  const home = await openTestHome();
  const checklists = openChecklists({ folder: join(home.home, "checklists"), nowMs: home.nowMs, newId: home.newId });
  await home.audit.append({ type: "tool.intent", session: "s1", tool: "search_alerts" });
  await collectEvidence(
    { store: home.evidence, ...home },
    { kind: "log", name: "log", controls: [], from: { text: "line\n".repeat(5_000) } },
    AGENT,
  );
  const at = {
    home: home.home,
    audit: home.audit,
    evidence: home.evidence,
    checklists,
    version: "1",
    newId: home.newId,
  };
  return { ...home, make: (out: string) => exportPackage(at, { scope: { kind: "whole" }, out }, AGENT), at };
}

function filesOf(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const plain = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(plain.map((name) => [name, readFileSync(join(folder, name))]));
}

/** Both verifiers' word on these bytes, which must be one. */
function reasonsOf(zip: Buffer): readonly string[] {
  const path = join(place, "tried.zip");
  writeFileSync(path, zip);
  const ours = verifyPackage(path);
  const { stdout, stderr, status } = spawnSync("python3", [verifier, path, "--json"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ ok: ours.ok, reasons: ours.reasons });
  expect(status).toBe(ours.ok ? 0 : 1);
  return ours.reasons;
}

test("a zip holds the same files as the folder, verifies the same, and is the same byte for byte when made again", async () => {
  const { make, home, at } = await openCase();
  const folder = await make(join(home, "package"));
  const first = await make(join(home, "first.zip"));
  const second = await make(join(home, "second.zip"));
  good = readFileSync(first.folder);
  key = folder.manifest.key;
  files = filesOf(folder.folder);
  verifier = join(place, "verify.py");
  writeFileSync(verifier, files.get("verify.py")!);
  expect(readFileSync(second.folder).equals(good)).toBe(true);
  expect(first).toMatchObject({ sha256: folder.sha256, bytes: good.length });
  expect(good.length).toBeLessThan(folder.bytes);
  expect(good.subarray(-64).toString()).toBe(createHash("sha256").update(good.subarray(0, -64)).digest("hex"));
  expect(reasonsOf(good)).toEqual([]);
  expect(verifyPackage(first.folder, key)).toMatchObject({ ok: true, pinned: true });
  const unpacked = join(home, "unpacked");
  mkdirSync(unpacked);
  const python = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
  expect(spawnSync("python3", ["-c", python, first.folder, unpacked]).status).toBe(0);
  expect(filesOf(unpacked)).toEqual(files);
  // In home it is named by its digest, and nothing is left of the making.
  const kept = await exportPackage(at, { scope: { kind: "whole" }, format: "zip" }, AGENT);
  expect(kept.folder).toBe(join(home, "exports", `${kept.sha256.slice(0, 16)}.zip`));
  expect(readdirSync(join(home, "exports")).filter((name) => name.startsWith("."))).toEqual([]);
  await expect(make(join(home, "first.zip"))).rejects.toMatchObject({ code: "EXPORT_OUT_EXISTS" });
});

test("in another time zone it is the same zip", () => {
  const folder = join(place, "small");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.txt"), "a".repeat(3_000_000));
  writeFileSync(join(folder, "empty"), "");
  zipFolder(folder, ["a.txt", "empty"], join(place, "here.zip"));
  const program = `import { zipFolder } from ${JSON.stringify(
    new URL("../../../src/compliance/package/zip-folder.ts", import.meta.url).href,
  )}; zipFolder(process.argv[1], ["a.txt", "empty"], process.argv[2]);`;
  const there = join(place, "there.zip");
  const args = ["--import", "tsx", "--input-type=module", "--eval", program, folder, there];
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, TZ: "Pacific/Apia" },
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(readFileSync(there).equals(readFileSync(join(place, "here.zip")))).toBe(true);
});

test("any byte that is another is found by both verifiers", () => {
  const path = join(place, "flipped.zip");
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const flipped = Buffer.from(good);
      flipped[at] = flipped[at]! ^ change;
      writeFileSync(path, flipped);
      expect(verifyPackage(path)).toMatchObject({ ok: false, reasons: ["zip-changed"] });
    }),
    { numRuns: 400 },
  );
  // The second verifier reads them all in one process.
  const program = `
import importlib.util, sys
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(verify)
data = open(sys.argv[2], "rb").read()
state, missed = 1, 0
for _ in range(400):
    state = (state * 1103515245 + 12345) % 2147483648
    at, change = state % len(data), state // 65536 % 255 + 1
    with open(sys.argv[3], "wb") as file:
        file.write(data[:at] + bytes([data[at] ^ change]) + data[at + 1:])
    try:
        verify.Zipped(sys.argv[3])
        missed += 1
    except verify.Refused as refused:
        missed += str(refused) != "zip-changed"
print(missed)
`;
  writeFileSync(path, good);
  const { stdout, stderr } = spawnSync("python3", ["-c", program, verifier, path, join(place, "theirs.zip")], {
    encoding: "utf8",
  });
  expect([stdout, stderr]).toEqual(["0\n", ""]);
});

const partsOf = (): ZipPart[] => [...files].map(([name, bytes]) => ({ name, bytes }));
const withPart = (part: ZipPart) => zipOf([...partsOf(), part]);
const extra = Buffer.from("x");

test.each<{ what: string; zip: () => Buffer; reasons: readonly string[] }>([
  { what: "another tool's zip of the same files, with the digest", zip: () => zipOf(partsOf()), reasons: [] },
  {
    what: "files that are stored",
    zip: () => zipOf(partsOf().map((part) => ({ ...part, stored: true }))),
    reasons: [],
  },
  { what: "no digest at the end", zip: () => good.subarray(0, -64), reasons: ["zip-changed"] },
  { what: "a byte more", zip: () => Buffer.concat([good, extra]), reasons: ["zip-changed"] },
  { what: "nothing", zip: () => Buffer.alloc(0), reasons: ["zip-changed"] },
  { what: "a digest of something that is no zip", zip: () => sealed(Buffer.alloc(200)), reasons: ["zip-malformed"] },
  {
    what: "bytes before the zip",
    zip: () => sealed(Buffer.concat([extra, good.subarray(0, -64)])),
    reasons: ["zip-malformed"],
  },
  { what: "an absolute name", zip: () => withPart({ name: "/etc/passwd", bytes: extra }), reasons: ["zip-unsafe"] },
  { what: "a name that leads out", zip: () => withPart({ name: "../out", bytes: extra }), reasons: ["zip-unsafe"] },
  {
    what: "a name that leads out below",
    zip: () => withPart({ name: "evidence/../../x", bytes: extra }),
    reasons: ["zip-unsafe"],
  },
  { what: "a backslash", zip: () => withPart({ name: "..\\x", bytes: extra }), reasons: ["zip-unsafe"] },
  { what: "a drive", zip: () => withPart({ name: "C:x", bytes: extra }), reasons: ["zip-unsafe"] },
  { what: "a zero byte", zip: () => withPart({ name: "report.md\0.txt", bytes: extra }), reasons: ["zip-unsafe"] },
  { what: "a folder's name", zip: () => withPart({ name: "more/", bytes: Buffer.alloc(0) }), reasons: ["zip-unsafe"] },
  { what: "an empty name", zip: () => withPart({ name: "", bytes: extra }), reasons: ["zip-unsafe"] },
  {
    what: "a name of 301 characters",
    zip: () => withPart({ name: "n".repeat(301), bytes: extra }),
    reasons: ["zip-unsafe"],
  },
  { what: "two of one name", zip: () => withPart({ name: "report.md", bytes: extra }), reasons: ["zip-unsafe"] },
  {
    what: "two that differ in case",
    zip: () => withPart({ name: "REPORT.md", bytes: extra }),
    reasons: ["zip-unsafe"],
  },
  { what: "a file more", zip: () => withPart({ name: "more.txt", bytes: extra }), reasons: ["file-unlisted"] },
  {
    what: "a file less",
    zip: () => zipOf(partsOf().filter(({ name }) => name !== "report.md")),
    reasons: ["file-missing"],
  },
  { what: "no manifest", zip: () => zipOf([{ name: "a", bytes: extra }]), reasons: ["manifest-missing"] },
  { what: "no file at all", zip: () => zipOf([]), reasons: ["manifest-missing"] },
  {
    what: "another report",
    zip: () => zipOf(partsOf().map((part) => (part.name === "report.md" ? { ...part, bytes: extra } : part))),
    reasons: ["file-changed"],
  },
  {
    what: "a bomb that says its size",
    zip: () => withPart({ name: "bomb", bytes: extra, says: { bytes: 2 ** 29 + 1 } }),
    reasons: ["zip-too-large"],
  },
  {
    what: "a bomb that lies about its size",
    zip: () => withPart({ name: "bomb", bytes: Buffer.alloc(50_000_000), says: { bytes: 10 } }),
    reasons: ["zip-malformed"],
  },
  {
    what: "a file shorter than it says",
    zip: () => withPart({ name: "short", bytes: extra, says: { bytes: 2 } }),
    reasons: ["zip-malformed"],
  },
  {
    what: "a wrong checksum",
    zip: () => withPart({ name: "sum", bytes: extra, says: { crc: 1 } }),
    reasons: ["zip-malformed"],
  },
  {
    what: "another name in front of the bytes",
    zip: () => withPart({ name: "one", bytes: extra, says: { localName: "two" } }),
    reasons: ["zip-malformed"],
  },
  {
    what: "bytes that lie outside",
    zip: () => withPart({ name: "far", bytes: extra, says: { at: 2 ** 31 } }),
    reasons: ["zip-malformed"],
  },
  {
    what: "an encrypted file",
    zip: () => withPart({ name: "secret", bytes: extra, says: { flags: 1 } }),
    reasons: ["zip-malformed"],
  },
  {
    what: "a packing that nobody reads",
    zip: () => withPart({ name: "odd", bytes: extra, says: { method: 99 } }),
    reasons: ["zip-malformed"],
  },
  {
    what: "bytes that do not unpack",
    zip: () => withPart({ name: "odd", bytes: extra, says: { packed: Buffer.from([7, 7, 7]) } }),
    reasons: ["zip-malformed"],
  },
])("$what: $reasons from both", ({ zip, reasons }) => {
  expect(reasonsOf(zip())).toEqual(reasons);
  expect(existsSync(join(place, "out"))).toBe(false);
});

test("what is neither a folder nor a file is no package", () => {
  expect(verifyPackage(join(place, "nowhere"))).toMatchObject({ ok: false, reasons: ["manifest-missing"] });
});

test("the builder of these tests makes what everybody calls a zip", () => {
  expect(crc32Of(Buffer.from("123456789"))).toBe(0xcbf43926);
  expect(deflateRawSync(extra).length).toBeGreaterThan(0);
});

/** The bytes with the digest that a package's zip ends with. */
function sealed(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.from(createHash("sha256").update(bytes).digest("hex"))]);
}
