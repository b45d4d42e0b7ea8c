import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Services } from "../../../src/mcp/services.ts";
import type { Tool } from "../../../src/mcp/tool.ts";
import { resolveInside } from "../../../src/paths/roots.ts";
import { openRuleLibrary } from "../../../src/rules/library/open-rule-library.ts";
import { answerOf } from "./answer-of.ts";

const SHIPPED = resolve(import.meta.dirname, "../../../skills/performing-cloud-native-forensics-with-falco/rules");

type Data = Record<string, unknown> & { warnings: string[]; untrusted_fields: string[]; next_cursor?: string };

export interface RuleTools {
  readonly folder: string;
  /** The structured answer, checked against the tool's own schemas. */
  answer(tool: Tool, input: Record<string, unknown>, room?: number): Promise<Data>;
  remove(): void;
}

/** The rule tools over a real library in a folder of its own; rule files may be read from `<folder>/rules`. */
export function ruleTools(): RuleTools {
  const folder = mkdtempSync(join(tmpdir(), "rule-tools-"));
  let ids = 0;
  let clock = 1_000;
  const rules = openRuleLibrary({
    folder: join(folder, "home"),
    nowMs() {
      clock += 1;
      return clock;
    },
    newId() {
      ids += 1;
      return `id${ids}`;
    },
    locate: (path) => resolveInside({ folders: [join(folder, "rules")], flag: "--rules-root" }, path),
    builtinFolders: async () => [SHIPPED],
  });
  const services = { rules } as unknown as Services;
  return {
    folder,
    async answer(tool, input, room = 20_000) {
      return (await answerOf(tool, input, { services, maxChars: room })) as Data;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export const rule = (name: string, condition: string, more = ""): string =>
  `- rule: ${name}\n  desc: about ${name}\n  condition: ${condition}\n  output: "${name} %proc.cmdline %proc.pname %user.name"\n  priority: WARNING\n  tags: [mitre_execution, T1059.004]\n${more}`;
