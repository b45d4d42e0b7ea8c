import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Services } from "../../../src/mcp/services.ts";
import type { Tool } from "../../../src/mcp/tool.ts";
import { resolveInside } from "../../../src/paths/roots.ts";
import { openRuleLibrary } from "../../../src/rules/library/open-rule-library.ts";
import { embeddedEngine } from "../../../src/runs/embedded-engine.ts";
import { openRuns } from "../../../src/runs/open-runs.ts";
import type { AlertStore } from "../../../src/store/alert-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite-store.ts";
import { answerOf } from "./answer-of.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/captures");
const SKILL = join(import.meta.dirname, "../../../skills/performing-cloud-native-forensics-with-falco/rules");
const K8S = `
- rule: Secret read
  desc: d
  condition: ka.verb = get and ka.target.resource = secrets
  output: secret %ka.target.name by %ka.user.name
  priority: WARNING
  source: k8s_audit
`;
const EVENT = {
  auditID: "1",
  verb: "get",
  user: { username: "eve" },
  objectRef: { resource: "secrets", name: "db" },
  stageTimestamp: "2026-11-22T10:00:00Z",
};

type Data = Record<string, unknown> & { warnings: string[]; run_id: string };

export interface ReplayTools {
  readonly alerts: AlertStore;
  /** The structured answer, checked against the tool's own schemas. */
  answer(tool: Tool, input: Record<string, unknown>, signal?: AbortSignal): Promise<Data>;
  close(): Promise<void>;
}

/** The tools that run rules over a real store, library and folder of runs; inputs are in a folder of their own. */
export async function replayTools(): Promise<ReplayTools> {
  const folder = mkdtempSync(join(tmpdir(), "run-falco-"));
  const roots = join(folder, "captures");
  mkdirSync(roots);
  copyFileSync(join(FIXTURES, "web-intrusion.scap"), join(roots, "web.scap"));
  writeFileSync(join(roots, "cut.scap"), readFileSync(join(FIXTURES, "web-intrusion.scap")).subarray(0, 60_000));
  writeFileSync(join(roots, "audit.jsonl"), `${JSON.stringify(EVENT)}\noops\n`);
  let clock = Date.parse("2026-11-23T08:00:00Z");
  const nowMs = (): number => {
    clock += 1;
    return clock;
  };
  const newId = (): string => `id${nowMs()}`;
  const alerts = await openSqliteStore({ folder: join(folder, "alerts"), nowMs });
  const rules = openRuleLibrary({ folder: join(folder, "rules"), nowMs, newId });
  const shells = readFileSync(join(SKILL, "container-forensics.yaml"), "utf8");
  await rules.load("forensics", [{ name: "r.yaml", text: shells }]);
  await rules.load("k8s", [{ name: "k.yaml", text: K8S }]);
  await rules.load("broken", [
    { name: "b.yaml", text: K8S.replace("ka.verb", "evt.nothing").replace("k8s_audit", "syscall") },
  ]);
  await rules.load("broken-audit", [{ name: "c.yaml", text: `${shells}\n${K8S.replace("ka.verb", "ka.nothing")}` }]);
  const services = {
    alerts,
    rules,
    nowNs: () => BigInt(nowMs()) * 1_000_000n,
    runs: openRuns({ folder: join(folder, "runs"), nowMs, newId }),
    hostname: "node-1",
    engines: async () => ({
      embedded: (version: string) => embeddedEngine(version, "node-1"),
      falco: undefined,
      binary: undefined,
      search: { refused: [] },
    }),
    captures: { locate: (path: string) => resolveInside({ folders: [roots], flag: "--captures-root" }, path) },
  } as unknown as Services;
  const caller = { session: "s", client: { name: "host", version: "2" } };
  const answer: ReplayTools["answer"] = async (tool, input, signal) =>
    (await answerOf(tool, input, { services, caller, ...(signal === undefined ? {} : { signal }) })) as Data;
  return {
    alerts,
    answer,
    async close() {
      await alerts.close();
      rmSync(folder, { recursive: true });
    },
  };
}
