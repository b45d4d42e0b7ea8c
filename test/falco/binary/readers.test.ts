import fc from "fast-check";
import { expect, test } from "vitest";
import { knownFailure } from "../../../src/falco/binary/failures.ts";
import { parseHelp } from "../../../src/falco/binary/parse-help.ts";
import { parsePlugins } from "../../../src/falco/binary/parse-plugins.ts";
import { compareVersions, parseVersion } from "../../../src/falco/binary/parse-version.ts";
import { alertReader } from "../../../src/falco/binary/read-alerts.ts";
import { jsonIn } from "../../../src/falco/binary/read-document.ts";
import { errorReader } from "../../../src/falco/binary/read-errors.ts";
import { readFieldClasses, readFieldNames } from "../../../src/falco/binary/read-fields.ts";
import { readLoadResults } from "../../../src/falco/binary/read-load-results.ts";
import { lineSplitter } from "../../../src/falco/binary/split-lines.ts";
import { TRANSCRIPTS } from "../../support/fake-falco/fake-falco.ts";

const line = (text: string | Buffer, more = {}) => ({
  bytes: Buffer.from(text),
  bytesLeftOut: 0,
  isEnded: true,
  ...more,
});

test("law: lines put together again are the output, wherever it is cut into pieces", () => {
  const output = fc
    .array(fc.constantFrom("\n", "a", "bc", "\r\n", "é"), { maxLength: 40 })
    .map((parts) => Buffer.from(parts.join("")));
  fc.assert(
    fc.property(output, fc.array(fc.nat(80), { maxLength: 6 }), (bytes, cuts) => {
      const splitter = lineSplitter(1_000);
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const lines = places.slice(1).flatMap((to, at) => splitter.push(bytes.subarray(places[at], to)));
      const rest = splitter.rest();
      const text = [...lines, ...(rest === undefined ? [] : [rest])].map(
        ({ bytes: own, isEnded }) => own.toString() + (isEnded ? "\n" : ""),
      );
      expect(text.join("")).toBe(bytes.toString());
    }),
  );
});

test("law: a long line keeps its start and counts the rest, however it arrives", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 50 }), (length, step) => {
      const splitter = lineSplitter(100);
      const bytes = Buffer.concat([Buffer.alloc(length, "x"), Buffer.from("\nend\n")]);
      const lines = Array.from({ length: Math.ceil(bytes.length / step) }, (_, at) =>
        splitter.push(bytes.subarray(at * step, (at + 1) * step)),
      ).flat();
      expect(lines.map(({ bytes: own, bytesLeftOut }) => [own.length, bytesLeftOut])).toEqual([
        [Math.min(100, length), Math.max(0, length - 100)],
        [3, 0],
      ]);
    }),
  );
});

test("law: no text makes a reader throw", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(...TRANSCRIPTS.map(({ stdout, stderr }) => stdout + stderr)),
  );
  fc.assert(
    fc.property(text, (given) => {
      parseVersion(given);
      parseHelp(given);
      parsePlugins(given);
      readFieldNames(given);
      knownFailure(given);
      const errors = errorReader();
      const alerts = alertReader(() => undefined);
      for (const part of given.split("\n")) {
        errors.take(line(part));
        alerts.take(line(part));
      }
      errors.log();
      alerts.unreadable();
    }),
  );
});

test("law: no JSON makes a reader of documents throw", () => {
  const inside = fc.dictionary(
    fc.constantFrom("name", "successful", "errors", "warnings", "context", "locations", "position", "code", "fields"),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(inside, fc.jsonValue())), (list) => {
      readLoadResults({ falco_load_results: list }, new Map(list.map((_, at) => [String(at), "x"])));
      readFieldClasses({ fieldclasses: list });
    }),
  );
});

test.each([
  ["one line", '{"a":1}\n', { a: 1 }],
  ["text before and after", 'loading\n{"a":1}\nbye\n', { a: 1 }],
  ["many lines", '{\n "a": {\n "b": 1}\n}\n', { a: { b: 1 } }],
  ["many lines and text", 'x\n{\n "a": 1\n}\nEvents\n', { a: 1 }],
  ["a list", "[1]", undefined],
  ["half of it", '{"a":', undefined],
  ["nothing", "", undefined],
])("a document is found in %s", (_, text, expected) => {
  expect(jsonIn(text)).toEqual(expected);
});

test.each([
  ["0.44.0", "0.36.0", 1],
  ["0.36.0", "0.36.0", 0],
  ["0.9.1", "0.36", -1],
  ["v0.37.1-rc1", "0.37.0", 1],
  ["local", "0.36.0", undefined],
])("%s against %s is %s", (left, right, expected) => {
  expect(compareVersions(left, right)).toBe(expected);
});

test("a plugin with a source is read with it, hidden characters made visible", () => {
  const text =
    "1 Plugins Loaded:\n\nName: k8saudit\u202e\nDescription: d\nContact: c\nVersion: 0.7.0\nCapabilities: \n  - Event Sourcing (ID=1, source='k8s_audit')\n  - Field Extraction\n\n\n";
  expect(parsePlugins(text)).toEqual([
    {
      name: "k8saudit\\u{202e}",
      version: "0.7.0",
      description: "d",
      capabilities: ["Event Sourcing", "Field Extraction"],
      source: "k8s_audit",
    },
  ]);
});

test.each([
  ["must be root to run", "FALCO_NOT_PERMITTED"],
  ["Initialization issues during scap_init: Operation not permitted", "FALCO_NOT_PERMITTED"],
  ["failed to load BPF skeleton", "FALCO_NO_DRIVER"],
  ["cannot load plugin /x/libjson.so: error", "FALCO_PLUGIN_BROKEN"],
  ["filter error: unsupported port comparison operator", "FALCO_RULES_RUNTIME"],
  ['Unknown priority "x"--must be one of emergency', "FALCO_BAD_CONFIG"],
  ["You must specify at least one rules file/directory via -r or a rules_file entry in falco.yaml", "FALCO_NO_RULES"],
  ["You must create a config file at /etc/falco/falco.yaml or by passing -c", "FALCO_NO_CONFIG"],
  ["Attempted enabling an unknown event source: foo", "FALCO_SOURCE_UNKNOWN"],
  ["something new", undefined],
])("Falco's words %j stand for %s", (text, code) => {
  expect(knownFailure(text)?.code).toBe(code);
});

test("the last error counts, a later log line does not belong to it, and drops are read", () => {
  const reader = errorReader();
  for (const text of [
    "Error: first",
    "Sun Nov 22 01:40:55 2026: Runtime error: second. Exiting.",
    "more of it",
    "Sun Nov 22 01:40:56 2026: stopping",
    "   - event drop detected: 3 occurrences",
    "   - num times actions taken: 1",
    "Sun Nov 22 01:40:56 2026:    falco.yaml | schema validation: failed for <root>.",
  ]) {
    reader.take(line(text));
  }
  expect(reader.errorText()).toBe("second\nmore of it");
  expect(reader.drops()).toEqual({ dropsDetected: 3, dropActions: 1 });
  expect(reader.log().count).toBe(4);
  expect(reader.warnings()).toEqual(["falco: falco.yaml | schema validation: failed for <root>."]);
});
