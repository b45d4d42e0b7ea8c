import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProcessFiles } from "../../../src/falco/host/process-files.ts";
import { readArguments } from "../../../src/falco/host/read-arguments.ts";

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "host-files-")));
  mkdirSync(join(folder, "jail/etc/falco"), { recursive: true });
  writeFileSync(join(folder, "secret"), "outside");
  writeFileSync(join(folder, "jail/secret"), "inside");
  writeFileSync(join(folder, "jail/etc/falco/falco.yaml"), "a: 1\n");
  for (const [name, target] of [
    ["absolute", "/secret"],
    ["relative", "../../secret"],
    ["upwards", "../../../../../../../../secret"],
    ["chain", "absolute"],
    ["loop", "loop"],
    ["folder", "/etc"],
    ["dangling", "/nowhere"],
    ["host", join("/", folder, "secret")],
  ] as const) {
    symlinkSync(target, join(folder, "jail/etc/falco", name));
  }
  spawnSync("mkfifo", [join(folder, "jail/etc/falco/pipe")]);
  writeFileSync(join(folder, "jail/etc/falco/large"), "x".repeat(101));
});
afterAll(() => rmSync(folder, { recursive: true }));

const files = () => createProcessFiles(join(folder, "jail"));
const read = async (path: string) => (await files().read(path, 100)).content.toString();

describe("links of a container lead nowhere but into the container", () => {
  test.each([
    ["/etc/falco/absolute", "inside"],
    ["/etc/falco/relative", "inside"],
    ["/etc/falco/upwards", "inside"],
    ["/etc/falco/chain", "inside"],
    ["/etc/falco/folder/falco/falco.yaml", "a: 1\n"],
    ["/etc/../../../secret", "inside"],
    ["/etc/./falco//falco.yaml", "a: 1\n"],
  ])("%s", async (path, content) => {
    expect(await read(path)).toBe(content);
  });

  test.each([
    ["/etc/falco/host", "FILE_NOT_FOUND"],
    ["/etc/falco/dangling", "FILE_NOT_FOUND"],
    ["/etc/falco/loop", "FILE_UNREADABLE"],
    ["/etc/falco/pipe", "FILE_NOT_REGULAR"],
    ["/etc/falco", "FILE_NOT_REGULAR"],
    ["/etc/falco/large", "FILE_TOO_LARGE"],
    ["/etc/falco/falco.yaml/x", "FILE_NOT_FOUND"],
    ["relative", "FILE_NOT_FOUND"],
    ["/a\0b", "FILE_NOT_FOUND"],
  ])("%j fails", async (path, code) => {
    await expect(files().read(path, 100)).rejects.toMatchObject({ code });
  });

  test("a folder is listed in byte order, links by what they lead to", async () => {
    const entries = await files().list("/etc/falco", 100);
    expect(entries.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "absolute file",
      "chain file",
      "dangling other",
      "falco.yaml file",
      "folder folder",
      "host other",
      "large file",
      "loop other",
      "pipe other",
      "relative file",
      "upwards file",
    ]);
    expect(await files().list("/etc/falco", 2)).toHaveLength(2);
  });

  test("without a root of its own the host's files are read", async () => {
    expect((await createProcessFiles("").read(join(folder, "secret"), 100)).content.toString()).toBe("outside");
  });

  test("files of /proc, whose size is 0, are read to their end", async () => {
    const { content } = await createProcessFiles("").read(`/proc/${process.pid}/status`, 100_000);
    expect(content.toString()).toMatch(/^Name:/);
    await expect(createProcessFiles("").read(`/proc/${process.pid}/status`, 100)).rejects.toMatchObject({
      code: "FILE_TOO_LARGE",
    });
  });
});

describe("arguments as Falco's parser takes them", () => {
  const none = {
    configPath: "/etc/falco/falco.yaml",
    rulePaths: [],
    options: [],
    disabledSources: [],
    enabledSources: [],
    once: false,
  };
  test.each([
    ["", {}],
    ["-c /a.yaml", { configPath: "/a.yaml" }],
    ["-ca.yaml", { configPath: "/srv/a.yaml" }],
    ["-c a -c b", { configPath: "/srv/b" }],
    ["-r /r -r rules.d", { rulePaths: ["/r", "/srv/rules.d"] }],
    ["-Uo a=1 --option=b=2 --option c=3", { options: ["a=1", "b=2", "c=3"] }],
    ["-pk -r /r", { rulePaths: ["/r"] }],
    ["-p -r -r /r", { rulePaths: ["/r"] }],
    ["--pidfile -r --disable-source syscall", { disabledSources: ["syscall"] }],
    ["--enable-source=k8s_audit", { enabledSources: ["k8s_audit"] }],
    ["--unbuffered -v", {}],
    ["-V a.yaml", { once: true }],
    ["-L", { once: true }],
    ["--list=syscall", { once: true }],
    ["--dry-run", { once: true }],
    ["-o engine.kind=replay", { options: ["engine.kind=replay"], once: true }],
    ["-- -c x", {}],
    ["stray -c /x", { configPath: "/x" }],
    ["-c", { configPath: "/srv" }],
  ])("falco %s", (line, said) => {
    const args = line === "" ? [] : line.split(" ");
    expect(readArguments(args, "/srv")).toEqual({ ...none, ...said });
  });
});
