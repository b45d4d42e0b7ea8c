import { parsePriority, priorityNumber } from "../../alert/priority.ts";
import { decodeUint32 } from "../../rules/yaml/yaml-node.ts";
import { type ConfigContext, known, knows, placeOf } from "./config-context.ts";
import type { ConfigView } from "./config-view.ts";
import { isLoopback } from "./falco-address.ts";
import type { HostFindingCode } from "./finding-codes.ts";
import type { Found } from "./found.ts";
import type { Change } from "./mend.ts";
import { outputFindings } from "./output-findings.ts";

/** What a merged configuration hides from us or from everybody. */
export function configFindings(view: ConfigView, context: ConfigContext): Found[] {
  return [
    ...switchFindings(view, context),
    ...priorityFindings(view),
    ...dropFindings(view, context),
    ...jsonPartFindings(view, context),
    ...outputFindings(view, context),
    ...webserverFindings(view, context),
    ...metricsFindings(view, context),
    ...captureFindings(view, context),
  ];
}

interface SwitchRow {
  readonly code: HostFindingCode;
  readonly path: string;
  /** Falco's default, and what it should be. */
  readonly byDefault: boolean;
  readonly wanted: boolean;
  readonly since?: number;
  /** What the other value means. */
  readonly means: string;
}

/** Switches that stand alone: each is one finding when it is the wrong way round. */
const SWITCHES: readonly SwitchRow[] = [
  {
    code: "HOST_WATCH_OFF",
    path: "watch_config_files",
    byDefault: true,
    wanted: true,
    means: "Falco does not notice changed files",
  },
  {
    code: "HOST_OUTPUTS_BUFFERED",
    path: "buffered_outputs",
    byDefault: false,
    wanted: false,
    means: "alerts wait in memory",
  },
  { code: "HOST_JSON_OFF", path: "json_output", byDefault: false, wanted: true, means: "alerts are lines of text" },
  {
    code: "HOST_JSON_WITHOUT_FIELDS",
    path: "json_include_output_fields_property",
    byDefault: true,
    wanted: true,
    since: 41,
    means: "alerts come without their fields",
  },
];

function switchFindings(view: ConfigView, context: ConfigContext): Found[] {
  return SWITCHES.filter(
    ({ path, byDefault, wanted, since = 0 }) => knows(context, since) && view.isOn(path, byDefault) === !wanted,
  ).map(({ code, path, wanted, means }) => ({
    code,
    message: `${path} is ${!wanted}: ${means}`,
    fix: `Set ${path} to ${wanted}.`,
    ...placeOf(view, path),
    changes: [{ path, value: wanted }],
  }));
}

function priorityFindings(view: ConfigView): Found[] {
  const minimum = view.text("priority");
  const priority = minimum === undefined || minimum.unknown ? undefined : parsePriority(minimum.text);
  if (priority === undefined || priorityNumber(priority) === 7) return [];
  return [
    {
      code: "HOST_PRIORITY_HIDES",
      message: `priority is ${JSON.stringify(minimum?.text)}: rules below ${priority} never fire`,
      fix: "Set priority to debug and choose by priority where alerts are read.",
      ...placeOf(view, "priority"),
      changes: [{ path: "priority", value: "debug" }],
    },
  ];
}

function dropFindings(view: ConfigView, context: ConfigContext): Found[] {
  const found: Found[] = [];
  const actions = view.texts("syscall_event_drops.actions");
  if (!actions.some(({ text, unknown }) => unknown || text === "alert")) {
    const kept = actions.map(({ text }) => text).filter((text) => text !== "ignore");
    found.push({
      code: "HOST_DROPS_UNREPORTED",
      message: `syscall_event_drops.actions is [${actions.map(({ text }) => text).join(", ")}], without alert`,
      fix: "Add alert to syscall_event_drops.actions.",
      ...placeOf(view, "syscall_event_drops.actions"),
      changes: [{ path: "syscall_event_drops.actions", value: [...kept, "alert"] }],
    });
  }
  const capacity = known(view.text("outputs_queue.capacity"));
  const bound = capacity === undefined ? 0 : (decodeUint32(capacity) ?? 0);
  if (knows(context, 36) && bound > 0) {
    found.push({
      code: "HOST_QUEUE_BOUNDED",
      message: `outputs_queue.capacity is ${bound}: further alerts are thrown away`,
      fix: "Set outputs_queue.capacity to 0, which is without bound.",
      ...placeOf(view, "outputs_queue.capacity"),
      changes: [{ path: "outputs_queue.capacity", value: 0 }],
    });
  }
  return found;
}

function jsonPartFindings(view: ConfigView, context: ConfigContext): Found[] {
  const parts = [
    { path: "json_include_tags_property", byDefault: true, since: 0 },
    { path: "json_include_output_property", byDefault: true, since: 0 },
    { path: "json_include_message_property", byDefault: false, since: 39 },
  ].filter(({ path, byDefault, since }) => knows(context, since) && view.isOn(path, byDefault) === false);
  return offTogether("HOST_JSON_WITHOUT_PARTS", view, parts);
}

/** One finding for several switches that are off, at the place of the first. */
function offTogether(code: HostFindingCode, view: ConfigView, off: readonly { readonly path: string }[]): Found[] {
  const first = off[0];
  if (first === undefined) return [];
  return [
    {
      code,
      message: `switched off: ${off.map(({ path }) => path).join(", ")}`,
      fix: "Set them to true.",
      ...placeOf(view, first.path),
      changes: off.map(({ path }) => ({ path, value: true })),
    },
  ];
}

function webserverFindings(view: ConfigView, context: ConfigContext): Found[] {
  const loopback: Change[] = knows(context, 37) ? [{ path: "webserver.listen_address", value: "127.0.0.1" }] : [];
  const isOn = view.isOn("webserver.enabled", false);
  if (isOn === false) {
    return [
      {
        code: "HOST_WEBSERVER_OFF",
        message: "webserver.enabled is false",
        fix: "Set webserver.enabled to true.",
        ...placeOf(view, "webserver.enabled"),
        changes: [{ path: "webserver.enabled", value: true }, ...loopback],
      },
    ];
  }
  const address = view.text("webserver.listen_address") ?? { text: "0.0.0.0", unknown: false };
  if (isOn === undefined || address.unknown || view.isOn("webserver.ssl_enabled", false) !== false) return [];
  if (knows(context, 37) && isLoopback(address.text)) return [];
  return [
    {
      code: "HOST_WEBSERVER_OPEN",
      message: `the webserver listens at ${JSON.stringify(address.text)} without TLS`,
      fix: knows(context, 37)
        ? "Set webserver.listen_address to 127.0.0.1, or ssl_enabled with a certificate where others must reach it."
        : "Set webserver.ssl_enabled with a certificate, or close its port to other hosts.",
      ...placeOf(view, "webserver.listen_address"),
      ...(loopback.length === 0 ? {} : { changes: loopback }),
    },
  ];
}

const COUNTERS = [
  { path: "metrics.rules_counters_enabled", since: 38 },
  { path: "metrics.kernel_event_counters_enabled", since: 35 },
  { path: "metrics.state_counters_enabled", since: 37 },
  { path: "metrics.resource_utilization_enabled", since: 35 },
] as const;

function metricsFindings(view: ConfigView, context: ConfigContext): Found[] {
  if (!knows(context, 35)) return [];
  const off = view.isOn("metrics.enabled", false) === false;
  const hidden = knows(context, 38) && view.isOn("webserver.prometheus_metrics_enabled", false) === false;
  const found: Found[] = [];
  if (off || hidden) {
    found.push({
      code: "HOST_METRICS_OFF",
      message: off
        ? "metrics.enabled is false: Falco counts nothing for others to see"
        : "webserver.prometheus_metrics_enabled is false: there is no /metrics",
      fix: "Set metrics.enabled and webserver.prometheus_metrics_enabled to true.",
      ...placeOf(view, off ? "metrics.enabled" : "webserver.prometheus_metrics_enabled"),
      changes: metricsChanges(view, context),
    });
  }
  const isSeen = ["metrics.output_rule", "webserver.prometheus_metrics_enabled"].some(
    (path) => view.isOn(path, false) !== false,
  );
  if (!off && !isSeen && (view.text("metrics.output_file")?.text ?? "") === "") {
    found.push({
      code: "CONFIG_WRONG_VALUE",
      message: "metrics are on and go nowhere: output_rule, output_file and prometheus_metrics_enabled are off",
      fix: "Set webserver.prometheus_metrics_enabled to true.",
      ...placeOf(view, "metrics"),
    });
  }
  const without = COUNTERS.filter(({ path, since }) => knows(context, since) && view.isOn(path, true) === false);
  return off ? found : [...found, ...offTogether("HOST_METRICS_PARTIAL", view, without)];
}

/** Falco does not start with metrics that have no interval with a unit, or nowhere to go. */
function metricsChanges(view: ConfigView, context: ConfigContext): Change[] {
  const interval = known(view.text("metrics.interval")) ?? "";
  const hasUnit = /[a-z]/.test(interval);
  const prometheus: Change[] = knows(context, 38)
    ? [
        { path: "webserver.enabled", value: true },
        { path: "webserver.prometheus_metrics_enabled", value: true },
      ]
    : [{ path: "metrics.output_rule", value: true }];
  return [
    { path: "metrics.enabled", value: true },
    ...(hasUnit ? [] : [{ path: "metrics.interval", value: "15m" }]),
    ...prometheus,
  ];
}

function captureFindings(view: ConfigView, context: ConfigContext): Found[] {
  if (!knows(context, 42)) return [];
  const isOn = view.isOn("capture.enabled", false);
  if (isOn === false) {
    return [
      {
        code: "HOST_CAPTURE_OFF",
        message: "capture.enabled is false: no alert is followed by a recording",
        fix: "Set capture.enabled to true, and capture: true in the rules whose alerts deserve a recording.",
        ...placeOf(view, "capture.enabled"),
        changes: captureChanges(context),
      },
    ];
  }
  const mode = known(view.text("capture.mode")) ?? "rules";
  if (isOn !== true || mode !== "rules" || context.rulesCapture !== false) return [];
  return [
    {
      code: "HOST_CAPTURE_CATCHES_NOTHING",
      message: 'capture.mode is "rules", and no loaded rule says capture: true',
      fix: "Write capture: true into the rules whose alerts deserve a recording, or set capture.mode to all_rules.",
      ...placeOf(view, "capture.mode"),
      changes: [{ path: "capture.mode", value: "all_rules" }, ...sizeLimit(context)],
    },
  ];
}

function captureChanges(context: ConfigContext): Change[] {
  return [
    { path: "capture.enabled", value: true },
    { path: "capture.path_prefix", value: CAPTURE_PREFIX },
    { path: "capture.default_duration", value: 10_000 },
    ...sizeLimit(context),
  ];
}

/** A folder that is no place for everybody, as /tmp is: Falco writes there as root. */
export const CAPTURE_PREFIX = "/var/lib/falco/captures/falco";

const sizeLimit = (context: ConfigContext): Change[] =>
  knows(context, 44) ? [{ path: "capture.max_file_size_mb", value: 200 }] : [];
