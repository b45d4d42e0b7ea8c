import { randomUUID } from "node:crypto";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { AuditTap } from "../mcp/audit-tap.ts";
import { openQuestions } from "../mcp/questions.ts";
import { selectTools } from "../mcp/select-tools.ts";
import { serverFactory } from "../mcp/server.ts";
import { TOOLS } from "../mcp/tools/index.ts";
import { log } from "./ambient.ts";
import { buildServices } from "./build-services.ts";
import { type Feeds, startFeeds } from "./feeds.ts";
import { readSettings, type ServeFlags } from "./settings.ts";
import { startUpkeep } from "./upkeep.ts";

/** Serves MCP on standard input and output; resolves when the client is gone or a signal came and all is written. */
export async function serve(flags: ServeFlags): Promise<void> {
  keepStdoutForTheProtocol();
  const settings = readSettings(flags, process.env);
  const selection = selectTools(TOOLS, settings);
  let feeds: Feeds | undefined;
  const built = await buildServices({
    home: settings.home,
    alertRoots: settings.alertRoots,
    ruleRoots: settings.ruleRoots,
    captureRoots: settings.captureRoots,
    feeds: () => feeds?.list() ?? [],
    repair: settings.repair,
    allowChanges: settings.allowChanges,
    headsFolder: settings.headsFolder,
    falcoBin: settings.falcoBin,
    falcoUrl: settings.falcoUrl,
    falcoConfig: settings.falcoConfig,
    deployInto: settings.deployInto,
  });
  feeds = await startFeeds(settings, built.services.alerts, built.quarantine);
  const upkeep = settings.readOnly ? undefined : startUpkeep(built.services);
  await new Promise<void>((resolve) => {
    const tap = new AuditTap(new StdioServerTransport(), {
      audit: built.services.audit,
      selection,
      session: randomUUID(),
      monotonicMs: () => performance.now(),
      log,
      onClosed: resolve,
    });
    const factory = serverFactory({
      services: built.services,
      selection,
      maxResultChars: settings.maxResultChars,
      questions: openQuestions(randomUUID),
      caller: () => tap.caller(),
    });
    const server = serveStdio(factory, { transport: tap, onerror: (error) => log(error.message) });
    stopOnSignals(() => void server.close());
  });
  upkeep?.stop();
  await feeds.close();
  await built.close();
}

/** Anything that prints would break the protocol: what a dependency logs goes to stderr instead. */
function keepStdoutForTheProtocol(): void {
  const toStderr = (...words: unknown[]): void => log(words.map(String).join(" "));
  Object.assign(console, { log: toStderr, info: toStderr, debug: toStderr, warn: toStderr, error: toStderr });
}

function stopOnSignals(stop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  // A client that vanished while an answer was on its way is an end like any other.
  process.stdout.on("error", stop);
  process.on("unhandledRejection", (reason) =>
    log(`defect: ${reason instanceof Error ? reason.stack : String(reason)}`),
  );
  process.on("uncaughtException", (error) => {
    log(`defect: ${error.stack ?? error.message}`);
    process.exitCode = 70;
    stop();
  });
}
