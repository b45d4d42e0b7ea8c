import { dirname } from "node:path";
import type { FalcoVersion, RefusalReason } from "./falco-binary.ts";
import { parseVersion } from "./parse-version.ts";
import { runProcess } from "./run-process.ts";

const OUTPUT_BYTES = 64 * 1024;

/** What the file says when asked for Falco's version, or why that is no answer. */
export async function askVersion(
  realPath: string,
  { nowMs, versionMs = 10_000 }: { readonly nowMs: () => number; readonly versionMs?: number },
): Promise<FalcoVersion | { readonly reason: RefusalReason; readonly detail: string }> {
  const lines: string[] = [];
  const end = await runProcess({
    file: realPath,
    args: ["--version"],
    folder: dirname(realPath),
    environment: childEnvironment("/"),
    limits: {
      startMs: versionMs,
      wholeMs: versionMs,
      graceMs: 500,
      outputBytes: OUTPUT_BYTES,
      lineBytes: OUTPUT_BYTES,
    },
    nowMs,
    onLine: ({ bytes }) => lines.push(bytes.toString("utf8")) > 0,
    onErrorLine: () => undefined,
  });
  switch (end.endedBy) {
    case "not_started":
      return { reason: "does-not-start", detail: `does not start (${end.cause?.code ?? "unknown error"})` };
    case "flood":
      return { reason: "floods", detail: `prints more than ${OUTPUT_BYTES} bytes when asked for its version` };
    case "itself":
      break;
    default:
      return { reason: "hangs", detail: `does not say its version within ${versionMs} ms` };
  }
  const version = parseVersion(lines.join("\n"));
  if (end.exitCode === 0 && version !== undefined) return version;
  const how = end.killedBy === undefined ? `exit code ${end.exitCode}` : end.killedBy;
  return { reason: "not-falco", detail: `does not say a Falco version when asked for it (${how})` };
}

/** The whole environment of a child: enough to find the tools a driver is loaded with, times in UTC, nothing of ours. */
export function childEnvironment(folder: string, hostname?: string): Readonly<Record<string, string>> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: folder,
    TMPDIR: folder,
    TZ: "UTC",
    LC_ALL: "C.UTF-8",
    ...(hostname === undefined ? {} : { FALCO_HOSTNAME: hostname }),
  };
}
