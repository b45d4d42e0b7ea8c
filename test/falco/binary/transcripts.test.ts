import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { failureOf } from "../../../src/falco/binary/failures.ts";
import { errorReader } from "../../../src/falco/binary/read-errors.ts";
import { runProcess } from "../../../src/falco/binary/run-process.ts";
import { makeFakeFalco, TRANSCRIPTS } from "../../support/fake-falco/fake-falco.ts";
import { temporaryFolder } from "../../support/fake-falco/under-test.ts";

/** Every recorded run that ended with an error, by the code it stands for. */
const CODES: Readonly<Record<string, string>> = {
  "bad-engine-kind": "FALCO_ENGINE_KIND",
  "bad-option": "FALCO_BAD_OPTION",
  "describe-rule-missing": "RULE_NOT_FOUND",
  "list-unknown-source": "FALCO_SOURCE_UNKNOWN",
  "live-modern-ebpf-unsupported-build": "FALCO_ENGINE_UNSUPPORTED",
  "live-without-driver": "FALCO_NO_DRIVER",
  "no-config": "FALCO_NO_CONFIG",
  "no-output": "FALCO_NO_OUTPUT",
  "replay-cut-capture": "FALCO_CAPTURE_CUT",
  "replay-missing-capture": "FALCO_CAPTURE_MISSING",
  "replay-no-rules": "FALCO_RULES_MISSING",
  "replay-not-a-capture": "FALCO_CAPTURE_BAD",
  "unknown-option": "FALCO_BAD_OPTION",
  "validate-bad-condition": "FALCO_RULES_INVALID",
  "validate-bad-condition-json": "FALCO_RULES_INVALID",
  "validate-bad-output": "FALCO_RULES_INVALID",
  "validate-engine-too-new": "FALCO_RULES_INVALID",
  "validate-missing-file": "FALCO_RULES_MISSING",
  "validate-not-yaml": "FALCO_RULES_INVALID",
  "validate-plugin-missing": "FALCO_PLUGIN_REQUIRED",
  "validate-two-json": "FALCO_RULES_INVALID",
  "validate-unknown-field-json": "FALCO_RULES_INVALID",
};

const LIMITS = { startMs: 20_000, wholeMs: 20_000, graceMs: 500, outputBytes: 1e8, lineBytes: 1e8 };

test.each(TRANSCRIPTS)(
  "$id: comes through a child process byte for byte and means what it should",
  async (recorded) => {
    const folder = temporaryFolder();
    const file = makeFakeFalco(join(folder, "bin"));
    for (const [name, text] of Object.entries(recorded.files)) writeFileSync(join(folder, name), text);
    const errors = errorReader();
    const lines: { out: string[]; err: string[] } = { out: [], err: [] };
    const end = await runProcess({
      file,
      args: recorded.args,
      folder,
      environment: { PATH: dirname(process.execPath) },
      limits: LIMITS,
      nowMs: Date.now,
      onLine: ({ bytes, isEnded }) => lines.out.push(bytes.toString("utf8") + (isEnded ? "\n" : "")) > 0,
      onErrorLine(line) {
        lines.err.push(line.bytes.toString("utf8") + (line.isEnded ? "\n" : ""));
        errors.take(line);
      },
    });
    expect(lines.out.join("")).toBe(recorded.stdout);
    expect(lines.err.join("")).toBe(recorded.stderr);
    expect(end).toMatchObject({ endedBy: "itself", exitCode: recorded.exit });
    const errorText = errors.errorText();
    const failure = failureOf({ end, limits: LIMITS, ...(errorText === undefined ? {} : { errorText }) });
    expect(failure?.code).toBe(CODES[recorded.id]);
    if (failure !== undefined) expect(failure.fix).toMatch(/^[A-Z][^\n]{10,200}\.$/);
  },
);

test("every recorded run with an error has a code here, and no other", () => {
  const failed = TRANSCRIPTS.filter(({ exit }) => exit !== 0).map(({ id }) => id);
  expect(Object.keys(CODES).sort()).toEqual(failed.sort());
});
