import { z } from "zod";
import { formatTimeNs } from "../../alert/time.ts";
import type { ChecklistStore } from "../../compliance/checklist.ts";
import { describeError } from "../../errors/describe-error.ts";
import type { RunningFalco } from "../../falco/host/running-falco.ts";
import type { Engines } from "../../runs/choose-engine.ts";
import type { SkillCatalog } from "../../skills/skill.ts";
import type { StoreStatus, Summary } from "../../store/alert-store.ts";
import { ENGINES, enginesView, HOST_FINDING, hostFindings, RUNNING_FALCO, runningFalcoView } from "../falco-view.ts";
import { defineTool } from "../tool.ts";

export const falcoStatus = defineTool({
  name: "falco_status",
  title: "Status",
  description:
    "What this server can see and do right now: engines that can run rules, the running Falco (health, version, drops, whether the rule files on disk are the loaded ones, what is wrong with its set-up and the lines that mend it), alerts stored (time span, by source), what feeds the store, skills, checklists, the audit trail's state, and which tools are withheld by which flag. " +
    "Call it first in an investigation; an empty search means little before you know this.",
  effect: "reads",
  toolset: "status",
  input: z.strictObject({}),
  output: z.strictObject({
    version: z.string(),
    home: z.string(),
    engines: ENGINES,
    falco: RUNNING_FALCO.optional(),
    findings: z.array(HOST_FINDING).describe("What is wrong with the running Falco's set-up, the worst first"),
    alerts: z.strictObject({
      stored: z.int(),
      first: z.string().optional(),
      last: z.string().optional(),
      by_source: z.record(z.string(), z.int()),
      store: z.string().describe("Database driver"),
      bytes: z.int(),
      damaged_files: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
      archived: z.int().optional().describe("Alerts that retention moved into the archive; searched with archive true"),
    }),
    feeds: z
      .array(
        z.strictObject({
          kind: z.enum(["file", "webhook"]),
          name: z.string(),
          state: z.string(),
          alerts: z.int(),
          rejected: z.int(),
          fault: z.string().optional(),
        }),
      )
      .describe("What fills the store while this server runs; none means only ingest_alerts does"),
    drops: z.strictObject({
      alerts: z.int().describe("Falco's own drop messages that are stored"),
      last: z.string().optional(),
    }),
    skills: z.array(z.string()),
    checklists: z.array(z.strictObject({ id: z.string(), title: z.string(), settled: z.int(), total: z.int() })),
    audit: z.strictObject({
      state: z.string(),
      records: z.int(),
      signed: z.int().describe("Records under a signed head"),
      problem: z.string().optional(),
    }),
    tools: z.array(z.string()),
    withheld: z
      .array(z.strictObject({ tool: z.string(), by: z.string() }))
      .describe("Tools that exist and are off, and the flag that does it"),
  }),
  cuttable: ["checklists", "skills", "findings"],

  async run(_input, { services, offered, withheld, signal }) {
    const faults: string[] = [];
    /** A part that fails must not hide the others: status is what people call when something is wrong. */
    const partly = <Part>(part: Promise<Part>, without: Part): Promise<Part> =>
      part.catch((error) => {
        const { code, message, fix } = describeError(error);
        faults.push(`${code}: ${message}. ${fix}`);
        return without;
      });
    const [store, catalog, checklists, audit, drops, engines, falco] = await Promise.all([
      partly(services.alerts.status(), NO_STORE),
      partly(services.skills(), { skills: [], faults: [] }),
      partly(services.checklists.list(), { checklists: [], faults: [] }),
      services.audit.status(),
      partly(services.alerts.summarize({ filter: { rules: DROP_RULES }, by: [], limit: 1 }), NO_DROPS),
      partly(services.engines(), undefined),
      partly<RunningFalco | undefined>(services.inspectFalco(signal), undefined),
    ]);
    return {
      data: {
        version: services.version,
        home: services.home,
        engines: engines === undefined ? [] : enginesView(engines),
        ...(falco === undefined ? {} : { falco: runningFalcoView(falco) }),
        findings: falco === undefined ? [] : hostFindings(falco),
        alerts: storeView(store),
        feeds: services.feeds().map(({ kind, name, state, alerts, rejected, fault }) => ({
          kind,
          name,
          state,
          alerts,
          rejected,
          ...(fault === undefined ? {} : { fault }),
        })),
        drops: { alerts: drops.matched, ...(drops.lastNs === undefined ? {} : { last: formatTimeNs(drops.lastNs) }) },
        skills: catalog.skills.map(({ name }) => name),
        checklists: checklists.checklists.map(({ id, title, progress }) => ({
          id,
          title,
          settled: progress.settled,
          total: progress.total,
        })),
        audit: {
          state: audit.state,
          records: audit.head?.size ?? audit.signed?.size ?? 0,
          signed: audit.signed?.size ?? 0,
          ...(audit.problem === undefined ? {} : { problem: `${audit.problem.code}: ${audit.problem.message}` }),
        },
        tools: [...offered],
        withheld: withheld.map(({ tool, by }) => ({ tool, by })),
      },
      source: { kind: "this server", looked_at: store.alerts },
      warnings: [...new Set(faults), ...warningsOf({ store, catalog, checklists, drops, engines })],
      untrusted: [
        "checklists[].title",
        "feeds[].name",
        "alerts.by_source",
        "falco.rule_matches",
        "falco.version",
        "falco.problems",
        "falco.mend.lines",
        "falco.outputs[].target",
        "findings[].message",
        "findings[].lines",
      ],
    };
  },
});

const NO_STORE: StoreStatus = { driver: "none", alerts: 0, bytes: 0, sources: [], setAside: [] };
const NO_DROPS: Summary = { matched: 0, considered: 0, groups: [], groupCount: 0 };

/** Falco's own words for lost events, as its alerts of source "internal" name them. */
const DROP_RULES = ["Falco internal: syscall event drop"];

function storeView(store: StoreStatus) {
  return {
    stored: store.alerts,
    ...(store.firstNs === undefined ? {} : { first: formatTimeNs(store.firstNs) }),
    ...(store.lastNs === undefined ? {} : { last: formatTimeNs(store.lastNs) }),
    by_source: Object.fromEntries(store.sources.map(({ source, alerts }) => [source, alerts])),
    store: store.driver,
    bytes: store.bytes,
    damaged_files: store.setAside.map(({ path, reason }) => ({ path, reason })),
    ...(store.archive === undefined ? {} : { archived: store.archive.alerts }),
  };
}

interface Seen {
  readonly store: StoreStatus;
  readonly catalog: SkillCatalog;
  readonly checklists: Awaited<ReturnType<ChecklistStore["list"]>>;
  readonly drops: Summary;
  readonly engines: Engines | undefined;
}

function warningsOf({ store, catalog, checklists, drops, engines }: Seen): string[] {
  const refused = (engines?.search.refused ?? []).filter(({ reason }) => reason !== "missing");
  return [
    ...(store.alerts === 0
      ? ["the store holds no alert yet: use ingest_alerts, or start the server with --alerts or --listen"]
      : []),
    ...refused.map(({ path, detail }) => `${path} is not used as Falco: ${detail}`),
    ...(drops.matched > 0 ? ["Falco reported dropped events: what it did not see, no search can find"] : []),
    ...(store.setAside.length > 0
      ? ["files of the store are damaged: alerts in them are missing from every answer"]
      : []),
    ...catalog.faults.map(({ folder, message }) => `skill folder ${folder} is refused: ${message}`),
    ...checklists.faults.map(({ file, message }) => `checklist file ${file}: ${message}`),
  ];
}
