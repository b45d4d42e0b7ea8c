import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkUnchanged, findFalco, noFalco } from "../../../src/falco/binary/find-falco.ts";
import { type FakeFalco, makeFakeFalco, setFakeFalco } from "../../support/fake-falco/fake-falco.ts";
import { temporaryFolder } from "../../support/fake-falco/under-test.ts";

const nowMs = Date.now;
const find = (named: string) => findFalco({ named, nowMs, versionMs: 15_000 });

test("the named binary is found with what tells it apart", async () => {
  const folder = temporaryFolder();
  const path = makeFakeFalco(folder);
  symlinkSync(path, join(folder, "link"));
  const { found, refused } = await find(join(folder, "link"));
  expect(refused).toEqual([]);
  expect(found).toMatchObject({ path: join(folder, "link"), realPath: path, foundBy: "named" });
  expect(found?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(found?.version).toEqual({
    falco: "0.44.0",
    engine: "0.63.0",
    libs: "0.0.0-local",
    pluginApi: "3.12.0",
    driverApi: "10.0.0",
    driverSchema: "4.3.0",
    defaultDriver: "0.0.0-local",
  });
});

test("PATH is searched in order, then the places of packages; what was refused before is told", async () => {
  const folder = temporaryFolder();
  makeFakeFalco(join(folder, "one"), { mode: "not-falco" });
  mkdirSync(join(folder, "empty"));
  makeFakeFalco(join(folder, "two"));
  const path = [join(folder, "empty"), join(folder, "one"), join(folder, "one"), join(folder, "two")].join(":");
  const onPath = await findFalco({ path, nowMs });
  expect(onPath.found).toMatchObject({ path: join(folder, "two", "falco"), foundBy: "path" });
  expect(onPath.refused).toMatchObject([{ path: join(folder, "one", "falco"), reason: "not-falco" }]);
  const packaged = await findFalco({ path: "", packagePlaces: [join(folder, "two", "falco")], nowMs });
  expect(packaged.found?.foundBy).toBe("package");
});

test("a named binary that is refused is not replaced by another", async () => {
  const folder = temporaryFolder();
  makeFakeFalco(join(folder, "two"));
  const search = await findFalco({ named: join(folder, "absent"), path: join(folder, "two"), nowMs });
  expect(search.found).toBeUndefined();
  expect(noFalco(search)).toMatchObject({
    code: "FALCO_NOT_FOUND",
    message: `no usable falco was found: "${join(folder, "absent")}" does not exist`,
  });
});

test.each<[string, FakeFalco]>([
  ["not-falco", { mode: "not-falco" }],
  ["not-falco", { mode: "version-crash" }],
  ["not-falco", { mode: "version-error" }],
  ["not-falco", { version: "" }],
  ["floods", { mode: "version-flood" }],
])("a program is refused as %s: %o", async (reason, fake) => {
  const { found, refused } = await find(makeFakeFalco(temporaryFolder(), fake));
  expect(found).toBeUndefined();
  expect(refused).toMatchObject([{ reason }]);
});

test("a program that hangs when asked for its version is ended and refused", async () => {
  const path = makeFakeFalco(temporaryFolder(), { mode: "version-hang" });
  const { refused } = await findFalco({ named: path, nowMs, versionMs: 300 });
  expect(refused).toMatchObject([{ reason: "hangs", detail: "does not say its version within 300 ms" }]);
});

test.each<[string, (folder: string, path: string) => string]>([
  ["missing", (folder) => join(folder, "absent")],
  ["missing", (_, path) => join(path, "below-a-file")],
  ["not-a-file", (folder) => folder],
  ["relative-place", () => "falco"],
  [
    "not-executable",
    (_, path) => {
      chmodSync(path, 0o644);
      return path;
    },
  ],
  [
    "writable-by-others",
    (_, path) => {
      chmodSync(path, 0o757);
      return path;
    },
  ],
  [
    "writable-by-others",
    (folder, path) => {
      chmodSync(folder, 0o777);
      return path;
    },
  ],
  [
    "does-not-start",
    (_, path) => {
      writeFileSync(path, "#!/no/such/interpreter\n");
      return path;
    },
  ],
  [
    "not-falco",
    (_, path) => {
      writeFileSync(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0]));
      return path;
    },
  ],
])("a file is refused as %s", async (reason, prepare) => {
  const folder = join(temporaryFolder(), "bin");
  const { found, refused } = await find(prepare(folder, makeFakeFalco(folder)));
  expect(found).toBeUndefined();
  expect(refused).toMatchObject([{ reason }]);
});

test("a file of PATH that belongs to a third user is refused; a named one is the operator's choice", async () => {
  const folder = temporaryFolder();
  const path = makeFakeFalco(folder);
  const uid = (process.getuid?.() ?? 0) + 1;
  const asOther = await findFalco({ path: folder, packagePlaces: [], uid, nowMs });
  // Root may own what anybody runs.
  if (process.getuid?.() === 0) expect(asOther.found?.path).toBe(path);
  else expect(asOther.refused).toMatchObject([{ reason: "foreign-owner" }]);
});

test("a changed binary is refused, a touched one is not", async () => {
  const folder = temporaryFolder();
  const path = makeFakeFalco(folder);
  const { found } = await find(path);
  if (found === undefined) throw new Error("no falco");
  await checkUnchanged(found);
  chmodSync(path, 0o700);
  await checkUnchanged(found);
  writeFileSync(path, "#!/bin/sh\necho Falco version: 0.44.0\n");
  await expect(checkUnchanged(found)).rejects.toMatchObject({ code: "FALCO_CHANGED", where: found.realPath });
});

test("older versions are read, too", async () => {
  const folder = temporaryFolder();
  const path = makeFakeFalco(folder);
  setFakeFalco(folder, {
    version: "Falco version: 0.35.1 (x86_64)\nLibs version:  0.11.3\nPlugin API:    3.0.0\nEngine:        17\n",
  });
  const { found } = await find(path);
  expect(found?.version).toEqual({ falco: "0.35.1", libs: "0.11.3", pluginApi: "3.0.0", engine: "0.17.0" });
});
