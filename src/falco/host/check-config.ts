import { configFindings } from "./config-findings.ts";
import { minorOf } from "./config-keys.ts";
import { createConfigView } from "./config-view.ts";
import { type Found, tell } from "./found.ts";
import type { HostFinding } from "./host-finding.ts";
import { keyFindings } from "./key-findings.ts";
import { blocksWith } from "./mend.ts";
import { blocksOf, readConfigText } from "./merge-config.ts";

export interface ConfigCheck {
  /** Keys and values in the order of the file, then what the configuration hides. */
  readonly findings: readonly HostFinding[];
  /** Every change of the findings in one: blocks that replace those of the same name. */
  readonly mended?: string;
}

export interface CheckOptions {
  /** x.y.z of the Falco it is for; the newest by default. */
  readonly version?: string;
  /** How the file is called in findings; falco.yaml by default. */
  readonly name?: string;
  readonly webhook?: string;
}

/**
 * What one falco.yaml, or a file of config_files, lacks for forensics, and which of its keys and values Falco ignores or
 * refuses. The text is judged alone: files it takes in, and rules, are not read.
 */
export function checkConfig(text: string, options: CheckOptions = {}): ConfigCheck {
  const { name = "falco.yaml", webhook } = options;
  const minor = minorOf(options.version);
  const read = readConfigText(text);
  if (!read.ok) {
    const fault: Found = {
      code: "CONFIG_MALFORMED",
      message: read.message,
      fix: "Correct the YAML at this line: check indentation, quotes and the blank behind colons.",
      where: `${name}:${read.line}`,
    };
    return { findings: [tell(fault)] };
  }
  const view = createConfigView(blocksOf(read.root, name), [], undefined);
  const context = {
    minor,
    reachesUs: undefined,
    rulesCapture: undefined,
    ...(webhook === undefined ? {} : { webhook }),
  };
  const found = configFindings(view, context);
  const keys = keyFindings({ path: name, root: read.root, included: false, minor });
  const mended = blocksWith(
    view,
    found.flatMap(({ changes = [] }) => changes),
    false,
  );
  return {
    findings: [...keys.map((one) => tell(one)), ...found.map((one) => tell(one, view, false))],
    ...(mended === undefined || mended === "" ? {} : { mended }),
  };
}
