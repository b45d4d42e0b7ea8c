/** What a value of falco.yaml must be. `list` and `map` are containers whose inside other rows describe, or nobody. */
export type KeyType = "switch" | "integer" | "number" | "text" | "list" | "map" | "duration" | readonly string[];

export interface KeyRow {
  readonly type: KeyType;
  /** First minor version of Falco 0.x that knows it; 34 and older are 0. */
  readonly since?: number;
  /** First minor version that no longer does, and what took its place. */
  readonly gone?: number;
  readonly instead?: string;
  /** Falco refuses to start with a value outside its words, instead of taking the default. */
  readonly strict?: boolean;
  /** Its words may be written in any case. */
  readonly anyCase?: true;
}

const PRIORITIES = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "info", "debug"];
const LEVELS = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
const SEVERITIES = ["fatal", "critical", "error", "warning", "notice", "info", "debug", "trace"];

const on = (since = 0): KeyRow => ({ type: "switch", since });
const text = (since = 0): KeyRow => ({ type: "text", since });
const integer = (since = 0): KeyRow => ({ type: "integer", since });
const map = (since = 0): KeyRow => ({ type: "map", since });
const list = (since = 0): KeyRow => ({ type: "list", since });
const gone = (row: KeyRow, minor: number, instead: string): KeyRow => ({ ...row, gone: minor, instead });

/**
 * Every key of falco.yaml that some Falco from 0.34 to 0.44 reads, by its dotted path. Inside plugins, rules,
 * append_output and static_fields nothing is listed. Types: falco userspace/falco/config_json_schema.h; versions: the tags
 * 0.34.1 to 0.44.1 of userspace/falco/configuration.cpp.
 */
export const CONFIG_KEYS: Readonly<Record<string, KeyRow>> = {
  config_files: list(38),
  watch_config_files: on(),
  rules_files: list(38),
  rules_file: { type: "list", instead: "rules_files" },
  rules: list(38),
  engine: map(37),
  "engine.kind": {
    type: ["kmod", "modern_ebpf", "replay", "nodriver", "ebpf", "gvisor"],
    since: 37,
    strict: true,
  },
  "engine.kmod": map(37),
  "engine.kmod.buf_size_preset": integer(37),
  "engine.kmod.drop_failed_exit": on(37),
  "engine.modern_ebpf": map(37),
  "engine.modern_ebpf.cpus_for_each_buffer": integer(37),
  "engine.modern_ebpf.buf_size_preset": integer(37),
  "engine.modern_ebpf.drop_failed_exit": on(37),
  "engine.modern_ebpf.disable_iterators": on(44),
  "engine.replay": map(37),
  "engine.replay.capture_file": text(37),
  "engine.ebpf": gone(map(37), 44, "engine.modern_ebpf"),
  "engine.ebpf.probe": gone(text(37), 44, "engine.modern_ebpf"),
  "engine.ebpf.buf_size_preset": gone(integer(37), 44, "engine.modern_ebpf"),
  "engine.ebpf.drop_failed_exit": gone(on(37), 44, "engine.modern_ebpf"),
  "engine.gvisor": gone(map(37), 44, "engine.kind: modern_ebpf"),
  "engine.gvisor.config": gone(text(37), 44, "engine.kind: modern_ebpf"),
  "engine.gvisor.root": gone(text(37), 44, "engine.kind: modern_ebpf"),
  syscall_buf_size_preset: gone(integer(), 38, "engine.<kind>.buf_size_preset"),
  syscall_drop_failed_exit: gone(on(35), 38, "engine.<kind>.drop_failed_exit"),
  modern_bpf: gone(map(), 38, "engine.modern_ebpf"),
  "modern_bpf.cpus_for_each_syscall_buffer": gone(integer(), 38, "engine.modern_ebpf.cpus_for_each_buffer"),
  metadata_download: gone(map(), 37, "the k8smeta plugin"),
  container_engines: gone(map(39), 41, "the container plugin's init_config"),
  outputs: gone(map(), 37, "outputs_queue"),
  capture: map(42),
  "capture.enabled": on(42),
  "capture.path_prefix": text(42),
  "capture.mode": { type: ["rules", "all_rules"], since: 42, strict: true },
  "capture.default_duration": integer(42),
  "capture.max_file_size_mb": integer(44),
  load_plugins: list(),
  plugins: list(),
  plugins_hostinfo: on(40),
  time_format_iso_8601: on(),
  buffer_format_base64: on(40),
  priority: { type: PRIORITIES, strict: true, anyCase: true },
  json_output: on(),
  json_include_output_property: on(),
  json_include_message_property: on(39),
  json_include_output_fields_property: on(41),
  json_include_tags_property: on(),
  buffered_outputs: on(),
  rule_matching: { type: ["first", "all"], since: 36, strict: true, anyCase: true },
  outputs_queue: map(36),
  "outputs_queue.capacity": integer(36),
  append_output: list(39),
  static_fields: map(42),
  stdout_output: map(),
  "stdout_output.enabled": on(),
  syslog_output: map(),
  "syslog_output.enabled": on(),
  file_output: map(),
  "file_output.enabled": on(),
  "file_output.keep_alive": on(),
  "file_output.filename": text(),
  http_output: map(),
  "http_output.enabled": on(),
  "http_output.url": text(),
  "http_output.user_agent": text(),
  "http_output.insecure": on(35),
  "http_output.ca_cert": text(35),
  "http_output.ca_bundle": text(35),
  "http_output.ca_path": text(35),
  "http_output.mtls": on(36),
  "http_output.client_cert": text(36),
  "http_output.client_key": text(36),
  "http_output.echo": on(36),
  "http_output.compress_uploads": on(37),
  "http_output.keep_alive": on(37),
  "http_output.max_consecutive_timeouts": integer(41),
  program_output: map(),
  "program_output.enabled": on(),
  "program_output.keep_alive": on(),
  "program_output.program": text(),
  grpc: gone(map(), 44, "http_output"),
  "grpc.enabled": gone(on(), 44, "http_output"),
  grpc_output: gone(map(), 44, "http_output"),
  "grpc_output.enabled": gone(on(), 44, "http_output"),
  webserver: map(),
  "webserver.enabled": on(),
  "webserver.threadiness": integer(),
  "webserver.listen_port": integer(),
  "webserver.listen_address": text(37),
  "webserver.k8s_healthz_endpoint": text(),
  "webserver.prometheus_metrics_enabled": on(38),
  "webserver.ssl_enabled": on(),
  "webserver.ssl_certificate": text(),
  log_stderr: on(),
  log_syslog: on(),
  log_level: { type: LEVELS, anyCase: true },
  libs_logger: map(),
  "libs_logger.enabled": on(),
  "libs_logger.severity": { type: SEVERITIES, anyCase: true },
  output_timeout: integer(),
  syscall_event_timeouts: map(),
  "syscall_event_timeouts.max_consecutives": integer(),
  syscall_event_drops: map(),
  "syscall_event_drops.threshold": { type: "number" },
  "syscall_event_drops.actions": list(),
  "syscall_event_drops.rate": { type: "number" },
  "syscall_event_drops.max_burst": { type: "number" },
  "syscall_event_drops.simulate_drops": on(),
  metrics: map(35),
  "metrics.enabled": on(35),
  "metrics.interval": { type: "duration", since: 35, strict: true },
  "metrics.output_rule": on(35),
  "metrics.output_file": text(35),
  "metrics.rules_counters_enabled": on(38),
  "metrics.resource_utilization_enabled": on(35),
  "metrics.state_counters_enabled": on(37),
  "metrics.kernel_event_counters_enabled": on(35),
  "metrics.kernel_event_counters_per_cpu_enabled": on(39),
  "metrics.kernel_iter_event_counters_enabled": on(44),
  "metrics.libbpf_stats_enabled": on(35),
  "metrics.plugins_metrics_enabled": on(38),
  "metrics.jemalloc_stats_enabled": on(40),
  "metrics.convert_memory_to_mb": on(35),
  "metrics.include_empty_values": on(35),
  base_syscalls: map(35),
  "base_syscalls.custom_set": list(35),
  "base_syscalls.repair": on(35),
  "base_syscalls.all": on(40),
  falco_libs: map(38),
  "falco_libs.thread_table_size": integer(38),
  "falco_libs.thread_table_auto_purging_interval_s": integer(42),
  "falco_libs.thread_table_auto_purging_thread_timeout_s": integer(42),
  "falco_libs.snaplen": integer(40),
};

/** Keys whose inside is not listed: what stands in them is the plugin's or the user's own. */
export const OPEN_KEYS: ReadonlySet<string> = new Set([
  "plugins",
  "rules",
  "append_output",
  "static_fields",
  "config_files",
  "container_engines",
  "metadata_download",
  "outputs",
  "grpc",
]);

/** The newest Falco that the table follows. */
export const NEWEST_FALCO = "0.44.0";

/** 44 of "0.44.1"; undefined for a text that is no version 0.x, and for local builds ("0.0.0-…"). */
export function minorOf(version: string | undefined): number | undefined {
  const minor = /^0\.(\d{1,4})\./.exec(version ?? "")?.[1];
  return minor === undefined || minor === "0" ? undefined : Number(minor);
}
