import type { ErrorCode } from "../../errors/codes.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { visible } from "../../text/visible.ts";
import type { ProcessEnd } from "./run-process.ts";

interface KnownError {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
}

/** What Falco says on stderr, most telling first. Patterns are held against the text after "Error: ". */
const KNOWN_ERRORS: readonly KnownError[] = [
  { pattern: /^Could not find configuration file at|^You must create a config file/, code: "FALCO_NO_CONFIG" },
  { pattern: /^engine\.kind '|engine\.kind '[^']{0,200}' is not a valid kind/, code: "FALCO_ENGINE_KIND" },
  {
    pattern: /^Error reading config file|^Config error:|^Unknown priority|^engine\.kind is /,
    code: "FALCO_BAD_CONFIG",
  },
  { pattern: /^Metrics interval|^Failed to load config|^Cannot read config/, code: "FALCO_BAD_CONFIG" },
  {
    pattern: /^Option .{1,200} does not exist|^Error parsing config option|^Argument .{1,200} failed to parse/,
    code: "FALCO_BAD_OPTION",
  },
  {
    pattern: /^Option .{1,200} (?:requires|is missing) an argument|^Wrong format|^You can not mix/,
    code: "FALCO_BAD_OPTION",
  },
  { pattern: /engine is not supported in this build/, code: "FALCO_ENGINE_UNSUPPORTED" },
  { pattern: /^You must specify at least one rules file/, code: "FALCO_NO_RULES" },
  { pattern: /^Could not open file .{1,4096} for reading/, code: "FALCO_RULES_MISSING" },
  { pattern: /^Plugin requirement not satisfied/, code: "FALCO_PLUGIN_REQUIRED" },
  { pattern: /^[^\n]{0,4096}: Invalid$/m, code: "FALCO_RULES_INVALID" },
  {
    pattern: /annot load plugin|^Can't find plugin|can't find plugin|cannot initialize plugin|plugin .{0,200}rror/,
    code: "FALCO_PLUGIN_BROKEN",
  },
  {
    pattern: /unknown event source|^Value for --list must be|^Must enable at least one event source/,
    code: "FALCO_SOURCE_UNKNOWN",
  },
  { pattern: /^No output configured/, code: "FALCO_NO_OUTPUT" },
  { pattern: /Is the file truncated\?/, code: "FALCO_CAPTURE_CUT" },
  {
    pattern: /^Could not open trace filename .{0,4096}: (?:No such file|Permission denied|can't open)/,
    code: "FALCO_CAPTURE_MISSING",
  },
  {
    pattern: /^Could not open trace filename|error reading from file|corrupted|invalid block/,
    code: "FALCO_CAPTURE_BAD",
  },
  { pattern: /^Rule ".{0,4096}" is not loaded/, code: "RULE_NOT_FOUND" },
  { pattern: /Operation not permitted|Permission denied|CAP_[A-Z_]+|EPERM|must be root/, code: "FALCO_NOT_PERMITTED" },
  { pattern: /^error opening device|driver|kernel module|[Bb][Pp][Ff]|BTF|ring buffer/, code: "FALCO_NO_DRIVER" },
  { pattern: /^filter error|comparison operator|event code search/, code: "FALCO_RULES_RUNTIME" },
];

const FIXES: Partial<Record<ErrorCode, string>> = {
  FALCO_NO_CONFIG:
    "Call the run again; should it persist, check that the home folder is not emptied by another program.",
  FALCO_BAD_CONFIG: "Check the plugins of the host's falco.yaml, since their settings are handed on to the run.",
  FALCO_BAD_OPTION: "Call falco_status to see which version is driven, and name another with --falco-bin.",
  FALCO_ENGINE_KIND: "Name one of the engine kinds modern_ebpf, kmod or nodriver.",
  FALCO_ENGINE_UNSUPPORTED:
    "Install a Falco package that has this engine, or replay a capture instead of watching live.",
  FALCO_NO_DRIVER:
    "Install the driver with falcoctl driver, or use a kernel of 5.8 or newer with the modern_ebpf engine.",
  FALCO_NOT_PERMITTED:
    "Start the server as root or with the capabilities that Falco's documentation lists for the driver.",
  FALCO_NO_RULES: "Pass at least one rule file.",
  FALCO_RULES_MISSING: "Check that the rule file exists and may be read by the user that runs the server.",
  FALCO_RULES_INVALID: "Call load_rules with the same files to see every error with its place.",
  FALCO_RULES_RUNTIME: "Call load_rules with the same files and mend what its lints say of the rule's condition.",
  FALCO_PLUGIN_REQUIRED: "Install the plugin with falcoctl artifact install and load it in the host's falco.yaml.",
  FALCO_PLUGIN_BROKEN: "Check library_path and init_config of the plugin in the host's falco.yaml.",
  FALCO_SOURCE_UNKNOWN: "Name syscall or a source of a plugin that falco_status lists.",
  FALCO_NO_OUTPUT: "Call the run again; the configuration of a run always has stdout switched on.",
  FALCO_CAPTURE_MISSING: "Check that the capture exists and may be read by the user that runs the server.",
  FALCO_CAPTURE_BAD:
    "Pass a capture that Falco or sysdig wrote (.scap), or call query_capture to see where it is damaged.",
  FALCO_CAPTURE_CUT: "Record the capture again to its end, or use the alerts of the part that could be read.",
  RULE_NOT_FOUND: "Pass the name of a rule that search_rules lists for these files.",
  FALCO_FAILED: "Read the log lines of the run for what led to it.",
};

/** What a finished process means, beyond the lines it printed. */
export interface ProcessOutcome {
  readonly end: ProcessEnd;
  /** What stands after "Error: " or "Runtime error: " on stderr. */
  readonly errorText?: string;
  readonly limits: {
    readonly startMs: number;
    readonly idleMs?: number;
    readonly wholeMs: number;
    readonly outputBytes: number;
  };
}

/** The failure of a run; undefined where Falco ended by itself with exit code 0, or because enough was read. */
export function failureOf({ end, errorText, limits }: ProcessOutcome): FalcoSkillsError | undefined {
  switch (end.endedBy) {
    case "enough":
      return undefined;
    case "cancelled":
      return new FalcoSkillsError("CANCELLED", "the run was cancelled", { fix: "Start it again when needed." });
    case "no_start":
      return hung(`falco printed nothing within ${limits.startMs} ms of its start`);
    case "silence":
      return hung(`falco fell silent for ${limits.idleMs} ms`);
    case "duration":
      return hung(`falco ran longer than ${limits.wholeMs} ms`);
    case "flood":
      return new FalcoSkillsError("FALCO_FLOOD", `falco printed more than ${limits.outputBytes} bytes`, {
        fix: "Raise the minimum priority, narrow the rules or lower the number of alerts that end the run.",
      });
    case "not_started":
      return notStarted(end.cause);
    default:
  }
  if (end.exitCode === 0) return undefined;
  const known = knownFailure(errorText);
  // A signal after an error of its own says less than the error.
  if (end.killedBy !== undefined && known === undefined) return crashed(end.killedBy);
  return known ?? failed(end, errorText);
}

/** The failure that a text of Falco's stands for; undefined for an unknown text. */
export function knownFailure(errorText: string | undefined): FalcoSkillsError | undefined {
  if (errorText === undefined) return undefined;
  const code = KNOWN_ERRORS.find(({ pattern }) => pattern.test(errorText))?.code;
  if (code === undefined) return undefined;
  return new FalcoSkillsError(code, `falco said ${quote(summaryOf(code, errorText))}`, { fix: FIXES[code] ?? "" });
}

/** The first line; of refused rules the line that says why. */
function summaryOf(code: ErrorCode, text: string): string {
  const reason = code === "FALCO_RULES_INVALID" ? /^LOAD_ERR_[^\n]{1,2000}/m.exec(text)?.[0] : undefined;
  return reason ?? text.split("\n", 1)[0] ?? "";
}

function hung(message: string): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_HUNG", message, {
    fix: "Allow the run more time, or run falco by hand with the same rules to see what it waits for.",
  });
}

function crashed(signal: string): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_CRASHED", `falco was ended by ${signal}`, {
    fix: "Use the embedded engine for this input, and report the crash to the Falco project with the capture or rules.",
  });
}

function notStarted(cause: NodeJS.ErrnoException | undefined): FalcoSkillsError {
  return new FalcoSkillsError(
    "FALCO_NOT_STARTED",
    `the falco binary was not started (${cause?.code ?? "unknown error"})`,
    {
      fix: "Check that the file is a program for this machine and may be executed, or name another with --falco-bin.",
      cause,
    },
  );
}

function failed({ exitCode }: ProcessEnd, errorText: string | undefined): FalcoSkillsError {
  const said =
    errorText === undefined ? "and said nothing of it" : `and said ${quote(errorText.split("\n", 1)[0] ?? "")}`;
  return new FalcoSkillsError("FALCO_FAILED", `falco ended with exit code ${exitCode} ${said}`, {
    fix: FIXES.FALCO_FAILED ?? "",
  });
}

function quote(text: string): string {
  const shown = visible(text);
  return JSON.stringify(shown.length > 500 ? `${shown.slice(0, 500)}…` : shown);
}
