import type { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { visible } from "../../text/visible.ts";
import { takesSuggestedOutput } from "./abilities.ts";
import { argumentsOf, CAPTURE_NAME, CONFIG_NAME, type FalcoAction } from "./arguments.ts";
import { childEnvironment } from "./ask-version.ts";
import { failureOf } from "./failures.ts";
import type { FalcoLimits, FalcoRuleFile, FalcoSettings, FoundFalco, KeptLines } from "./falco-binary.ts";
import { checkUnchanged } from "./find-falco.ts";
import type { HostConfig } from "./host-config.ts";
import { type ErrorReader, errorReader } from "./read-errors.ts";
import { type RunConfig, runConfig } from "./run-config.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { type ProcessEnd, runProcess } from "./run-process.ts";
import type { OutputLine } from "./split-lines.ts";
import type { ProcessLimits } from "./supervise.ts";

/** One opened binary, as every run sees it. */
export interface RunContext {
  readonly found: FoundFalco;
  readonly settings: FalcoSettings;
  readonly hostConfig: () => Promise<HostConfig>;
  /** Fires when the binary is closed. */
  readonly closing: AbortSignal;
  /** Runs that are under way. */
  readonly running: Set<Promise<unknown>>;
}

export interface RunRequest {
  readonly action: FalcoAction;
  readonly files?: readonly FalcoRuleFile[];
  readonly capture?: string;
  readonly seconds?: number;
  readonly config?: Partial<Pick<RunConfig, "engineKind" | "matching" | "minimumPriority">>;
  readonly limits: ProcessLimits;
  readonly signal?: AbortSignal | undefined;
  readonly onLine: (line: OutputLine) => boolean | Promise<boolean>;
}

export interface RunReport {
  readonly end: ProcessEnd;
  readonly failure: FalcoSkillsError | undefined;
  /** What Falco said after "Error: ", with the names that the files were given. */
  readonly errorText: string | undefined;
  /** The same with its "Error: ", as Falco printed it. */
  readonly lastWords: string | undefined;
  readonly errors: Pick<ErrorReader, "drops" | "warnings">;
  /** Falco's log, with the names that the files were given. */
  readonly log: KeptLines;
  /** The names that the rule files were given, by their names in the run's folder. */
  readonly names: ReadonlyMap<string, string>;
}

/** Runs Falco once in a private folder of its own, which is removed whatever happens. */
export async function startRun(context: RunContext, request: RunRequest): Promise<RunReport> {
  const work = runIn(context, request);
  context.running.add(work);
  try {
    return await work;
  } finally {
    context.running.delete(work);
  }
}

async function runIn(context: RunContext, request: RunRequest): Promise<RunReport> {
  const { found, settings, closing } = context;
  await checkUnchanged(found);
  const id = settings.newId();
  const folder = await openRunFolder(settings.runsFolder, id);
  try {
    const { action, files = [], capture, seconds, limits, signal, onLine } = request;
    const names = files.map((_, index) => `${id}-${String(index).padStart(4, "0")}.yaml`);
    await fill(folder, context, request, names);
    const errors = errorReader();
    const end = await runProcess({
      file: found.realPath,
      args: argumentsOf(action, { ruleNames: names, ...(seconds === undefined ? {} : { seconds }) }),
      folder: folder.path,
      environment: childEnvironment(folder.path, settings.hostname),
      limits,
      signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
      nowMs: settings.nowMs,
      onStart: folder.noteLeader,
      onLine,
      onErrorLine: errors.take,
    });
    const given = new Map(names.map((name, index) => [name, files[index]?.name ?? name]));
    const [errorText, lastWords] = [errors.errorText(), errors.lastWords()].map((said) =>
      said === undefined ? undefined : restoreNames(said, given, capture),
    );
    const failure = failureOf({ end, limits, ...(errorText === undefined ? {} : { errorText }) });
    const { count, first } = errors.log();
    // Names come from callers: what they hide is made visible, as in the rest of the line.
    const log = { count, first: first.map((line) => visible(restoreNames(line, given, capture))) };
    return { end, failure, errorText, lastWords, errors, log, names: given };
  } finally {
    await folder.remove();
  }
}

async function fill(
  folder: RunFolder,
  { found, hostConfig }: RunContext,
  { action, files = [], capture, config }: RunRequest,
  names: readonly string[],
): Promise<void> {
  for (const [index, { text }] of files.entries()) await folder.write(names[index] ?? "", text);
  if (capture !== undefined) await folder.link(CAPTURE_NAME, capture);
  const { plugins } = await hostConfig();
  const text = runConfig({
    engineKind: "nodriver",
    ...config,
    plugins,
    suggestedOutput: takesSuggestedOutput(found.version),
    rulesFiles: action === "validate" ? [] : names,
    ...(capture === undefined ? {} : { capture: CAPTURE_NAME }),
  });
  await folder.write(CONFIG_NAME, text);
}

/** What Falco says, with the names that the files were given in place of those in the run's folder. */
function restoreNames(text: string, names: ReadonlyMap<string, string>, capture: string | undefined): string {
  let restored = text;
  for (const [name, given] of names) restored = restored.replaceAll(name, () => given);
  if (capture === undefined) return restored;
  return restored.replace(/((?:trace filename|capture file:) )capture\.scap\b/g, (_, before) => `${before}${capture}`);
}

/** The limits of a call over those that suit its action. */
export function limitsOf(defaults: ProcessLimits, given: FalcoLimits = {}): ProcessLimits {
  return { ...defaults, ...given };
}
