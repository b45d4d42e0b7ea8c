/** What the webserver of a Falco 0.44.0 answered, shortened to one metric a kind; and more of the same form. */
export const HEALTH = '{"status": "ok"}';

export const VERSIONS =
  '{"default_driver_version":"0.0.0-local","driver_api_version":"10.0.0","driver_schema_version":"4.3.0","engine_version":"63","engine_version_semver":"0.63.0","falco_version":"0.44.0","libs_version":"0.0.0-local","plugin_api_version":"3.12.0","plugin_versions":{"container":"0.7.1"}}';

const HASH = "1c15d5d543635b76e31cca39d7df8bf4caf50a428613c314d92986a23bfcb617";

/** One metric as Falco writes it: comments, labels unescaped. */
export function metric(name: string, value: string | number, labels: Record<string, string> = {}): string {
  const full = `falcosecurity_${name}`;
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
  const type = name.endsWith("_total") ? "counter" : "gauge";
  return `# HELP ${full} https://falco.org/docs/metrics/\n# TYPE ${full} ${type}\n${full}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

export const METRICS = [
  metric("falco_version_info", 1, { version: "0.44.0" }),
  metric("falco_sha256_rules_files_info", 1, { file_name: "falco_rules.yaml", sha256: HASH }),
  metric("falco_sha256_config_files_info", 1, { file_name: "falco.yaml", sha256: HASH }),
  metric("scap_engine_name_info", 1, { engine_name: "nodriver", evt_source: "syscall" }),
  metric("falco_cpu_usage_ratio", "0.020000"),
  metric("falco_memory_rss_bytes", "27070464.000000"),
  metric("scap_n_drops_full_threadtable_total", 0),
  metric("falco_kernel_release_info", 1, { kernel_release: "6.8.0-generic" }),
  metric("falco_outputs_queue_num_drops_total", 0),
  metric("falco_reload_timestamp_nanoseconds", "1795312649132376543"),
  metric("falco_start_timestamp_nanoseconds", "1795312649127997527"),
  metric("falco_duration_seconds_total", 2),
].join("");
