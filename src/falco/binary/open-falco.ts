import { namesCaptureByOption, whyNotAllMatches } from "./abilities.ts";
import { aboutFalco } from "./about-falco.ts";
import { askFalco, checkFiles, validateRules } from "./ask-falco.ts";
import { describeRules } from "./describe-rules.ts";
import type { FalcoBinary, FalcoReplayRequest, FalcoSettings, FoundFalco } from "./falco-binary.ts";
import { falcoContext, tooOld } from "./falco-context.ts";
import { parsePlugins } from "./parse-plugins.ts";
import { jsonIn } from "./read-document.ts";
import { readFieldClasses, readFieldNames } from "./read-fields.ts";
import { engineKindOf, watchRun } from "./watch-run.ts";

/**
 * Drives the binary that `findFalco` found. Nothing is started before the first call; the first call also removes what runs
 * of killed processes left behind. Every run has its own configuration and folder, so runs may go side by side.
 */
export function openFalco(found: FoundFalco, settings: FalcoSettings): FalcoBinary {
  const closing = new AbortController();
  const context = falcoContext(found, settings, closing.signal);
  const { need } = context;
  return {
    binary: found,
    about: (call = {}) => aboutFalco(context, call),
    async validate(files, call = {}) {
      await need("validate");
      return validateRules(context, files, call);
    },
    async describe(files, rule, call = {}) {
      await need("describe");
      return describeRules(context, files, rule, call);
    },
    async listFields(call = {}) {
      const options = await need("list_fields");
      // The list is older than its format.
      return options.includes("--format")
        ? askFalco(context, { ...call, action: "list_fields" }, (text) => readFieldClasses(jsonIn(text)))
        : askFalco(context, { ...call, action: "list_field_names" }, readFieldNames);
    },
    async listEvents(call = {}) {
      await need("list_events");
      return askFalco(context, { ...call, action: "list_events" }, jsonIn);
    },
    async listPlugins(call = {}) {
      await need("list_plugins");
      return askFalco(context, { ...call, action: "list_plugins" }, parsePlugins);
    },
    async dryRun(files, call = {}) {
      checkFiles(files);
      await need("dry_run");
      return askFalco(context, { ...call, action: "dry_run", files }, (_, { log }) => log);
    },
    async support(files, call = {}) {
      checkFiles(files);
      await need("support");
      return askFalco(context, { ...call, action: "support", files }, jsonIn);
    },
    async schema(of, call = {}) {
      await need("schemas");
      return askFalco(context, { ...call, action: of === "config" ? "config_schema" : "rule_schema" }, jsonIn);
    },
    async replay({ capture, files, maxAlerts, limits, signal, ...choice }, take) {
      const byOption = namesCaptureByOption(found.version, await need("replay"));
      const action = byOption ? "replay_by_option" : "replay";
      const config = { engineKind: "replay", ...matchingOf(found, choice) };
      return watchRun(context, { action, files, capture, config, given: limits, signal, maxAlerts }, take);
    },
    async live({ files, seconds, engineKind, maxAlerts, limits, signal, ...choice }, take) {
      await need("live");
      const kind = engineKindOf(engineKind, (await context.hostConfig()).engineKind);
      const config = { engineKind: kind, ...matchingOf(found, choice) };
      return watchRun(context, { action: "live", files, seconds, config, given: limits, signal, maxAlerts }, take);
    },
    async close() {
      closing.abort();
      await Promise.allSettled(context.running);
    },
  };
}

function matchingOf(
  { version }: FoundFalco,
  { matching, minimumPriority }: Pick<FalcoReplayRequest, "matching" | "minimumPriority">,
): Pick<FalcoReplayRequest, "matching" | "minimumPriority"> {
  const why = matching === "all" ? whyNotAllMatches(version) : undefined;
  if (why !== undefined) throw tooOld(why);
  return {
    ...(matching === undefined ? {} : { matching }),
    ...(minimumPriority === undefined ? {} : { minimumPriority }),
  };
}
