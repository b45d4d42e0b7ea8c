import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkConfig } from "../../../src/falco/host/check-config.ts";
import { CONFIG_KEYS } from "../../../src/falco/host/config-keys.ts";
import { createConfigView, expandVariables, showOrigin } from "../../../src/falco/host/config-view.ts";
import { forensicConfig } from "../../../src/falco/host/forensic-config.ts";
import { blocksWith } from "../../../src/falco/host/mend.ts";
import {
  blocksOf,
  includesOf,
  type MergeStrategy,
  mergeBlocks,
  readConfigText,
  readOptions,
} from "../../../src/falco/host/merge-config.ts";

const rootOf = (text: string) => {
  const read = readConfigText(text);
  if (!read.ok) throw new Error(read.message);
  return read.root;
};

interface Merging {
  readonly added?: string;
  readonly strategy?: MergeStrategy;
  readonly options?: readonly string[];
  readonly environment?: ReadonlyMap<string, string>;
}

function viewOf(main: string, { added, strategy = "append", options = [], environment }: Merging = {}) {
  const blocks = blocksOf(rootOf(main), "main.yaml");
  if (added !== undefined) mergeBlocks(blocks, rootOf(added), "added.yaml", strategy);
  return createConfigView(blocks, readOptions(options), environment);
}

describe("merging as Falco merges", () => {
  const main = "a: 1\nlist: [x]\nblock:\n  one: 1\n  two: 2\n";
  const added = "a: 2\nlist: [y]\nblock:\n  one: 9\nnew: 3\n";
  test.each<[MergeStrategy, object]>([
    ["append", { a: "2", list: ["x", "y"], one: "9", two: undefined, fresh: "3" }],
    ["override", { a: "2", list: ["y"], one: "9", two: undefined, fresh: "3" }],
    ["add-only", { a: "1", list: ["x"], one: "1", two: "2", fresh: "3" }],
  ])("%s", (strategy, merged) => {
    const view = viewOf(main, { added, strategy });
    expect({
      a: view.text("a")?.text,
      list: view.texts("list").map(({ text }) => text),
      one: view.text("block.one")?.text,
      two: view.text("block.two")?.text,
      fresh: view.text("new")?.text,
    }).toEqual(merged);
  });

  test("of a repeated key the first counts, and config_files of an added file is left out", () => {
    expect(viewOf("a: 1\na: 2\n").text("a")?.text).toBe("1");
    expect(viewOf("a: 1\n", { added: "config_files: [x]\n" }).items("config_files")).toBeUndefined();
  });

  test.each([
    [
      "config_files: [a, b]",
      [
        ["a", "append"],
        ["b", "append"],
      ],
    ],
    ["config_files: a", [["a", "append"]]],
    [
      "config_files:\n  - path: a\n    strategy: override\n  - path: b\n    strategy: add-only",
      [
        ["a", "override"],
        ["b", "add-only"],
      ],
    ],
    ["config_files:\n  - path: a\n    strategy: odd", [["a", "append"]]],
    ["config_files:\n  - strategy: append", []],
  ])("%j", (text, includes) => {
    const node = blocksOf(rootOf(text), "x").get("config_files")?.node;
    expect(includesOf(node).map(({ path, strategy }) => [path, strategy])).toEqual(includes);
  });
});

describe("options of the command line win", () => {
  const text = "json_output: false\nwebserver:\n  enabled: false\nrules: []\nlist: [a]\n";
  test.each([
    [["json_output=true"], "json_output", "true"],
    [["json_output=true", "json_output=no"], "json_output", "no"],
    [["webserver.enabled=true"], "webserver.enabled", "true"],
    [["webserver={enabled: true, listen_port: 1}"], "webserver.listen_port", "1"],
    [["webserver={listen_port: 1}"], "webserver.enabled", undefined],
    [["webserver.listen_port=5"], "webserver.enabled", "false"],
    [["nonsense"], "json_output", "false"],
    [["list[0]=b"], "json_output", "false"],
  ])("%j sets %s", (options, path, value) => {
    expect(viewOf(text, { options }).text(path)?.text).toBe(value);
  });

  test("elements are added to lists, and the origin is the option", () => {
    const view = viewOf(text, { options: ["list[]=b", "json_output=true"] });
    expect(view.texts("list").map(({ text: item }) => item)).toEqual(["a", "b"]);
    expect(showOrigin(view.originOf("json_output")!)).toBe("-o json_output=true");
    expect(showOrigin(view.originOf("webserver.listen_port")!)).toBe("main.yaml:3");
    expect(view.originOf("metrics.enabled")).toBeUndefined();
  });
});

test.each([
  [`a \${X} b`, "a 1 b"],
  [`\${X}\${X}`, "11"],
  [`\${NONE}`, ""],
  [`$\${X}`, `\${X}`],
  ["$X", "$X"],
  [`\${X`, `\${X`],
])("%j with X=1 is %j", (text, expanded) => {
  expect(expandVariables(text, new Map([["X", "1"]]))).toBe(expanded);
});

test("a switch that hangs on an unknown variable is unknown, one that is no switch is Falco's default", () => {
  const view = viewOf(`a: \${X}\nb: maybe\nc: Yes\nd: [1]\ne:\n`);
  expect(["a", "b", "c", "d", "e"].map((path) => view.isOn(path, false))).toEqual([
    undefined,
    false,
    true,
    false,
    false,
  ]);
  expect(viewOf(`a: \${X}`, { environment: new Map([["X", "on"]]) }).isOn("a", false)).toBe(true);
});

describe("lines that mend", () => {
  test.each([
    ["a scalar", "json_output: false\n", [{ path: "json_output", value: true }], "json_output: true\n"],
    [
      "a block keeps its keys",
      "webserver:\n  listen_port: 1 # mine\n  enabled: no\n",
      [{ path: "webserver.enabled", value: true }],
      "webserver:\n  listen_port: 1\n  enabled: true\n",
    ],
    ["a block that is not there", "", [{ path: "webserver.enabled", value: true }], "webserver:\n  enabled: true\n"],
    [
      "two changes in one block",
      "",
      [
        { path: "b.x", value: 1 },
        { path: "b.y", value: "two words" },
      ],
      'b:\n  x: 1\n  y: "two words"\n',
    ],
    [
      "quotes stay quotes",
      "b:\n  x: \"true\"\n  y: 'a: b'\n  z: |\n    two\n    lines\n",
      [{ path: "b.w", value: 1 }],
      'b:\n  x: "true"\n  y: "a: b"\n  z: "two\\nlines\\n"\n  w: 1\n',
    ],
    [
      "lists and maps inside",
      "b:\n  l: [1, {p: q, r: [s]}, []]\n  m: {}\n  n:\n",
      [{ path: "b.w", value: 1 }],
      "b:\n  l:\n    - 1\n    - p: q\n      r:\n        - s\n    - []\n  m: {}\n  n: null\n  w: 1\n",
    ],
    [
      "a deeper block",
      "engine:\n  kind: kmod\n",
      [{ path: "engine.kind", value: "modern_ebpf" }],
      "engine:\n  kind: modern_ebpf\n",
    ],
    ["no block where one is needed", "b: text\n", [{ path: "b.x", value: 1 }], "b:\n  x: 1\n"],
  ])("%s", (_what, text, changes, lines) => {
    expect(blocksWith(viewOf(text), changes, true)).toBe(lines);
  });

  test("a list that grows: new elements alone where files are appended, all of them otherwise", () => {
    const changes = [{ path: "rules_files", value: ["/b"], adds: true as const }];
    expect(blocksWith(viewOf("rules_files: [/a]\n"), changes, true)).toBe("rules_files:\n  - /b\n");
    expect(blocksWith(viewOf("rules_files: [/a]\n"), changes, false)).toBe("rules_files:\n  - /a\n  - /b\n");
  });

  test("what is written is read again as the same", () => {
    const scalar = fc.string({ unit: "grapheme", maxLength: 12 });
    fc.assert(
      fc.property(scalar, fc.array(scalar, { maxLength: 4 }), (text, list) => {
        const yaml = blocksWith(
          viewOf(""),
          [
            { path: "b.t", value: text },
            { path: "b.l", value: list },
          ],
          true,
        )!;
        const view = viewOf(yaml, { environment: new Map() });
        // Variables would be expanded on the way.
        fc.pre(!yaml.includes("${"));
        expect(view.text("b.t")?.text).toBe(text);
        expect(view.texts("b.l").map((one) => one.text)).toEqual(list);
      }),
    );
  });

  test("a block that would fill the screen is not repeated", () => {
    expect(blocksWith(viewOf(`b:\n  x: ${"y".repeat(30_000)}\n`), [{ path: "b.z", value: 1 }], true)).toBeUndefined();
  });
});

describe("keys and values of a file", () => {
  const problems = (text: string, version?: string) =>
    checkConfig(text, version === undefined ? {} : { version })
      .findings.filter(({ code }) => code.startsWith("CONFIG_"))
      .map(({ code, message, where, fix }) => [code, message, where, fix]);

  test.each([
    [
      "json_ouput: true",
      [
        "CONFIG_UNKNOWN_KEY",
        'Falco knows no key "json_ouput"',
        "falco.yaml:1:1",
        expect.stringMatching(/^Write "json_output"(?!.*grpc)/),
      ],
    ],
    [
      "rule_files: [a]",
      [
        "CONFIG_UNKNOWN_KEY",
        'Falco knows no key "rule_files"',
        "falco.yaml:1:1",
        expect.stringContaining('"rules_files"'),
      ],
    ],
    [
      "webserver:\n  promtheus_metrics_enabled: true",
      [
        "CONFIG_UNKNOWN_KEY",
        'Falco knows no key "webserver.promtheus_metrics_enabled"',
        "falco.yaml:2:3",
        expect.stringContaining('"webserver.prometheus_metrics_enabled"'),
      ],
    ],
    [
      "listen_port: 1",
      [
        "CONFIG_UNKNOWN_KEY",
        'Falco knows no key "listen_port"',
        "falco.yaml:1:1",
        expect.stringContaining('"webserver.listen_port"'),
      ],
    ],
    [
      "json_output: true\njson_output: false",
      ["CONFIG_REPEATED_KEY", '"json_output" stands here again', "falco.yaml:2:1", expect.any(String)],
    ],
    [
      "json_output: maybe",
      ["CONFIG_WRONG_TYPE", '"json_output" is "maybe", not true or false', "falco.yaml:1:14", "Write true or false."],
    ],
    [
      "json_output: [true]",
      [
        "CONFIG_WRONG_TYPE",
        '"json_output" is a sequence, not true or false',
        "falco.yaml:1:14",
        "Write true or false.",
      ],
    ],
    [
      "webserver: on",
      ["CONFIG_WRONG_TYPE", '"webserver" is "on", not a block of keys', "falco.yaml:1:12", "Write a block of keys."],
    ],
    [
      "webserver:\n  listen_port: http",
      [
        "CONFIG_WRONG_TYPE",
        '"webserver.listen_port" is "http", not a whole number',
        "falco.yaml:2:16",
        "Write a whole number.",
      ],
    ],
    [
      "priority: warnin",
      [
        "CONFIG_WRONG_VALUE",
        expect.stringContaining('"priority" is "warnin", not one of emergency'),
        "falco.yaml:1:11",
        expect.stringContaining("Write warning"),
      ],
    ],
    [
      "engine:\n  kind: modern_bpf",
      [
        "CONFIG_WRONG_VALUE",
        expect.stringContaining('"modern_bpf"'),
        "falco.yaml:2:9",
        expect.stringContaining("modern_ebpf"),
      ],
    ],
    [
      "engine:\n  kind: ebpf",
      ["CONFIG_WRONG_VALUE", 'engine.kind "ebpf" is gone since Falco 0.44', "falco.yaml:2:9", "Write modern_ebpf."],
    ],
    [
      "metrics:\n  interval: 5000",
      ["CONFIG_WRONG_VALUE", expect.stringContaining("a time with its unit"), "falco.yaml:2:13", expect.any(String)],
    ],
    [
      "grpc_output:\n  enabled: true",
      ["CONFIG_KEY_GONE", '"grpc_output" is gone since Falco 0.44', "falco.yaml:1:1", "Use http_output instead."],
    ],
    [
      "file_output:\n  enabled: true",
      [
        "CONFIG_WRONG_VALUE",
        "file_output is on, and file_output.filename is empty",
        "falco.yaml:2",
        expect.any(String),
      ],
    ],
    [
      "metrics:\n  enabled: true\n  interval: 1h",
      ["CONFIG_WRONG_VALUE", expect.stringContaining("go nowhere"), "falco.yaml:2", expect.any(String)],
    ],
    ["a: [", ["CONFIG_MALFORMED", expect.any(String), "falco.yaml:1", expect.any(String)]],
    ["[", ["CONFIG_MALFORMED", "holds no value", "falco.yaml:1", expect.any(String)]],
    ["- a", ["CONFIG_MALFORMED", "is a sequence, not a map", "falco.yaml:1", expect.any(String)]],
  ])("%j", (text, problem) => {
    expect(problems(text)).toContainEqual(problem);
  });

  test.each([
    "priority: INFO\nrule_matching: All\nlog_level: Debug",
    "json_output: Yes\nbuffered_outputs: off",
    `json_output: \${JSON}\nengine:\n  kind: \${KIND}`,
    "syscall_event_drops:\n  threshold: .1\n  rate: 3e-2",
    "metrics:\n  interval: 1h30m\n",
    "plugins:\n  - name: x\n    library_path: y\n    init_config: {anything: 1}",
    "rules_files: one.yaml",
    "static_fields:\n  env: prod",
    "json_output:\n",
  ])("%j has no fault", (text) => {
    expect(problems(text)).toEqual([]);
  });

  test.each([
    ["capture:\n  enabled: true", "0.41.3", "CONFIG_KEY_NOT_YET"],
    ["capture:\n  max_file_size_mb: 1", "0.43.0", "CONFIG_KEY_NOT_YET"],
    ["grpc:\n  enabled: true", "0.43.0", undefined],
    ["engine:\n  kind: ebpf", "0.43.0", undefined],
    ["container_engines: {}", "0.41.0", "CONFIG_KEY_GONE"],
    ["capture:\n  enabled: true", "0.0.0-local", undefined],
  ])("%j for %s: %s", (text, version, code) => {
    expect(problems(text, version).map(([found]) => found)).toEqual(
      code === undefined ? [] : expect.arrayContaining([code]),
    );
  });

  test("whatever stands there, the check comes back, and soon", () => {
    const word = fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "-",
      "[",
      "]",
      "{",
      "}",
      "&x",
      "*x",
      "'",
      '"',
      "|",
      "json_output",
      `\${`,
      "#",
      "\t",
    );
    fc.assert(fc.property(fc.array(word, { maxLength: 40 }), (words) => void checkConfig(words.join(""))));
    for (const text of [
      "[".repeat(200_000),
      `${"a:\n ".repeat(3)}${"- ".repeat(100_000)}`,
      "x: &a [*a]\n",
      "k: 1\n".repeat(100_000),
      Array.from({ length: 50_000 }, (_, at) => `k${at}: 1`).join("\n"),
    ]) {
      expect(checkConfig(text).findings.length).toBeLessThan(300);
    }
  });
});

describe("a configuration for forensics", () => {
  const VERSIONS = [
    "0.34.1",
    "0.35.1",
    "0.36.2",
    "0.37.1",
    "0.38.2",
    "0.39.2",
    "0.40.0",
    "0.41.3",
    "0.42.1",
    "0.43.0",
    "0.44.0",
    "0.45.0",
  ];

  test.each(VERSIONS)("for %s nothing is missing, unknown or mistyped", (version) => {
    const left = checkConfig(forensicConfig({ version }), { version }).findings.map(({ code }) => code);
    // Before 0.37 the address could not be chosen.
    expect(left).toEqual(version < "0.37" ? ["HOST_WEBSERVER_OPEN"] : []);
  });

  test.each([
    ["capture:", "0.42.0"],
    ["max_file_size_mb:", "0.44.0"],
    ["listen_address:", "0.37.0"],
    ["prometheus_metrics_enabled:", "0.38.0"],
    ["outputs_queue:", "0.36.0"],
    ["metrics:", "0.35.0"],
    ["json_include_message_property:", "0.39.0"],
  ])("%s comes with %s", (key, version) => {
    const before = version.replace(/\d+(?=\.0$)/, (minor) => String(Number(minor) - 1));
    expect(forensicConfig({ version })).toContain(key);
    expect(forensicConfig({ version: before })).not.toContain(key);
  });

  test("alerts go to the webhook, to a file, or both", () => {
    expect(forensicConfig()).toContain('filename: "/var/log/falco/alerts.jsonl"');
    const posted = forensicConfig({ webhook: "http://127.0.0.1:2803/" });
    expect(posted).toContain('url: "http://127.0.0.1:2803/"');
    expect(posted).not.toContain("file_output");
    const both = forensicConfig({ webhook: "http://127.0.0.1:2803/", file: "/a b" });
    expect(both).toMatch(/http_output[\s\S]*file_output[\s\S]*"\/a b"/);
    expect(checkConfig(both).findings).toEqual([]);
  });

  test.each([
    [{ version: "latest" }],
    [{ version: "0.33.0" }],
    [{ version: "0.0.0-local" }],
    [{ webhook: "127.0.0.1:2803" }],
    [{ webhook: "http://x/\nfoo: bar" }],
    [{ file: "alerts.jsonl" }],
    [{ file: "/a\nb: c" }],
  ])("%j is refused", (options) => {
    const print = () => {
      const text = forensicConfig(options);
      if (/^foo:/m.test(text)) throw new Error("a line was forged");
    };
    if ("webhook" in options && options.webhook?.includes("\n")) expect(print).not.toThrow();
    else expect(print).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("every line is at most 120 columns wide", () => {
    expect(
      forensicConfig()
        .split("\n")
        .filter((line) => line.length > 120),
    ).toEqual([]);
  });
});

test("the table of keys names every block of a key", () => {
  const orphans = Object.keys(CONFIG_KEYS).filter((key) => {
    const parent = key.slice(0, Math.max(0, key.lastIndexOf(".")));
    return parent !== "" && CONFIG_KEYS[parent]?.type !== "map";
  });
  expect(orphans).toEqual([]);
});
