#!/usr/bin/env node
import { CommanderError } from "commander";
import { describeError, renderError } from "../errors/describe-error.ts";
import { optimizeLater } from "./optimize-later.ts";
import { buildProgram } from "./program.ts";

const isServer = process.argv[2] === "serve";
if (!isServer) optimizeLater();

// Whoever reads may stop early (`| head`): that is no failure. `serve` ends in its own way, with its records written.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  if (!isServer) process.exit();
});

/** Exit codes: 0 done, 1 failed, 2 the command line was not understood. `audit verify` has its own: see its help. */
try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}

function tell(error: unknown): number {
  // Commander has printed its own message by now; its exit code 0 means that help or version was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const described = describeError(error);
  process.stderr.write(`${renderError(described)}\n`);
  if (described.code === "INTERNAL") process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return described.code === "INVALID_ARGUMENT" ? 2 : 1;
}
