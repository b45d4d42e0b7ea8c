import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { readHostConfig } from "../../../src/falco/binary/host-config.ts";
import { temporaryFolder } from "../../support/fake-falco/under-test.ts";

/** Reads a host whose files are these; `$` stands for the host's folder. */
async function read(files: Readonly<Record<string, string>>, change: (host: string) => void = () => undefined) {
  const host = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(host, name)), { recursive: true });
    writeFileSync(join(host, name), text.replaceAll("$", host));
  }
  change(host);
  const config = await readHostConfig({ configs: [join(host, "falco.yaml")], pluginFolders: [join(host, "plugins")] });
  return JSON.parse(JSON.stringify(config).replaceAll(host, "$")) as typeof config;
}

const STOCK =
  "load_plugins: [container]\nplugins:\n  - name: container\n    library_path: libcontainer.so\n    init_config: {label_max_len: 100}\nengine: {kind: modern_ebpf}\n";
const LIBRARY = { "plugins/libcontainer.so": "" };
const CONTAINER = { name: "container", libraryPath: "$/plugins/libcontainer.so" };

test.each<[string, Readonly<Record<string, string>>, object]>([
  ["no configuration and no library", {}, { files: [], plugins: [], leftOut: [], warnings: [] }],
  ["no configuration, but the library that Falco's rules need", LIBRARY, { files: [], plugins: [CONTAINER] }],
  [
    "the stock configuration",
    { "falco.yaml": STOCK, ...LIBRARY },
    {
      files: ["$/falco.yaml"],
      engineKind: "modern_ebpf",
      plugins: [{ ...CONTAINER, initConfig: { label_max_len: 100 } }],
    },
  ],
  [
    "a library that is not there",
    { "falco.yaml": STOCK },
    {
      plugins: [],
      leftOut: [{ name: "container", why: "its library libcontainer.so is not there, or others may change it" }],
    },
  ],
  [
    "a plugin that is loaded but not described",
    { "falco.yaml": "load_plugins: [json]\n" },
    { plugins: [], leftOut: [{ name: "json", why: "no entry under plugins has its name" }] },
  ],
  [
    "a described plugin that is not loaded",
    { "falco.yaml": `${STOCK.replace("[container]", "[]")}`, ...LIBRARY },
    { plugins: [CONTAINER], leftOut: [] },
  ],
  [
    "plugins in the folder of further configurations, in the order of names",
    {
      "falco.yaml": "config_files: [$/config.d]\nengine: {kind: kmod}\nload_plugins: []\nplugins: []\n",
      "config.d/20.yaml": STOCK,
      "config.d/10.yaml":
        "engine: {kind: ebpf}\nload_plugins: [json]\nplugins: [{name: json, library_path: $/json.so, open_params: x}]\n",
      "json.so": "",
      ...LIBRARY,
    },
    {
      files: ["$/falco.yaml", "$/config.d/10.yaml", "$/config.d/20.yaml"],
      engineKind: "modern_ebpf",
      plugins: [
        { name: "json", libraryPath: "$/json.so", openParams: "x" },
        { ...CONTAINER, initConfig: { label_max_len: 100 } },
      ],
    },
  ],
  [
    "a file that adds only what is new",
    {
      "falco.yaml": "config_files: [{path: $/more.yaml, strategy: add-only}]\nengine: {kind: kmod}\n",
      "more.yaml": STOCK,
      ...LIBRARY,
    },
    { engineKind: "kmod", plugins: [{ ...CONTAINER, initConfig: { label_max_len: 100 } }] },
  ],
  [
    "a file that overrides lists",
    {
      "falco.yaml": `config_files: [{path: $/more.yaml, strategy: override}]\n${STOCK}`,
      "more.yaml": "load_plugins: [x]\n",
      ...LIBRARY,
    },
    { plugins: [], leftOut: [{ name: "x", why: "no entry under plugins has its name" }] },
  ],
  [
    "text that is no YAML",
    { "falco.yaml": "a: [\n" },
    { files: [], warnings: [expect.stringMatching(/falco.yaml was passed over/)] },
  ],
  [
    "a list",
    { "falco.yaml": "- a\n" },
    { files: [], warnings: ["$/falco.yaml was passed over: line 1 is a sequence, not a map"] },
  ],
  ["nothing", { "falco.yaml": "" }, { files: ["$/falco.yaml"], plugins: [], warnings: [] }],
  [
    "a path that leaves the plugin folder",
    { "falco.yaml": "plugins: [{name: a, library_path: ../../x.so}]", "x.so": "" },
    { plugins: [] },
  ],
  [
    "wrong types everywhere",
    { "falco.yaml": "config_files: 3\nengine: [1]\nload_plugins: {a: b}\nplugins: [1, null, {name: 3}]\n" },
    { plugins: [] },
  ],
])("a host with %s", async (_, files, expected) => {
  expect(await read(files)).toMatchObject(expected);
});

test.each<[string, string]>([
  [
    "an alias bomb",
    `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij"
      .split("")
      .map((key, at) => `${key}: &${key} [${`*${"abcdefghij"[at]},`.repeat(9)}x]`)
      .join("\n")}\n`,
  ],
  ["a file larger than any configuration", `# ${"x".repeat(1_100_000)}\n`],
  ["deep nesting", "[".repeat(100_000)],
  ["lists in lists", "- ".repeat(100_000)],
])("%s is passed over", async (_, text) => {
  expect(await read({ "falco.yaml": text })).toMatchObject({ files: [], plugins: [] });
});

test.each([
  ["a configuration", "falco.yaml", { files: [], warnings: ["$/falco.yaml was passed over (others may change it)"] }],
  ["a library", "plugins/libcontainer.so", { files: ["$/falco.yaml"], plugins: [], leftOut: [{ name: "container" }] }],
])("%s that every user may change is not taken", async (_, open, expected) => {
  expect(await read({ "falco.yaml": STOCK, ...LIBRARY }, (host) => chmodSync(join(host, open), 0o666))).toMatchObject(
    expected,
  );
});

test("a FIFO in place of a configuration is not waited for", async () => {
  const host = temporaryFolder();
  execFileSync("mkfifo", [join(host, "falco.yaml")]);
  const config = await readHostConfig({ configs: [join(host, "falco.yaml")], pluginFolders: [] });
  expect(config).toMatchObject({ files: [], plugins: [] });
});
