import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { readYaml } from "../../rules/yaml/read-yaml.ts";
import type { YamlNode } from "../../rules/yaml/yaml-node.ts";
import type { Matching } from "../match-rules.ts";
import type { RunInput } from "../runs/run.ts";
import type { Expectation, RuleTestCase } from "./rule-test.ts";

/** A file of rule tests. */
export interface RuleTests {
  /** Rule files, folders or one set:NAME, as written; empty where the file names none. */
  readonly rules: readonly string[];
  readonly matching: Matching;
  readonly cases: readonly RuleTestCase[];
}

const MAX_CASES = 1_000;
const MAX_CHARS = 4 * 1024 * 1024;

/**
 * The tests in a YAML text, inputs as written. Fails with RULE_TESTS_MALFORMED at the first thing that is not understood;
 * `where` tells file, line and column.
 */
export function readRuleTests(text: string, file: string): RuleTests {
  const fail = (message: string, node?: YamlNode): never => {
    const mark = node?.mark;
    throw new FalcoSkillsError("RULE_TESTS_MALFORMED", message, {
      fix: "Write it as docs/rule-tests.md shows.",
      where: mark === undefined ? file : `${file}:${mark.line + 1}:${mark.column + 1}`,
    });
  };
  if (text.length > MAX_CHARS) fail(`the file is longer than ${MAX_CHARS} characters`);
  const { documents, fault } = readYaml(text);
  if (fault !== undefined) fail(`no YAML: ${fault.message}`, { kind: "null", mark: fault.mark });
  const [root, second] = documents;
  if (root === undefined || second !== undefined) return fail("expected one YAML document", second);
  return new Reader(fail).tests(root);
}

type Fail = (message: string, node?: YamlNode) => never;

class Reader {
  readonly #fail: Fail;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  tests(root: YamlNode): RuleTests {
    const keys = this.#keys(root, ["rules", "matching", "cases"]);
    const matching = keys.matching === undefined ? "all" : this.#text(keys.matching, "matching");
    if (matching !== "all" && matching !== "first") this.#fail("matching is neither all nor first", keys.matching);
    if (keys.cases === undefined) return this.#fail('key "cases" is missing', root);
    const cases = this.#items(keys.cases, "cases");
    if (cases.length > MAX_CASES) this.#fail(`more than ${MAX_CASES} cases`, keys.cases);
    return {
      rules: keys.rules === undefined ? [] : this.#texts(keys.rules, "rules"),
      matching: matching as Matching,
      cases: cases.map((node, at) => this.#case(node, at)),
    };
  }

  #case(node: YamlNode, at: number): RuleTestCase {
    const keys = this.#keys(node, ["name", "capture", "events", "event_source", "must_hit", "must_not_hit"]);
    const mustHit = keys.must_hit === undefined ? [] : this.#expectations(keys.must_hit, "must_hit");
    const mustNotHit = keys.must_not_hit === undefined ? [] : this.#expectations(keys.must_not_hit, "must_not_hit");
    if (mustHit.length + mustNotHit.length === 0) this.#fail("the case expects nothing", node);
    const name = keys.name === undefined ? `case ${at + 1}` : this.#text(keys.name, "name");
    return { name, input: this.#input(node, keys), mustHit, mustNotHit };
  }

  #input(node: YamlNode, keys: Keys<"capture" | "events" | "event_source">): RunInput {
    const { capture, events, event_source: source } = keys;
    if (capture !== undefined && events === undefined && source === undefined) {
      return { kind: "capture", path: this.#text(capture, "capture") };
    }
    if (events === undefined || capture !== undefined) {
      return this.#fail("the case needs either capture, or events with event_source if need be", node);
    }
    const path = this.#text(events, "events");
    return { kind: "events", path, ...(source === undefined ? {} : { source: this.#text(source, "event_source") }) };
  }

  #expectations(node: YamlNode, key: string): Expectation[] {
    return this.#items(node, key).map((item) =>
      item.kind === "scalar" ? { rule: item.value } : this.#expectation(item, key),
    );
  }

  #expectation(node: YamlNode, key: string): Expectation {
    const keys = this.#keys(node, ["rule", "count", "at_least", "at_most", "fields"]);
    if (keys.rule === undefined) return this.#fail('key "rule" is missing', node);
    if (key === "must_not_hit" && (keys.count ?? keys.at_least ?? keys.at_most) !== undefined) {
      this.#fail("must_not_hit takes no count", node);
    }
    const [count, atLeast, atMost] = [
      this.#count(keys.count, "count"),
      this.#count(keys.at_least, "at_least"),
      this.#count(keys.at_most, "at_most"),
    ];
    return {
      rule: this.#text(keys.rule, "rule"),
      ...(count === undefined ? {} : { count }),
      ...(atLeast === undefined ? {} : { atLeast }),
      ...(atMost === undefined ? {} : { atMost }),
      ...(keys.fields === undefined ? {} : { fields: this.#fields(keys.fields) }),
    };
  }

  #fields(node: YamlNode): Record<string, string | null> {
    if (node.kind !== "map") return this.#fail("fields is no mapping", node);
    const entries = node.pairs.map(([name, value]): [string, string | null] => [
      this.#text(name, "the name of a field"),
      value.kind === "null" ? null : this.#text(value, "the value of a field"),
    ]);
    return Object.fromEntries(entries);
  }

  #count(node: YamlNode | undefined, key: string): number | undefined {
    if (node === undefined) return undefined;
    const text = this.#text(node, key);
    return /^\d{1,9}$/.test(text) ? Number(text) : this.#fail(`${key} is no whole number`, node);
  }

  #texts(node: YamlNode, key: string): string[] {
    return node.kind === "scalar" ? [node.value] : this.#items(node, key).map((item) => this.#text(item, key));
  }

  #text(node: YamlNode, key: string): string {
    return node.kind === "scalar" && node.value !== "" ? node.value : this.#fail(`${key} is no text`, node);
  }

  #items(node: YamlNode, key: string): readonly YamlNode[] {
    return node.kind === "sequence" ? node.items : this.#fail(`${key} is no list`, node);
  }

  #keys<Key extends string>(node: YamlNode, known: readonly Key[]): Keys<Key> {
    if (node.kind !== "map") return this.#fail(`expected a mapping with ${known.join(", ")}`, node);
    const found: Partial<Record<Key, YamlNode>> = {};
    for (const [name, value] of node.pairs) {
      const key = known.find((candidate) => name.kind === "scalar" && candidate === name.value);
      if (key === undefined) return this.#fail(`unknown key; known are ${known.join(", ")}`, name);
      if (found[key] !== undefined) this.#fail(`key ${JSON.stringify(key)} stands twice`, name);
      found[key] = value;
    }
    return found;
  }
}

type Keys<Key extends string> = Readonly<Partial<Record<Key, YamlNode>>>;
