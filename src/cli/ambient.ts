import { randomUUID } from "node:crypto";

export const nowMs = (): number => Date.now();

/** Wall clock in nanoseconds; the last six digits are zero. */
export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** Eight hexadecimal digits: enough to tell the checklists, runs and rule sets of one home apart, short enough to type. */
export const newId = (): string => randomUUID().slice(0, 8);

/** The session under which the audit trail keeps what a person does at the command line. */
export const COMMAND_LINE = "command-line";

export const log = (line: string): void => {
  process.stderr.write(`falco-skills: ${line}\n`);
};
