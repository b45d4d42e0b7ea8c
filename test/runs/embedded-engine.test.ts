import { join } from "node:path";
import { expect, test } from "vitest";
import type { StoredRuleSet } from "../../src/rules/library/rule-library.ts";
import { loadRules } from "../../src/rules/load-rules.ts";
import { embeddedEngine } from "../../src/runs/embedded-engine.ts";

const CAPTURE = join(import.meta.dirname, "../fixtures/captures/web-intrusion.scap");

const rule = (name: string, condition: string, source = "syscall"): string =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n  source: ${source}\n`;
const EXECUTED = rule("executed", "evt.type = execve");
const BROKEN_AUDIT = rule("audited", "no_such_macro", "k8s_audit");
const NEEDS_AUDIT = "- required_plugin_versions: [{name: k8saudit, version: 0.7.0}]\n";

function setOf(text: string): StoredRuleSet {
  const files = [{ name: "rules.yaml", text }];
  const { ok, ruleSet, diagnostics } = loadRules(files);
  return { name: "mine", digest: "", loadedAtMs: 0, origin: [], options: {}, ok, ruleSet, diagnostics, files };
}

async function rulesOf(text: string) {
  const rules = new Set<string>();
  const take = (line: string): void => {
    rules.add((JSON.parse(line) as { rule: string }).rule);
  };
  const engine = embeddedEngine("0.63.0", "host");
  await engine.replay(setOf(text), { kind: "capture", path: CAPTURE }, take, { matching: "all" });
  return [...rules];
}

test.each([
  ["rules of its own source alone", EXECUTED],
  ["a rule of a plugin source that cannot be compiled, as Falco does", EXECUTED + BROKEN_AUDIT],
  ["a plugin that is asked for and not needed", NEEDS_AUDIT + EXECUTED],
])("a capture runs with %s", async (_, text) => {
  expect(await rulesOf(text)).toEqual(["executed"]);
});

test.each([
  ["a rule of the capture's source", EXECUTED + rule("broken", "no_such_macro")],
  ["a plugin's rule, where Falco would ask for the plugin", NEEDS_AUDIT + EXECUTED + BROKEN_AUDIT],
])("a capture does not run with a mistake in %s", async (_, text) => {
  await expect(rulesOf(text)).rejects.toMatchObject({ code: "REPLAY_RULES_BROKEN" });
});
