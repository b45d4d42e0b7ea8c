import { posix } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { asFolder, resolvePath } from "../../src/state/path.ts";

test.each([
  ["/etc/", "passwd", "/etc/passwd"],
  ["/etc/", "/proc/1/environ", "/proc/1/environ"],
  ["/var/www/", "../../etc/./shadow", "/etc/shadow"],
  ["/", "../../..", "/"],
  ["/a/", "b//c/", "/a/b/c"],
  ["/a/", ".hidden", "/a/.hidden"],
  ["/a/", "...", "/a/..."],
  ["/a/", "..b/c..", "/a/..b/c.."],
  ["", "relative", "relative"],
  ["/a/b/", ".", "/a/b"],
  ["/a b/", "é/\n", "/a b/é/\n"],
])("%s and %s make %s", (base, path, expected) => {
  expect(resolvePath(base, path)).toBe(expected);
});

const component = fc.oneof(
  fc.constantFrom("a", "bc", ".", "..", "...", "", "..d", ".e"),
  fc.stringMatching(/^[a-z]{1,4}$/),
);
const folder = fc
  .array(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 4 })
  .map((parts) => asFolder(`/${parts.join("/")}`));

test("tidy folders resolve paths as POSIX does", () => {
  fc.assert(
    fc.property(folder, fc.array(component, { minLength: 1, maxLength: 8 }), (base, parts) => {
      const path = parts.join("/");
      fc.pre(path !== "");
      expect(resolvePath(base, path)).toBe(posix.resolve(base, path));
    }),
  );
});

test("a path of 1024 bytes and more is given up", () => {
  expect(resolvePath("/", "a".repeat(1022))).toHaveLength(1023);
  expect(resolvePath("/", "a".repeat(1023))).toBe("/DIR_TOO_LONG/FILENAME_TOO_LONG");
  expect(resolvePath("/", "é".repeat(512))).toBe("/DIR_TOO_LONG/FILENAME_TOO_LONG");
});

test("a folder ends with one slash", () => {
  expect([asFolder("/"), asFolder("/tmp"), asFolder("/tmp/")]).toEqual(["/", "/tmp/", "/tmp/"]);
});
