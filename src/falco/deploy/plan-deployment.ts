import { isAbsolute, join, resolve } from "node:path";
import { describeError } from "../../errors/describe-error.ts";
import { diffRuleSets } from "../../rules/diff/diff-rule-sets.ts";
import { lintRuleSet } from "../../rules/lint/lint-rule-set.ts";
import { type LoadOptions, loadRules, type RuleFile, type RuleSetLoad } from "../../rules/load-rules.ts";
import type {
  DeploymentPlan,
  DeploymentRequest,
  DeploymentsHome,
  FileChange,
  NewLint,
  Switching,
  Verdict,
} from "./deployment.ts";
import { factsOf, readPlain } from "./durable-files.ts";
import * as wrong from "./errors.ts";
import { forgetPlans } from "./forget-plans.ts";
import { type LoadedFiles, type Overlay, readLoadedFiles } from "./loaded-files.ts";
import { orderChanges } from "./order-changes.ts";
import { keepPlan, type PlanBytes } from "./plan-files.ts";
import { checkName, checkRulesFolder, MAX_FILE_BYTES } from "./rules-folder.ts";

const MAX_FILES = 200;
const MAX_ERRORS = 20;
const MAX_LINTS = 200;
const WATCH_SECONDS = 30;

/**
 * What the request would do, kept under a new id; nothing outside home is written. The whole rule set as Falco would load
 * it stands in it, before and after, and what the two engines say of it. Fails with DEPLOY_FOLDER_…, DEPLOY_FILE_NAME,
 * DEPLOY_NOT_LOADED, DEPLOY_NOTHING_TO_DO, INVALID_ARGUMENT, and as readRuleFiles does.
 */
export async function planDeployment(
  home: DeploymentsHome,
  request: DeploymentRequest & { readonly rollbackOf?: string; readonly warnings?: readonly string[] },
  signal?: AbortSignal,
): Promise<DeploymentPlan> {
  const { folder, reason, load = {}, watchSeconds = WATCH_SECONDS, rollbackOf } = request;
  const rulesFiles = (request.rulesFiles ?? [folder]).map((path) => resolve(path));
  checkRequest(request);
  checkRulesFolder(folder);
  const { changes, bytes, gone } = compareFiles(request);
  const loaded = await readLoadedFiles(folder, rulesFiles);
  checkLoads(loaded, changes, rulesFiles);
  const overlayOf = (made: readonly FileChange[]): Overlay =>
    new Map(made.map(({ name }) => [name, bytes.after.get(name)?.toString("utf8")]));
  const [before, after] = [loaded.with(new Map()), loaded.with(overlayOf(changes))];
  const [was, becomes] = [loadRules(before, load), loadRules(after, load)];
  const order = await orderChanges(changes, async (made) => {
    // Loading takes its time; whoever else this process serves has a turn in between.
    await new Promise((resume) => setImmediate(resume));
    return loadRules(loaded.with(overlayOf(made)), load).ok;
  });
  const warnings = [...(request.warnings ?? []), ...(gone.length === 0 ? [] : [notThere(gone)])];
  const verdicts = await judge(home, becomes, after, warnings, signal);
  const impact = becomes.ok ? await home.ports.impact?.(before, after, signal) : undefined;
  forgetPlans(home.folder, home.ports.nowMs());
  const at = new Date(home.ports.nowMs()).toISOString();
  return keepPlan(
    home.folder,
    {
      id: `${at.slice(0, -1).replaceAll(/[-:.]/g, "")}-${home.ports.newId()}`,
      plannedAt: at,
      ...(rollbackOf === undefined ? {} : { rollbackOf }),
      reason: reason.trim(),
      folder,
      rulesFiles,
      changes: order.changes,
      switching: order.switching,
      loads: { before: before.map(pathAndFacts), after: after.map(pathAndFacts) },
      // The first has the last word: the real Falco where it could be asked.
      fit: verdicts[0]?.ok === true && after.length > 0,
      verdicts,
      wasOk: was.ok,
      diff: diffRuleSets(was.ruleSet, becomes.ruleSet),
      newLints: newLints(was, before, becomes, after, load),
      ...(impact === undefined ? {} : { impact }),
      watchSeconds,
      warnings: [...warnings, ...warnOf(was, order.switching)],
    },
    bytes,
  );
}

function checkRequest({
  folder,
  rulesFiles = [],
  write,
  remove = [],
  reason,
  watchSeconds = WATCH_SECONDS,
}: DeploymentRequest) {
  if (!isAbsolute(folder) || resolve(folder) !== folder)
    throw wrong.folderUnsafe(folder, "it is no plain absolute path");
  if (rulesFiles.some((path) => !isAbsolute(path)))
    throw wrong.argument("rules_files holds a path that is not absolute");
  const names = [...write.map(({ name }) => name), ...remove];
  for (const name of names) checkName(name);
  if (new Set(names).size < names.length) throw wrong.argument("a file is named twice");
  if (names.length === 0) throw wrong.noFile();
  if (names.length > MAX_FILES) throw wrong.argument(`${names.length} files are named, more than ${MAX_FILES}`);
  if (reason.trim() === "" || reason.length > 1_000)
    throw wrong.argument("the reason is empty or longer than 1000 characters");
  if (!Number.isInteger(watchSeconds) || watchSeconds < 5 || watchSeconds > 3_600) {
    throw wrong.argument(`${watchSeconds} is no time to watch Falco for: 5 to 3600 seconds`);
  }
}

/** What becomes of each named file, those left out that are as asked for already; `gone` are to go and are not there. */
function compareFiles({ folder, write, remove = [] }: DeploymentRequest): {
  readonly changes: readonly FileChange[];
  readonly bytes: PlanBytes;
  readonly gone: readonly string[];
} {
  const wanted = [
    ...write.map(({ name, text }) => ({ name, bytes: Buffer.from(text) })),
    ...remove.map((name) => ({ name, bytes: undefined })),
  ];
  const before = new Map<string, Buffer>();
  const after = new Map<string, Buffer>();
  const changes: FileChange[] = [];
  const gone: string[] = [];
  for (const { name, bytes } of wanted) {
    const file = readPlain(join(folder, name), MAX_FILE_BYTES);
    if (file === "special") throw wrong.fileName(name, "what bears the name is no plain file");
    if (bytes === undefined && file === undefined) {
      gone.push(name);
      continue;
    }
    if (bytes !== undefined && bytes.length > MAX_FILE_BYTES) throw wrong.fileName(name, "it is too large");
    if (bytes !== undefined && file?.bytes.equals(bytes)) continue;
    if (file !== undefined) before.set(name, file.bytes);
    if (bytes !== undefined) after.set(name, bytes);
    const action = file === undefined ? "add" : bytes === undefined ? "remove" : "replace";
    changes.push({ action, name, ...sides(file, bytes) });
  }
  if (changes.length === 0) throw wrong.nothingToDo(folder, gone.length === 0 ? undefined : notThere(gone));
  return { changes, bytes: { before, after }, gone };
}

/** A name that is mistyped looks like one that is gone already: the person hears of it. */
const notThere = (names: readonly string[]): string =>
  `to be removed and not there: ${names.map((name) => JSON.stringify(name)).join(", ")}`;

function sides(
  file: Exclude<ReturnType<typeof readPlain>, "special">,
  bytes: Uint8Array | undefined,
): Pick<FileChange, "before" | "after" | "permissions"> {
  const after = bytes === undefined ? {} : { after: factsOf(bytes) };
  if (file === undefined) return after;
  const { mode, uid, gid } = file.stats;
  return { before: file.facts, ...after, permissions: { mode: mode & 0o777, uid, gid } };
}

function checkLoads(loaded: LoadedFiles, changes: readonly FileChange[], rulesFiles: readonly string[]): void {
  const unread = changes.filter(({ name, after }) => after !== undefined && !loaded.loads(name));
  if (unread.length > 0)
    throw wrong.notLoaded(
      unread.map(({ name }) => name),
      rulesFiles,
    );
}

async function judge(
  { ports }: DeploymentsHome,
  becomes: RuleSetLoad,
  after: readonly RuleFile[],
  warnings: string[],
  signal: AbortSignal | undefined,
): Promise<Verdict[]> {
  const faults = becomes.diagnostics.filter(({ severity }) => severity === "error");
  const errors = faults
    .slice(0, MAX_ERRORS)
    .map(({ code, message, file, line }) => `${file}:${line}: ${code}: ${message}`);
  if (after.length === 0) errors.push("no rule file would be left, and Falco does not start without one");
  const embedded: Verdict = { engine: "embedded", ok: becomes.ok && after.length > 0, errors };
  if (ports.validate === undefined) {
    warnings.push("no Falco is here to validate the rules: the embedded engine's word has to do");
    return [embedded];
  }
  try {
    const real = await ports.validate(after, signal);
    if (real.ok && !embedded.ok) warnings.push("the embedded engine refuses what Falco loads");
    return [real, embedded];
  } catch (error) {
    warnings.push(`Falco could not validate the rules: ${describeError(error).message}`);
    return [embedded];
  }
}

function warnOf(was: RuleSetLoad, switching: Switching): string[] {
  return [
    ...(was.ok ? [] : ["the rules that are there now do not load in the embedded engine"]),
    ...(switching === "unchecked" ? ["no order of the files was found in which every set in between loads"] : []),
  ];
}

function newLints(
  was: RuleSetLoad,
  before: readonly RuleFile[],
  becomes: RuleSetLoad,
  after: readonly RuleFile[],
  load: LoadOptions,
): NewLint[] {
  const keyOf = ({ code, file, message }: { code: string; file: string; message: string }): string =>
    JSON.stringify([code, file, message]);
  const known = new Map<string, number>();
  for (const finding of lintRuleSet(was.ruleSet, before, { load }).findings) {
    known.set(keyOf(finding), (known.get(keyOf(finding)) ?? 0) + 1);
  }
  const fresh = lintRuleSet(becomes.ruleSet, after, { load }).findings.filter((finding) => {
    const left = known.get(keyOf(finding)) ?? 0;
    known.set(keyOf(finding), left - 1);
    return left <= 0;
  });
  return fresh.slice(0, MAX_LINTS).map(({ code, severity, message, file, line, column }) => {
    return { code, severity, message, where: `${file}:${line}:${column}` };
  });
}

function pathAndFacts({ name, text }: RuleFile): DeploymentPlan["loads"]["before"][number] {
  return { path: name, ...factsOf(Buffer.from(text)) };
}
