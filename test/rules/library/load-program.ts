import { openRuleLibrary } from "../../../src/rules/library/open-rule-library.ts";

/** Loads a rule set of its own under a shared name, ten times: one of several processes of a test. */
const [folder = "", name = ""] = process.argv.slice(2);
let count = 0;
const library = openRuleLibrary({
  folder,
  nowMs: () => Date.now(),
  newId() {
    count += 1;
    return `${name}${count}`;
  },
});
const text = `- rule: ${name}\n  desc: d\n  condition: evt.type=open\n  output: x\n  priority: INFO\n`;
for (let turn = 0; turn < 10; turn += 1) {
  await library.load("shared", [{ name: "r.yaml", text }]);
  await library.get("shared");
}
