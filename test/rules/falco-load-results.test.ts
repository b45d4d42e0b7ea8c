import { describe, expect, test } from "vitest";
import { falcoLoadResults } from "../../src/rules/falco-load-results.ts";
import type { RuleFile } from "../../src/rules/load-rules.ts";
import { file, ruleText } from "./rule-texts.ts";

/** Per file: its error as "CODE message", else "ok", and the codes of its warnings. */
function verdicts(files: readonly RuleFile[], options = {}): string[] {
  const { results, fatal } = falcoLoadResults(files, options);
  if (results === undefined) return [`fatal ${fatal}`];
  return results.map(({ errors, warnings }) => {
    const [error] = errors;
    expect(errors.length).toBeLessThanOrEqual(1);
    const verdict = error === undefined ? "ok" : `${error.code} ${error.message}`;
    return [verdict, ...warnings.map(({ code }) => code)].join(" | ");
  });
}

const R = ruleText();
const MACRO = "- macro: m\n  condition: evt.type = open\n";
const LIST = "- list: l\n  items: [a]\n";

describe("items", () => {
  test.each([
    ["nothing", "", "ok"],
    ["a rule", R, "ok"],
    ["text", "hello", "LOAD_ERR_YAML_VALIDATE Rules content is not yaml"],
    ["a map", "rule: x", "LOAD_ERR_YAML_VALIDATE Rules content is not yaml array of objects"],
    [
      "an element that is no map",
      "- x",
      "LOAD_ERR_YAML_VALIDATE Unexpected element type. Each element should be a yaml associative array.",
    ],
    ["an unknown item", "- x: y\n", "ok | LOAD_UNKNOWN_ITEM"],
    ["an unknown key", ruleText({ colour: "red" }), "ok | LOAD_UNKNOWN_KEY"],
    ["a key as collection", "- {a: b}: c\n", "LOAD_ERR_YAML_PARSE yaml-cpp: error at line 1, column 3: bad conversion"],
    ["a missing key", ruleText({ output: undefined }), "LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'output'"],
    ["an empty key", ruleText({ output: "" }), "LOAD_ERR_YAML_VALIDATE Mapping for key 'output' is empty"],
    ["an empty text", ruleText({ output: "''" }), "LOAD_ERR_YAML_VALIDATE Value must be non-empty"],
    ["a list for a text", ruleText({ desc: "[a]" }), "LOAD_ERR_YAML_VALIDATE Value is not a scalar value"],
    ["a word for a switch", ruleText({ enabled: "maybe" }), "LOAD_ERR_YAML_VALIDATE Can't decode YAML scalar value"],
    ["a switch in words", ruleText({ enabled: "off" }), "ok"],
    ["a number for a switch", ruleText({ enabled: "1" }), "LOAD_ERR_YAML_VALIDATE Can't decode YAML scalar value"],
    ["a duration", ruleText({ capture_duration: "0x10" }), "ok"],
    [
      "a negative duration",
      ruleText({ capture_duration: "-1" }),
      "LOAD_ERR_YAML_VALIDATE Can't decode YAML scalar value",
    ],
    ["a priority in any case", ruleText({ priority: "inFormational" }), "ok"],
    ["a word that is no priority", ruleText({ priority: "HIGH" }), "LOAD_ERR_YAML_VALIDATE Invalid priority"],
    ["tags that are no list", ruleText({ tags: "a" }), "LOAD_ERR_YAML_VALIDATE Value is not a sequence"],
    ["tags in lists", ruleText({ tags: "[[a]]" }), "LOAD_ERR_YAML_VALIDATE sequence value is not scalar"],
    ["a source that is not loaded", ruleText({ source: "k8s_audit" }), "ok | LOAD_UNKNOWN_SOURCE"],
    ["an unused macro", MACRO, "ok | LOAD_UNUSED_MACRO"],
    ["an unused list", LIST, "ok | LOAD_UNUSED_LIST"],
    [
      "an odd macro name",
      `- macro: m-n\n  condition: evt.type = open\n`,
      "ok | LOAD_INVALID_MACRO_NAME | LOAD_UNUSED_MACRO",
    ],
    ["an odd list name", `- list: "a b"\n  items: [x]\n`, "ok | LOAD_INVALID_LIST_NAME | LOAD_UNUSED_LIST"],
    ["every event type", ruleText({ condition: "proc.name = x" }), "ok | LOAD_NO_EVTTYPE"],
    ["every event type, on purpose", ruleText({ condition: "proc.name = x", warn_evttypes: "false" }), "ok"],
    ["an engine that is there", "- required_engine_version: 0.57.0\n", "ok"],
    ["an engine as number", "- required_engine_version: 26\n", "ok"],
    [
      "an engine that is not there",
      "- required_engine_version: 99\n",
      "LOAD_ERR_VALIDATE Rules require engine version 0.99.0, but engine version is 0.63.0",
    ],
    [
      "an engine that is no version",
      "- required_engine_version: '0.26'\n",
      "LOAD_ERR_YAML_VALIDATE Unable to parse engine version '0.26' as a semver string. Expected \"x.y.z\" semver format.",
    ],
  ])("%s", (_name, text, expected) => {
    expect(verdicts([file(text)])).toEqual([expected]);
  });
});

describe("appends and overrides", () => {
  const over = (text: string): string => `${R}- rule: r\n${text}`;
  test.each([
    ["append", over("  condition: and proc.name = x\n  override:\n    condition: append\n"), "ok"],
    ["append behind or", over("  condition: or evt.type = close\n  override: {condition: append}\n"), "ok"],
    ["replace", over("  priority: ERROR\n  override: {priority: replace}\n"), "ok"],
    ["the old append", over("  condition: and proc.name = x\n  append: true\n"), "ok | LOAD_DEPRECATED_ITEM"],
    ["the old switch", over("  enabled: false\n"), "ok | LOAD_DEPRECATED_ITEM"],
    ["another source where it does not count", over("  source: x\n  desc: y\n  override: {desc: append}\n"), "ok"],
    [
      "both at once",
      over("  condition: x\n  append: true\n  override: {condition: append}\n"),
      "LOAD_ERR_YAML_VALIDATE Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead. | LOAD_DEPRECATED_ITEM",
    ],
    [
      "a key that cannot grow",
      over("  priority: ERROR\n  override: {priority: append}\n"),
      "LOAD_ERR_YAML_VALIDATE Key 'priority' cannot be appended to, use 'replace' instead",
    ],
    [
      "a key that cannot change",
      over("  source: syscall\n  override: {source: replace}\n"),
      "LOAD_ERR_YAML_VALIDATE Key 'source' cannot be replaced",
    ],
    [
      "an operation that is none",
      over("  desc: x\n  override: {desc: merge}\n"),
      "LOAD_ERR_YAML_VALIDATE Invalid override operation for key 'desc': 'merge'. Allowed values are: append replace ",
    ],
    [
      "a key that is not there",
      over("  override: {desc: append}\n"),
      "LOAD_ERR_YAML_VALIDATE An append override for 'desc' was specified but 'desc' is not defined",
    ],
    [
      "a key that is not named",
      over("  desc: x\n  output: y\n  override: {desc: append}\n"),
      "LOAD_ERR_YAML_VALIDATE Unexpected key 'output': no corresponding entry under 'override' is defined.",
    ],
    [
      "a list of keys",
      over("  desc: x\n  override: [desc]\n"),
      "LOAD_ERR_VALIDATE invalid node; this may result from using a map iterator as a sequence iterator, or vice-versa",
    ],
    [
      "an empty override asks for a definition",
      over("  desc: x\n  override: {}\n"),
      "LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'condition'",
    ],
    [
      "an append to nothing",
      "- rule: x\n  desc: y\n  override: {desc: append}\n",
      "LOAD_ERR_VALIDATE Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists",
    ],
    [
      "a replacement of nothing",
      "- rule: x\n  desc: y\n  override: {desc: replace}\n",
      "LOAD_ERR_VALIDATE An 'override.<key>: replace' to a rule was requested but no rule by that name already exists",
    ],
    [
      "a switch for nothing",
      "- rule: x\n  enabled: true\n",
      "LOAD_ERR_VALIDATE Rule has 'enabled' key but no rule by that name already exists | LOAD_DEPRECATED_ITEM",
    ],
    [
      "a macro that is not there",
      "- macro: m\n  condition: or x\n  override: {condition: append}\n",
      "LOAD_ERR_VALIDATE Macro uses 'append' or 'override.condition: append' but no macro by that name already exists",
    ],
    [
      "a list that is not there",
      "- list: l\n  items: [x]\n  append: true\n",
      "LOAD_ERR_VALIDATE List uses 'append' or 'override.items: append' but no list by that name already exists | LOAD_DEPRECATED_ITEM",
    ],
    [
      "a macro replaced that is not there",
      "- macro: m\n  condition: evt.type=open\n  override: {condition: replace}\n",
      "ok | LOAD_UNUSED_MACRO",
    ],
    [
      "another source",
      `${R}${ruleText({ source: "other" })}`,
      "LOAD_ERR_VALIDATE Rule has been re-defined with a different source",
    ],
  ])("%s", (_name, text, expected) => {
    expect(verdicts([file(text)])).toEqual([expected]);
  });
});

describe("exceptions", () => {
  const with_ = (exception: string): string => ruleText({ exceptions: `[${exception}]` });
  test.each([
    ["tuples", with_("{name: e, fields: [proc.name, fd.name], values: [[a, /b], [c, /d]]}"), "ok"],
    ["one field", with_("{name: e, fields: proc.name, values: [a, b]}"), "ok"],
    ["no values", with_("{name: e, fields: proc.name}"), "ok"],
    ["a modifier", with_("{name: e, fields: proc.name, comps: startswith oneof, values: [a]}"), "ok"],
    ["transformers", with_("{name: e, fields: ['tolower(proc.name)'], values: [[a]]}"), "ok"],
    ["no name", with_("{fields: proc.name}"), "LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'name'"],
    ["no fields", with_("{name: e, values: [a]}"), "LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'fields'"],
    [
      "empty fields",
      with_("{name: e, fields: [], values: []}"),
      "LOAD_ERR_VALIDATE Rule exception item must have fields property with a list of fields",
    ],
    ["a word", with_("e"), "LOAD_ERR_YAML_VALIDATE Rule exception must be a mapping"],
    ["no list at all", ruleText({ exceptions: "e" }), "LOAD_ERR_YAML_VALIDATE Rule exceptions must be a sequence"],
    [
      "an unknown field",
      with_("{name: e, fields: [foo.bar], values: [[a]]}"),
      "LOAD_ERR_VALIDATE 'foo.bar' is not a supported filter field",
    ],
    [
      "an unknown field in a transformer",
      with_("{name: e, fields: ['tolower(foo.bar)'], values: [[a]]}"),
      "LOAD_ERR_VALIDATE 'tolower(foo.bar)' is not a supported filter field",
    ],
    [
      "an unknown operator",
      with_("{name: e, fields: [proc.name], comps: [eq], values: [[a]]}"),
      "LOAD_ERR_VALIDATE 'eq' is not a supported comparison operator",
    ],
    [
      "an operator for one field",
      with_("{name: e, fields: proc.name, comps: '=', values: [a]}"),
      "LOAD_ERR_VALIDATE When fields is a single value, comps must be one of (in, pmatch, intersects) or a modifier operator (e.g. startswith oneof)",
    ],
    [
      "too few operators",
      with_("{name: e, fields: [proc.name, fd.name], comps: [=], values: [[a, b]]}"),
      "LOAD_ERR_VALIDATE Fields and comps lists must have equal length",
    ],
    [
      "too few values",
      with_("{name: e, fields: [proc.name, fd.name], values: [[a]]}"),
      "LOAD_ERR_VALIDATE Fields and values lists must have equal length",
    ],
    [
      "tuples for one field",
      with_("{name: e, fields: proc.name, values: [[a]]}"),
      "LOAD_ERR_VALIDATE Expected values array to contain a list of strings",
    ],
    [
      "a name twice",
      with_("{name: e, fields: proc.name}, {name: e, fields: proc.name}"),
      "ok | LOAD_EXCEPTION_NAME_NOT_UNIQUE",
    ],
    [
      "a value that breaks the condition",
      with_("{name: e, fields: proc.name, values: ['a)']}"),
      "LOAD_ERR_COMPILE_CONDITION unexpected token after ')', expecting 'or', 'and'",
    ],
  ])("%s", (_name, text, expected) => {
    expect(verdicts([file(text)])).toEqual([expected]);
  });
});

describe("macros, lists and order", () => {
  test.each([
    [
      "a macro from a later macro",
      `- macro: a\n  condition: b\n- macro: b\n  condition: evt.type=open\n${ruleText({ condition: "a" })}`,
      "LOAD_ERR_VALIDATE Undefined macro 'b' used in filter.",
    ],
    ["a macro defined below the rule", `${ruleText({ condition: "m" })}${MACRO}`, "ok"],
    [
      "a loop",
      "- macro: a\n  condition: evt.type=open\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n",
      "LOAD_ERR_VALIDATE reference loop in macro 'b'",
    ],
    ["an unknown list is a text", ruleText({ condition: "evt.type = open and proc.name in (nosuch_list)" }), "ok"],
    ["a fault in a macro nobody uses", "- macro: m\n  condition: foo.bar = 1\n", "ok | LOAD_UNUSED_MACRO"],
    [
      "an unknown field",
      ruleText({ condition: "evt.type=open and foo.bar=1" }),
      "LOAD_ERR_COMPILE_CONDITION filter_check called with nonexistent field foo.bar",
    ],
    [
      "an unknown field that may be unknown",
      ruleText({ condition: "evt.type=open and foo.bar=1", "skip-if-unknown-filter": "true" }),
      "ok | LOAD_UNKNOWN_FILTER",
    ],
    [
      "an output that cannot be",
      ruleText({ output: "50% off" }),
      "LOAD_ERR_COMPILE_OUTPUT unknown filter: unexpected token after '",
    ],
    ["a deprecated field", ruleText({ condition: "evt.type=open and evt.dir=<" }), "ok | LOAD_DEPRECATED_ITEM"],
  ])("%s", (_name, text, expected) => {
    expect(verdicts([file(text)])).toEqual([expected]);
  });

  test("every prefix of the files must load, and a later file mends nothing", () => {
    const uses = file(ruleText({ condition: "m" }), "uses.yaml");
    const defines = file(MACRO, "defines.yaml");
    expect(verdicts([uses, defines])).toEqual(["LOAD_ERR_VALIDATE Undefined macro 'm' used in filter.", "ok"]);
    expect(verdicts([defines, uses])).toEqual(["ok | LOAD_UNUSED_MACRO", "ok"]);
  });

  test("what a file defined before its error stays", () => {
    const broken = file(`${MACRO}- macro: m2\n`, "broken.yaml");
    expect(verdicts([broken, file(ruleText({ condition: "m" }), "b.yaml")])).toEqual([
      "LOAD_ERR_YAML_VALIDATE Item has no mapping for key 'condition'",
      "ok",
    ]);
  });
});

describe("plugins and engines", () => {
  const needs = (version: string, others = ""): string =>
    `- required_plugin_versions:\n  - name: k8saudit\n    version: ${version}\n${others}`;
  const k8saudit = { name: "k8saudit", version: "0.11.0", sources: ["k8s_audit"] };

  test.each([
    { version: "0.11.0", plugins: [k8saudit], expected: "ok" },
    { version: "0.7.0", plugins: [k8saudit], expected: "ok" },
    {
      version: "0.12.0",
      plugins: [k8saudit],
      expected:
        "fatal Error: Plugin 'k8saudit' version '0.11.0' is not compatible with required plugin version '0.12.0'",
    },
    {
      version: "0.7.0",
      plugins: [],
      expected: "fatal Error: Plugin requirement not satisfied, must load one of: k8saudit (>= 0.7.0)",
    },
    { version: "x", plugins: [], expected: "LOAD_ERR_VALIDATE Invalid required version 'x' for plugin 'k8saudit'" },
  ])("k8saudit $version with $plugins", ({ version, plugins, expected }) => {
    expect(verdicts([file(needs(version))], { plugins })).toEqual([expected]);
  });

  test("an alternative that is loaded will do", () => {
    const text = needs("9.0.0", "    alternatives: [{name: other, version: 1.0.0}]\n");
    expect(verdicts([file(text)], { plugins: [{ name: "other", version: "1.2.0", sources: [] }] })).toEqual(["ok"]);
  });

  test("a loaded plugin gives its source", () => {
    const text = ruleText({ source: "k8s_audit", condition: "ka.verb = get", output: "o %ka.verb" });
    expect(verdicts([file(text)], { plugins: [k8saudit] })).toEqual(["ok"]);
  });

  test.each([
    ["0.57.0", "LOAD_ERR_COMPILE_CONDITION"],
    ["0.62.0", "ok"],
  ])("modifiers on engine %s", (engineVersion, expected) => {
    const text = ruleText({ condition: "evt.type = open and proc.name startswith oneof (a, b)" });
    expect(verdicts([file(text)], { engineVersion })[0]).toMatch(new RegExp(`^${expected}`));
  });

  test.each(["1.0.0", "0.20.0", "0.64.0", "new"])("engine %s is not known", (engineVersion) => {
    expect(() => falcoLoadResults([], { engineVersion })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  test("Falco ends over transformers round evt.type", () => {
    expect(verdicts([file(ruleText({ condition: "tolower(evt.type) = open" }))])).toEqual([
      "fatal Runtime error: event code search does not support `evt.type` checks with transformers. Exiting.",
    ]);
  });
});

test("a finding has Falco's places, counted in its way, and its snippet", () => {
  const text = `- rule: é\n  desc: d\n  condition: >\n    evt.type = open\n    and proc.nmae = x\n  output: o\n  priority: INFO\n`;
  expect(falcoLoadResults([file(text)]).results?.[0]?.errors).toEqual([
    {
      code: "LOAD_ERR_COMPILE_CONDITION",
      codedesc: "Error compiling condition",
      message: "filter_check called with nonexistent field proc.nmae",
      context: {
        locations: [
          { item_type: "rules content", item_name: "", position: { name: "a.yaml", line: 0, column: 0, offset: 0 } },
          { item_type: "rule", item_name: "é", position: { name: "a.yaml", line: 0, column: 2, offset: 2 } },
          { item_type: "rule condition", item_name: "", position: { name: "a.yaml", line: 2, column: 13, offset: 34 } },
          {
            item_type: "condition expression",
            item_name: "",
            position: { name: '"evt.type = open a..."', line: 3, column: 34, offset: 54 },
          },
        ],
        snippet: "evt.type = open and proc.nmae = x\n                                ^\n",
      },
    },
  ]);
});

test("columns and offsets count bytes", () => {
  const text = "- {rule: é, desc: d, condition: evt.type=open, output: o, priority: HIGH}\n";
  const [error] = falcoLoadResults([file(text)]).results?.[0]?.errors ?? [];
  expect(error?.context.locations.at(-1)?.position).toEqual({ name: "a.yaml", line: 0, column: 69, offset: 69 });
});
