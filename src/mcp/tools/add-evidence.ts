import { z } from "zod";
import { EVIDENCE_KINDS } from "../../compliance/evidence/evidence-manifest.ts";
import { nearControls, resolveControl } from "../../compliance/pack/control-pack.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { FILTER, resolveWindow, toAlertFilter } from "../filter-input.ts";
import type { Services } from "../services.ts";
import { defineTool } from "../tool.ts";

export const addEvidence = defineTool({
  name: "add_evidence",
  title: "Keep evidence",
  description:
    "Keep an artefact as evidence: a file inside the server's folders, the alerts of a filter, a text, or a call of this server by its record number. " +
    "It is copied under its SHA-256, gets a manifest (who, when, with which arguments, over which window, with counts that reconcile) and a record in the audit trail. " +
    "Name the checklist and the items it is for: verify_checklist looks for artefacts of the right kind there. Exactly one of path, alerts, text and record is needed.",
  effect: "records",
  toolset: "compliance",
  input: z.strictObject({
    kind: z
      .enum(EVIDENCE_KINDS)
      .describe("What it is; items of checklists ask for kinds, as capture, pod, image, timeline"),
    path: z.string().min(1).max(4_096).optional().describe("File inside the server's folders; at most 256 MiB"),
    alerts: z
      .strictObject(FILTER)
      .optional()
      .describe("Filter as in search_alerts: the matching alerts are kept line by line; at most 50,000"),
    text: z
      .string()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe("Text to keep as it is; say in description where it is from"),
    record: z
      .int()
      .min(0)
      .optional()
      .describe("Record number from search_audit: keeps what the trail says of that call"),
    name: z.string().min(1).max(200).optional().describe("Short name; default: the file's name or what it is"),
    description: z.string().max(2_000).optional().describe("Where it is from and what it shows"),
    checklist: z.string().min(1).max(100).optional().describe("Checklist it belongs to"),
    items: z.array(z.string().max(40)).max(32).optional().describe("Items of that checklist it is for, as V4"),
    controls: z
      .array(z.string().min(1).max(100))
      .max(32)
      .optional()
      .describe("Controls it is for, as soc2-tsc:CC7.2; most follow from kind and items already"),
  }),
  output: z.strictObject({
    id: z.string().describe("Pass to update_checklist as evidence"),
    sha256: z.string(),
    bytes: z.int(),
    name: z.string(),
    kind: z.string(),
    record: z.int().describe("Record of the audit trail that holds hash and manifest"),
    counts: z
      .strictObject({ read: z.int(), parsed: z.int(), rejected: z.int() })
      .optional()
      .describe("Alerts: read = parsed + rejected"),
    controls: z.array(z.string()).describe("Controls that the manifest names, with framework and revision"),
  }),

  async run(input, { services, caller }) {
    const { compliance } = services;
    const desk = await compliance();
    const { kind, name, description, checklist, items = [] } = input;
    if (checklist !== undefined) await checkItems(services, checklist, items);
    else if (items.length > 0) throw argument("items are named without their checklist");
    const named = (input.controls ?? []).map((control) => resolveControl(control) ?? unknownControl(control));
    const controls = named.flatMap(({ mappings }) => mappings);
    const { manifest, receipt } = await desk.addEvidence(
      {
        kind,
        from: await sourceOf(input, services, desk.resolveFile),
        controls: controls.map(({ framework, revision, control }) => ({ framework, revision, control })),
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(checklist === undefined ? {} : { checklist: { id: checklist, items } }),
      },
      { by: { kind: "agent", name: caller.client?.name ?? "unknown client" }, session: caller.session },
    );
    const { counts } = manifest;
    return {
      data: {
        id: manifest.id,
        sha256: manifest.sha256,
        bytes: manifest.bytes,
        name: manifest.name,
        kind: manifest.kind,
        record: receipt?.seq ?? 0,
        ...(counts === undefined
          ? {}
          : { counts: { read: counts.read, parsed: counts.parsed, rejected: counts.rejected } }),
        controls: manifest.controls.map((one) => `${one.framework} ${one.revision} ${one.control}`),
      },
      source: { kind: "evidence", looked_at: 1 },
      warnings: named.flatMap(({ warnings }) => warnings),
      untrusted: ["name"],
    };
  },
});

interface Given {
  readonly path?: string | undefined;
  readonly alerts?: Parameters<typeof toAlertFilter>[0] | undefined;
  readonly text?: string | undefined;
  readonly record?: number | undefined;
}

async function sourceOf(
  { path, alerts, text, record }: Given,
  services: Services,
  resolve: (path: string) => Promise<string>,
) {
  const count = [path, alerts, text, record].filter((one) => one !== undefined).length;
  if (count !== 1) throw argument(`${count} of path, alerts, text and record are given; exactly one is needed`);
  if (path !== undefined) return { file: await resolve(path) };
  if (text !== undefined) return { text };
  if (record !== undefined) return { record };
  const given = alerts ?? {};
  const filter = await toAlertFilter(given, services.alerts, resolveWindow(given, services.nowNs()));
  return { filter, selector: JSON.stringify(alerts).slice(0, 4_000) };
}

async function checkItems({ checklists }: Services, id: string, items: readonly string[]): Promise<void> {
  const known = (await checklists.get(id)).items.map(({ template }) => template.id);
  const unknown = items.find((item) => !known.includes(item));
  if (unknown === undefined) return;
  throw new FalcoSkillsError("CHECKLIST_ITEM_UNKNOWN", `the checklist has no item ${JSON.stringify(unknown)}`, {
    fix: "Call update_checklist with only the checklist to see its items.",
  });
}

function unknownControl(name: string): never {
  throw new FalcoSkillsError("CONTROL_UNKNOWN", `no control is called ${JSON.stringify(name)}`, {
    fix: `Write it as soc2-tsc:CC7.2${nearControls(name).length > 0 ? `; near: ${nearControls(name).join(", ")}` : ""}.`,
  });
}

const argument = (what: string): FalcoSkillsError =>
  new FalcoSkillsError("INVALID_ARGUMENT", what, { fix: "Correct the arguments and call add_evidence again." });
