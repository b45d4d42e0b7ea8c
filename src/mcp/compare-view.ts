import { z } from "zod";
import type { AlertComparison, VerdictComparison } from "../falco/binary/compare-engines.ts";

/** Where the two engines differ, in run_falco's answer. */
export const COMPARED = z.strictObject({
  same: z.boolean(),
  with: z.string().describe("The engine it was compared with"),
  alerts: z
    .strictObject({
      falco: z.int(),
      embedded: z.int(),
      alike: z.int().describe("Same rule, time, priority, output and output_fields"),
      missing: z.int().describe("Falco gave them, the embedded engine did not"),
      extra: z.int().describe("The embedded engine gave them, Falco did not"),
      changed: z.int().describe("Same rule and time, other content"),
    })
    .optional(),
  differences: z.array(z.string()).describe("The first of each kind, in words"),
});

export function alertsCompared(comparison: AlertComparison, other: string): z.input<typeof COMPARED> {
  const { same, falco, embedded, alike, missing, extra, changed, sameOrder } = comparison;
  return {
    same,
    with: other,
    alerts: { falco, embedded, alike, missing: missing.count, extra: extra.count, changed: changed.count },
    differences: [
      ...missing.first.map(({ rule, time }) => `missing: ${rule} at ${time}`),
      ...extra.first.map(({ rule, time }) => `extra: ${rule} at ${time}`),
      ...changed.first.flatMap(({ rule, time, changes }) =>
        changes.map(
          (change) => `${rule} at ${time}: ${change.what}: ${show(change.falco)}, not ${show(change.embedded)}`,
        ),
      ),
      ...(sameOrder ? [] : ["the alerts came in another order"]),
    ],
  };
}

export function verdictsCompared({ same, differences }: VerdictComparison, other: string): z.input<typeof COMPARED> {
  return {
    same,
    with: other,
    differences: differences.first.map(
      ({ file, what, falco, embedded }) =>
        `${file === "" ? "all files" : file}, ${what}: ${list(falco)}, not ${list(embedded)}`,
    ),
  };
}

const show = (value: unknown): string =>
  value === undefined ? "absent" : typeof value === "bigint" ? value.toString() : JSON.stringify(value);

const list = (texts: readonly string[]): string => (texts.length === 0 ? "nothing" : texts.join(" | "));
