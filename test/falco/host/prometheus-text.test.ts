import fc from "fast-check";
import { expect, test } from "vitest";
import { readFalcoMetrics } from "../../../src/falco/host/falco-metrics.ts";
import { readPrometheus } from "../../../src/falco/host/prometheus-text.ts";
import { METRICS, metric } from "./recorded.ts";

const samples = (text: string) =>
  readPrometheus(text).samples.map(({ name, labels, value }) => [name, Object.fromEntries(labels), value]);

test.each([
  ["a 1", ["a", {}, "1"]],
  ["a 1\r", ["a", {}, "1"]],
  ["a{} 1", ["a", {}, "1"]],
  ['a{x="y"} 1', ["a", { x: "y" }, "1"]],
  ['a{x="y",} 1', ["a", { x: "y" }, "1"]],
  ['a{x="y",z="w"} 1.5e3', ["a", { x: "y", z: "w" }, "1.5e3"]],
  ['a{x="say "hi", then"} 1', ["a", { x: 'say "hi", then' }, "1"]],
  ['a{x="back\\slash"} 1', ["a", { x: "back\\slash" }, "1"]],
  ['a{x="a} b"} 1', ["a", { x: "a} b" }, "1"]],
  ["a 1 1795312649132", ["a", {}, "1"]],
  ["a:b_c NaN", ["a:b_c", {}, "NaN"]],
  ["a +Inf", ["a", {}, "+Inf"]],
])("%j is a sample", (line, sample) => {
  expect(samples(line)).toEqual([sample]);
});

test.each(["a", "a one", "1a 1", "a{ 1", 'a{x="y" 1', "a{x=y} 1", 'a{x="y"}1', "a 1 2 3", "a 0x10"])(
  "%j is none",
  (line) => {
    expect(readPrometheus(line)).toEqual({ samples: [], malformed: 1, unread: 0 });
  },
);

test("a line beyond 65,536 characters is none", () => {
  expect(readPrometheus(`a{x="${"y".repeat(65_536)}"} 1`)).toMatchObject({ samples: [], malformed: 1 });
});

test("comments and empty lines are no faults, and a line behind the limit is counted", () => {
  expect(readPrometheus("# HELP a b\n\n \na 1\n")).toMatchObject({ malformed: 0, unread: 0 });
  expect(readPrometheus("a 1\n".repeat(50_003))).toMatchObject({ malformed: 0, unread: 3 });
});

test("whatever comes, it is read without failing, and what Falco would write comes back", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => void readPrometheus(text)));
  const name = fc.constantFrom("a", "b_c", "source", "tag_T1059", "file_name");
  // A value may hold quotes, but nothing that looks like the end of one.
  const value = fc.string({ maxLength: 20 }).filter((text) => !/["\r\n]|,\s*$/.test(text));
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true }), fc.nat(), (labels, number) => {
      expect(samples(metric("x", number, labels))).toEqual([["falcosecurity_x", labels, String(number)]]);
    }),
  );
});

test("a megabyte of quotes is read in time with its length", () => {
  const line = `a{x="${'"'.repeat(60_000)}`;
  expect(readPrometheus(`${line}\n`.repeat(20))).toMatchObject({ samples: [], malformed: 20 });
});

test("Falco's own metrics", () => {
  expect(readFalcoMetrics(METRICS)).toEqual({
    version: "0.44.0",
    startedNs: 1795312649127997527n,
    reloadedNs: 1795312649132376543n,
    queueDrops: 0,
    threadTableDrops: 0,
    cpuRatio: 0.02,
    memoryBytes: 27_070_464,
    engines: [{ source: "syscall", engine: "nodriver" }],
    bufferDrops: [],
    ruleMatches: [],
    ruleFiles: [
      { name: "falco_rules.yaml", sha256: "1c15d5d543635b76e31cca39d7df8bf4caf50a428613c314d92986a23bfcb617" },
    ],
    configFiles: [{ name: "falco.yaml", sha256: "1c15d5d543635b76e31cca39d7df8bf4caf50a428613c314d92986a23bfcb617" }],
  });
});

test("drops of both directions are one, matches come most first, and nonsense is left out", () => {
  const text = [
    metric("scap_n_evts_total", 1000),
    metric("scap_n_drops_total", 50),
    metric("scap_n_drops_buffer_total", 20, { dir: "enter", drop: "open" }),
    metric("scap_n_drops_buffer_total", 30, { dir: "exit", drop: "open" }),
    metric("scap_n_drops_buffer_total", 0, { dir: "exit", drop: "execve" }),
    metric("falco_rules_matches_total", 1, { priority: "5", rule_name: "b", source: "syscall", tag_T1059: "true" }),
    metric("falco_rules_matches_total", 7, { priority: "9", rule_name: 'a "quoted"', source: "syscall" }),
    metric("falco_sha256_rules_files_info", 1, { file_name: "x.yaml", sha256: "no hash" }),
    metric("falco_start_timestamp_nanoseconds", "1.5e9"),
  ].join("");
  expect(readFalcoMetrics(text)).toEqual({
    events: 1000,
    eventDrops: 50,
    engines: [],
    bufferDrops: [{ kind: "open", drops: 50 }],
    ruleMatches: [
      { rule: 'a "quoted"', source: "syscall", matches: 7 },
      { rule: "b", source: "syscall", priority: 5, matches: 1 },
    ],
    ruleFiles: [],
    configFiles: [],
  });
});

test.each(["-3", "1e23", "0.5", "NaN", "1e400"])("%s is no count, and is left out", (value) => {
  const text = [
    metric("scap_n_evts_total", value),
    metric("scap_n_drops_total", value),
    metric("falco_outputs_queue_num_drops_total", value),
    metric("scap_n_drops_buffer_total", value, { dir: "exit", drop: "open" }),
    metric("falco_rules_matches_total", value, { rule_name: "a", source: "syscall" }),
  ].join("");
  expect(readFalcoMetrics(text)).toEqual({
    engines: [],
    bufferDrops: [],
    ruleMatches: [],
    ruleFiles: [],
    configFiles: [],
  });
});

test.each(["", "<html>no</html>", "go_goroutines 7\n"])("%j is nothing of Falco's", (text) => {
  expect(readFalcoMetrics(text)).toBeUndefined();
});
