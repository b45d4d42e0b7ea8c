import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { falcoLoadResults } from "../../src/rules/falco-load-results.ts";
import { loadRules, type RuleDiagnostic, type RuleFile } from "../../src/rules/load-rules.ts";
import { file, ruleText } from "./rule-texts.ts";

function picture({ code, message, file: name, line, column, frame, within, fix }: RuleDiagnostic): string {
  return `\n${code}: ${message}\n${name}:${line}:${column}\n${frame}\nin ${within.join(", ")}\n${fix}`;
}

function pictures(...files: readonly RuleFile[]): string[] {
  return loadRules(files).diagnostics.map(picture);
}

describe("errors are shown where they are", () => {
  test("in a folded condition", () => {
    const text =
      "- rule: r\n  desc: d\n  condition: >\n    evt.type = open\n    and proc.nmae = x\n  output: o\n  priority: INFO\n";
    expect(pictures(file(text))).toEqual([
      `
LOAD_ERR_COMPILE_CONDITION: filter_check called with nonexistent field proc.nmae
a.yaml:5:9
 |     and proc.nmae = x
 |         ^^^^^^^^^
in rule "r"
Use the field proc.name, if that is what is meant by proc.nmae.`,
    ]);
  });

  test("in a macro, with the macro named, once for all rules that use it", () => {
    const macro = file("- macro: m\n  condition: evt.type = open and user.uid = abc\n", "m.yaml");
    const uses = file(ruleText({ condition: "m" }) + ruleText({ rule: "s", condition: "m and fd.num = 1" }), "r.yaml");
    expect(pictures(macro, uses)).toEqual([
      `
LOAD_ERR_COMPILE_CONDITION: abc is not a valid number
m.yaml:2:45
 |   condition: evt.type = open and user.uid = abc
 |                                             ^^^
in rule "r", macro "m"
Compare the field with a decimal number.`,
    ]);
  });

  test("in a list that was put into a condition", () => {
    const text = `- list: l\n  items:\n    - bash\n    - "a(b"\n${ruleText({ condition: "evt.type = open and proc.name in (l)" })}`;
    expect(pictures(file(text))).toEqual([
      `
LOAD_ERR_COMPILE_CONDITION: expected a ')' token
a.yaml:4:8
 |     - "a(b"
 |        ^^^
in rule "r"
Close the bracket, and put values with special characters in quotes.`,
    ]);
  });

  test("in what an override appended", () => {
    const text = `${ruleText()}- rule: r\n  condition: and proc.name == (x)\n  override:\n    condition: append\n`;
    expect(pictures(file(text))[0]).toContain(
      "a.yaml:7:31\n |   condition: and proc.name == (x)\n |                               ^",
    );
  });

  test("in an exception's values", () => {
    const exception = "[{name: e, fields: [user.uid], values: [[abc]]}]";
    expect(pictures(file(ruleText({ exceptions: exception })))[0]).toContain(
      'a.yaml:6:56\n |   exceptions: [{name: e, fields: [user.uid], values: [[abc]]}]\n |                                                        ^^^\nin rule "r"',
    );
  });

  test("at the very end of a condition", () => {
    expect(pictures(file(ruleText({ condition: "(evt.type = open" })))[0]).toContain(
      "a.yaml:3:30\n |   condition: (evt.type = open\n |                              ^",
    );
  });

  test("in an output", () => {
    expect(pictures(file(ruleText({ output: "a %proc.name and %nosuch.field" })))[0]).toContain(
      " |   output: a %proc.name and %nosuch.field\n |                            ^^\n",
    );
  });

  test("at an unknown key", () => {
    expect(pictures(file(ruleText({ priorty: "INFO" })))).toEqual([
      `
LOAD_UNKNOWN_KEY: Unknown key 'priorty'. The key will be ignored.
a.yaml:6:3
 |   priorty: INFO
 |   ^^^^^^^
in rule "r"
Use the key priority, if that is what is meant by priorty.`,
    ]);
  });
});

describe("one error does not hide the next", () => {
  test("items, conditions and outputs all have their turn", () => {
    const text = [
      ruleText({ rule: "bad priority", priority: "HIGH" }),
      ruleText({ rule: "bad condition", condition: "evt.type = opn and foo.bar = 1" }),
      ruleText({ rule: "bad output and condition", output: "50% off", condition: "evt.type = open and and" }),
      ruleText({ rule: "good" }),
    ].join("");
    const { ok, ruleSet, diagnostics } = loadRules([file(text)]);
    expect(ok).toBe(false);
    expect(ruleSet.rules.map(({ name }) => name)).toEqual(["good"]);
    expect(diagnostics.map(({ message, line }) => `${line} ${message}`)).toEqual([
      "5 Invalid priority",
      "8 unknown event type opn",
      "8 filter_check called with nonexistent field foo.bar",
      "13 Undefined macro 'and' used in filter.",
      "14 unknown filter: unexpected token after '",
    ]);
  });

  test.each([
    ["a bad priority", { priority: "HIGH" }, ["5 Invalid priority"]],
    ["no priority", { priority: undefined }, ["1 Item has no mapping for key 'priority'"]],
    ["a bad switch", { enabled: "maybe" }, ["6 Can't decode YAML scalar value"]],
  ])("a rule refused for %s also shows what is wrong with its condition and output", (_name, keys, refusal) => {
    const condition = "evt.type = opn and foo.bar = 1 and gone";
    const text = ruleText({ condition, output: "o %nothing.such", ...keys });
    const { ok, ruleSet, diagnostics } = loadRules([file(text), file(ruleText({ rule: "good" }), "b.yaml")]);
    expect(ok).toBe(false);
    expect(ruleSet.rules.map(({ name }) => name)).toEqual(["good"]);
    const told = diagnostics.map(({ message, line }) => `${line} ${message}`);
    expect(told.sort()).toEqual(
      ["3 Undefined macro 'gone' used in filter.", "4 unknown filter: unexpected token after '", ...refusal].sort(),
    );
  });

  test.each([
    ["of a source that is not there", { source: "nowhere" }],
    ["that adds to another", { append: "true", exceptions: "x" }],
    ["without condition and output", { condition: undefined, output: undefined }],
    ["that could be read in part only", { condition: "[a]", output: "{a: b}" }],
    ["whose faults only make warnings", { "skip-if-unknown-filter": "true", output: "o %foo.bar" }],
  ])("nothing more is told of a refused rule %s", (_name, keys) => {
    const text = ruleText({ rule: "refused", priority: "HIGH", condition: "foo.bar = 1", output: "o", ...keys });
    const errors = loadRules([file(text)]).diagnostics.filter(({ severity }) => severity === "error");
    expect(errors).toHaveLength(1);
  });

  test("Falco's view keeps to its first error", () => {
    const text = ruleText({ priority: "HIGH", condition: "gone" });
    const verdict = falcoLoadResults([file(text)]);
    expect(JSON.stringify(verdict)).toContain("Invalid priority");
    expect(JSON.stringify(verdict)).not.toContain("Undefined macro");
  });

  test("a macro that is there but broken is not called undefined", () => {
    const text = `- macro: m\n  condition: (a\n- macro: n\n  priority: x\n${ruleText({ condition: "m and n and o" })}`;
    expect(loadRules([file(text)]).diagnostics.map(({ message }) => message)).toEqual([
      "expected a ')' token",
      "Item has no mapping for key 'condition'",
      "Undefined macro 'o' used in filter.",
    ]);
  });

  test("nothing is called unused beside errors, and only the end of all files counts", () => {
    const macro = file("- macro: m\n  condition: evt.type = open\n", "m.yaml");
    expect(loadRules([macro]).diagnostics.map(({ code }) => code)).toEqual(["LOAD_UNUSED_MACRO"]);
    expect(loadRules([macro, file(ruleText({ condition: "m" }), "r.yaml")]).diagnostics).toEqual([]);
    expect(
      loadRules([macro, file(ruleText({ condition: "x" }), "r.yaml")]).diagnostics.map(({ code }) => code),
    ).toEqual(["LOAD_ERR_VALIDATE"]);
  });

  test("plugins that are missing and engines that are too old are errors at their place", () => {
    const text =
      "- required_engine_version: 0.99.0\n- required_plugin_versions:\n    - name: k8saudit\n      version: 0.7.0\n";
    expect(loadRules([file(text)]).diagnostics.map(({ code, line }) => `${line} ${code}`)).toEqual([
      "1 LOAD_ERR_VALIDATE",
      "3 RULES_PLUGIN_MISSING",
    ]);
  });

  test("what Falco never reads is named", () => {
    const [warning] = loadRules([
      file(`${ruleText()}---\n# nothing here\n---\n${ruleText({ rule: "lost" })}`),
    ]).diagnostics;
    expect(warning).toMatchObject({ code: "RULES_UNREAD", line: 8, severity: "warning" });
  });

  test("a condition over which Falco ends is an error", () => {
    const { ok, diagnostics } = loadRules([file(ruleText({ condition: "tolower(evt.type) = open" }))]);
    expect([ok, diagnostics[0]?.code]).toEqual([false, "RULES_FATAL"]);
  });
});

describe("the rule set", () => {
  const base = file(ruleText({ tags: "[b, a, b]" }), "base.yaml");
  const local = file(
    "- rule: r\n  condition: and proc.name = x\n  tags: [c]\n  override: {condition: append, tags: append}\n",
    "local.yaml",
  );

  test("holds a rule with all that the files did to it", () => {
    const [rule] = loadRules([base, local]).ruleSet.rules;
    expect(rule).toMatchObject({
      name: "r",
      source: "syscall",
      priority: "Informational",
      enabled: true,
      active: true,
      tags: ["a", "b", "c"],
      condition: "evt.type = open and proc.name = x",
      compiled: "(evt.type = open and proc.name = x)",
      output: "o %proc.name",
      events: ["asyncevent", "open"],
    });
    expect(rule?.compiledOutput).toMatch(/^o %proc\.name container_id=%container\.id .*k8s_ns_name=%k8s\.ns\.name$/);
    expect(rule?.history.map(({ action, keys, at }) => [action, keys.join(), `${at.file}:${at.line}`])).toEqual([
      ["define", "condition,output,desc,priority", "base.yaml:1"],
      ["append", "condition,tags", "local.yaml:1"],
    ]);
    const at = rule!.expandedCondition.indexOf("proc.name");
    expect(rule!.conditionOrigin(at)).toMatchObject({ file: "local.yaml", line: 2, column: 18 });
  });

  test("keeps the place of a rule that is defined again, and takes everything else anew", () => {
    const text =
      ruleText({ rule: "a", tags: "[t]" }) + ruleText({ rule: "b" }) + ruleText({ rule: "a", enabled: "false" });
    expect(loadRules([file(text)]).ruleSet.rules.map(({ name, tags, enabled }) => [name, tags, enabled])).toEqual([
      ["a", [], false],
      ["b", [], true],
    ]);
  });

  test("has lists of lists with one level put in", () => {
    const text = "- list: a\n  items: [x]\n- list: b\n  items: [a, y]\n- list: c\n  items: [b]\n";
    expect(loadRules([file(text)]).ruleSet.lists.map(({ expandedItems }) => expandedItems)).toEqual([
      ["x"],
      ["x", "y"],
      ["a", "y"],
    ]);
  });

  test("lets a list see what was defined before its last change", () => {
    const forward = "- list: a\n  items: [b]\n- list: b\n  items: [x]\n";
    const items = (text: string) => loadRules([file(text)]).ruleSet.lists[0]?.expandedItems;
    expect(items(forward)).toEqual(["b"]);
    expect(items(`${forward}- list: a\n  items: [c]\n  override: {items: append}\n`)).toEqual(["x", "c"]);
  });

  test("compares fields of exceptions with = where no operator is given", () => {
    const text = ruleText({ exceptions: "[{name: e, fields: [proc.name, fd.name], values: [[a, b], [c, d]]}]" });
    expect(loadRules([file(text)]).ruleSet.rules[0]?.compiled).toBe(
      "(evt.type = open and not ((proc.name = a and fd.name = b) or (proc.name = c and fd.name = d)))",
    );
  });

  test.each([
    [[], {}, [true, true, false]],
    [
      [
        { action: "disable", rule: "*" },
        { action: "enable", rule: "read*" },
      ],
      {},
      [true, false, false],
    ],
    [[{ action: "enable", tag: "x" }], {}, [true, true, true]],
    [[{ action: "enable", rule: "*" }], { minimumPriority: "Warning" }, [false, true, false]],
  ] as const)("what runs under %j with %j", (selection, others, expected) => {
    const text = [
      ruleText({ rule: "read it" }),
      ruleText({ rule: "write it", priority: "ERROR" }),
      ruleText({ rule: "third", enabled: "false", tags: "[x]" }),
    ].join("");
    const { rules } = loadRules([file(text)], { selection, ...others }).ruleSet;
    expect(rules.map(({ active }) => active)).toEqual(expected);
  });

  test("the digest is about meaning, the file's hash about bytes", () => {
    const one = loadRules([file(`${ruleText()}# a comment\n`)]).ruleSet;
    const two = loadRules([
      file(ruleText({ desc: "e" }).replace("evt.type = open", '"evt.type   = open"'), "b.yaml"),
    ]).ruleSet;
    const three = loadRules([file(ruleText({ priority: "ERROR" }))]).ruleSet;
    expect(two.digest).toBe(one.digest);
    expect(three.digest).not.toBe(one.digest);
    expect(one.files[0]?.sha256).not.toBe(two.files[0]?.sha256);
    expect(one.files[0]).toMatchObject({ name: "a.yaml", bytes: ruleText().length + 12 });
  });
});

const piece = fc.oneof(
  fc.constantFrom(
    ruleText(),
    ruleText({ rule: "s", condition: "m and proc.name in (l)" }),
    "- macro: m\n  condition: evt.type = open\n",
    "- macro: m\n  condition: m or x\n",
    "- list: l\n  items: [a, 'b c', l]\n",
    "- list: l\n  items: [x]\n  override: {items: append}\n",
    "- rule: r\n  condition: or evt.type = close\n  override: {condition: append}\n",
    "- rule: r\n  enabled: false\n",
    ruleText({ exceptions: "[{name: e, fields: proc.name, values: [a, 'b)']}]" }),
    "---\n",
    "- required_engine_version: 0.60.0\n",
  ),
  fc.string({ unit: fc.constantFrom(..."-: abm[]{}\n'\"&*%".split("")), maxLength: 12 }),
);

test("whatever the files hold, both views agree on whether Falco would start", () => {
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 6 }), { maxLength: 3 }), (contents) => {
      const files = contents.map((pieces, index) => file(pieces.join(""), `${index}.yaml`));
      const { results } = falcoLoadResults(files);
      const { ok, diagnostics } = loadRules(files);
      expect(ok).toBe(results?.every(({ successful }) => successful) ?? false);
      for (const { span, file: name } of diagnostics) {
        expect(span.end).toBeLessThanOrEqual((files.find((each) => each.name === name)?.text.length ?? 0) + 1);
      }
    }),
    { numRuns: 400 },
  );
});

describe("hostile files", () => {
  test("macros that double each other are refused", () => {
    const macros = Array.from({ length: 60 }, (_, n) => `- macro: m${n + 1}\n  condition: m${n} and m${n}\n`).join("");
    const { ok } = loadRules([
      file(`- macro: m0\n  condition: evt.type = open\n${macros}${ruleText({ condition: "m60" })}`),
    ]);
    expect(ok).toBe(false);
  });

  test("lists that double each other are refused", () => {
    const lists = Array.from({ length: 60 }, (_, n) => `- list: l${n}\n  items: [l${n + 1}, l${n + 1}]\n`).join("");
    const condition = "evt.type = open and proc.name in (l0)";
    const { diagnostics } = loadRules([file(`${lists}${ruleText({ condition })}`)]);
    expect(diagnostics[0]?.code).toBe("RULES_TOO_LARGE");
  });

  test("rules that all use one big macro are refused before they fill the memory", () => {
    const macros = Array.from({ length: 14 }, (_, n) => `- macro: m${n + 1}\n  condition: m${n} and m${n}\n`).join("");
    const rules = Array.from({ length: 200 }, (_, n) =>
      ruleText({ rule: `r${n}`, condition: `m14 and fd.num = ${n}` }),
    ).join("");
    const { diagnostics, ruleSet } = loadRules([file(`- macro: m0\n  condition: evt.type = open\n${macros}${rules}`)]);
    expect(diagnostics[0]?.code).toBe("RULES_TOO_LARGE");
    expect(ruleSet.rules.length).toBeLessThan(100);
  });

  test("an exception whose values hold themselves is refused", () => {
    const text = ruleText({ exceptions: "[{name: e, fields: [proc.name], values: &v [*v]}]" });
    expect(loadRules([file(text)]).diagnostics[0]?.code).toBe("RULES_YAML_LIMIT");
  });

  test("a file beyond the limit is not read", () => {
    expect(loadRules([file(" ".repeat(16_000_001))]).diagnostics[0]?.code).toBe("RULES_TOO_LARGE");
  });

  test("thousands of errors in one file are all shown", () => {
    const text = Array.from({ length: 2_000 }, (_, n) =>
      ruleText({ rule: `r${n}`, condition: `foo.bar${n} = 1` }),
    ).join("");
    expect(loadRules([file(text)]).diagnostics).toHaveLength(2_000);
  });
});
