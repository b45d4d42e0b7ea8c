import { z } from "zod";
import { parseTimeBound } from "../alert/time.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { StoredAlert } from "../store/alert-store.ts";

const text = z.string().min(1).max(1_000);

/** Which events count; shared with export_capture. */
export const CAPTURE_FILTER = {
  process: text.optional().describe("Only this process: pid or tid, or the name or full path of a program"),
  descendants: z.boolean().optional().describe("With process: also everything it started, and what that started"),
  container: text.optional().describe("Only this container: id (or its first 4+ characters) or name; host for none"),
  from: text.optional().describe("Earliest time, inclusive: RFC 3339 or nanoseconds since 1970"),
  to: text.optional().describe("Latest time, exclusive; same forms"),
};

/** An argument that a question does not look at would be lost without a word. */
export function checkArguments(input: Record<string, unknown>): void {
  const { question, at, alert } = input;
  const takes: Record<string, readonly string[]> = {
    condition: ["events"],
    rules: ["events"],
    fields: ["events", "around"],
    at: ["around"],
    everything: ["around"],
    alert: ["around", "process"],
  };
  for (const [name, questions] of Object.entries(takes)) {
    if (input[name] === undefined || questions.includes(String(question))) continue;
    throw misfit(
      `${name} says nothing to question ${JSON.stringify(question)}`,
      `Leave ${name} out, or ask ${questions.join(" or ")}.`,
    );
  }
  if (question === "around" && (at === undefined) === (alert === undefined)) {
    throw misfit(
      "question around takes one of at and alert",
      "Pass at with a time, or alert with an id of search_alerts.",
    );
  }
}

const misfit = (message: string, fix: string): FalcoSkillsError =>
  new FalcoSkillsError("INVALID_ARGUMENT", message, { fix });

interface FilterInput {
  readonly process?: string | undefined;
  readonly descendants?: boolean | undefined;
  readonly container?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The filter that the arguments mean. Fails with INVALID_TIME or INVALID_ARGUMENT. */
export function filterOf({ process, descendants, container, from, to }: FilterInput, nowNs: bigint) {
  const fromNs = from === undefined ? undefined : timeOf(from, nowNs);
  const toNs = to === undefined ? undefined : timeOf(to, nowNs);
  if (fromNs !== undefined && toNs !== undefined && fromNs >= toNs) {
    throw misfit(
      `from ${JSON.stringify(from)} is not before to ${JSON.stringify(to)}`,
      "Pass a from that lies before to.",
    );
  }
  return { process, descendants, container, fromNs, toNs };
}

const timeOf = (value: string, nowNs: bigint): bigint =>
  /^\d{16,19}$/.test(value) ? BigInt(value) : parseTimeBound(value, nowNs);

interface AroundInput {
  readonly at?: string | undefined;
  readonly seconds: number;
}

/** The window around a time or an alert. */
export function aroundOf({ at, seconds }: AroundInput, alert: StoredAlert | undefined) {
  const middleNs = alert?.timeNs ?? timeOf(at ?? "", 0n);
  const distanceNs = BigInt(Math.round(seconds * 1e9));
  return { fromNs: middleNs - distanceNs, toNs: middleNs + distanceNs + 1n };
}

/** The process that an alert names. */
export function processOf({ fields }: StoredAlert): string {
  const pid = fields["proc.pid"];
  if (typeof pid === "number" || typeof pid === "bigint") return String(pid);
  throw misfit("the alert names no proc.pid", "Pass process, or ask around with this alert.");
}
