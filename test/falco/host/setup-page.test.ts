import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { checkConfig } from "../../../src/falco/host/check-config.ts";
import { HOST_FINDINGS } from "../../../src/falco/host/finding-codes.ts";

const page = readFileSync(resolve(import.meta.dirname, "../../../docs/falco-setup.md"), "utf8");

test.each(Object.entries(HOST_FINDINGS))("the page has a row for %s", (code, { severity, reason }) => {
  expect(page).toContain(`| \`${code}\` | ${severity} | ${reason} |`);
});

test("the values for the chart are a sound falco.yaml but for what the chart writes and the probes need", () => {
  const values = /```yaml\nfalco:\n([\s\S]*?)\nmetrics:/.exec(page)?.[1] ?? "";
  const { findings } = checkConfig(values.replace(/^ {2}/gm, ""), { version: "0.44.0" });
  expect(findings.map(({ code }) => code)).toEqual(["HOST_WEBSERVER_OPEN", "HOST_METRICS_OFF"]);
});
