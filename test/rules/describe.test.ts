import { expect, test } from "vitest";
import { falcoLoadResults } from "../../src/rules/falco-load-results.ts";
import { file, ruleText } from "./rule-texts.ts";

const TEXT = `
- required_engine_version: 0.57.0
- required_plugin_versions:
    - {name: container, version: 0.4.0, alternatives: [{name: other, version: 1.0.0}]}
- list: shells
  items: [bash, sh]
- list: all
  items: [shells, "a b"]
- macro: spawned
  condition: (evt.type in (execve, execveat))
${ruleText({
  condition: "spawned and proc.name in (all) and container.id != host",
  exceptions: "[{name: e, fields: [proc.pname, fd.name], comps: [=, startswith], values: [[x, /y]]}]",
  tags: "[b, a]",
})}`;

test("a rule set is described as falco -L does", () => {
  const { describe: description } = falcoLoadResults([file(TEXT)]);
  const appended = [
    "container_id=%container.id container_name=%container.name",
    "container_image_repository=%container.image.repository container_image_tag=%container.image.tag",
    "k8s_pod_name=%k8s.pod.name k8s_ns_name=%k8s.ns.name",
  ].join(" ");
  expect(description?.()).toEqual({
    required_engine_version: "0.57.0",
    required_plugin_versions: [
      { name: "container", version: "0.4.0", alternatives: [{ name: "other", version: "1.0.0" }] },
    ],
    rules: [
      {
        info: {
          name: "r",
          condition: "spawned and proc.name in (all) and container.id != host",
          priority: "Informational",
          output: "o %proc.name",
          description: "d",
          enabled: true,
          source: "syscall",
          capture: false,
          capture_duration: 0,
          tags: ["a", "b"],
        },
        details: {
          macros: ["spawned"],
          lists: ["all"],
          condition_operators: ["!=", "=", "in", "startswith"],
          condition_fields: ["container.id", "evt.type", "fd.name", "proc.name", "proc.pname"],
          output_fields: [
            "proc.name",
            "container.id",
            "container.name",
            "container.image.repository",
            "container.image.tag",
            "k8s.pod.name",
            "k8s.ns.name",
          ],
          exception_fields: ["fd.name", "proc.pname"],
          exception_names: ["e"],
          exception_operators: ["=", "startswith"],
          events: ["asyncevent", "execve", "execveat"],
          condition_compiled:
            '((evt.type in (execve, execveat) and proc.name in (bash, sh, "a b") and container.id != host) and not (proc.pname = x and fd.name startswith /y))',
          output_compiled: `o %proc.name ${appended}`,
          plugins: ["container"],
        },
      },
    ],
    macros: [
      {
        info: { name: "spawned", condition: "(evt.type in (execve, execveat))" },
        details: {
          macros: [],
          lists: [],
          condition_operators: ["in"],
          condition_fields: ["evt.type"],
          events: ["asyncevent", "execve", "execveat"],
          condition_compiled: "evt.type in (execve, execveat)",
          used: true,
          plugins: [],
        },
      },
    ],
    lists: [
      {
        info: { name: "shells", items: ["bash", "sh"] },
        details: { used: true, lists: [], items_compiled: ["bash", "sh"], plugins: [] },
      },
      {
        info: { name: "all", items: ["a b"] },
        details: { used: true, lists: ["shells"], items_compiled: ["bash", "sh", "a b"], plugins: [] },
      },
    ],
  });
});

test("files with errors are not described", () => {
  expect(falcoLoadResults([file(ruleText({ priority: "x" }))]).describe?.()).toBeUndefined();
});
