import { createHash } from "node:crypto";
import type { Checklist, ChecklistItem } from "../checklist.ts";
import type { EvidenceManifest } from "../evidence/evidence-manifest.ts";

const OSCAL_VERSION = "1.2.1";

export interface OscalInput {
  readonly title: string;
  readonly log: string;
  readonly asOf: string;
  readonly version: string;
  readonly checklist?: Checklist;
  readonly artefacts: readonly EvidenceManifest[];
}

/**
 * The package as OSCAL assessment results (schema 1.2.1). Ids come from the content, so that the same package gives the
 * same document. Findings are about checklist items, never about controls: "satisfied" means that an item's test passed
 * or a person vouches for it.
 */
export function oscalResults({ title, log, asOf, version, checklist, artefacts }: OscalInput): object {
  const id = (...parts: string[]) => uuidOf([log, checklist?.id ?? "", ...parts].join("\n"));
  const items = checklist?.items.filter(({ standing }) => standing !== "unset") ?? [];
  const observations = [
    ...items.map((item) => itemObservation(item, id("item", item.template.id), asOf)),
    ...artefacts.map((artefact) => artefactObservation(artefact, id("artefact", artefact.id))),
  ];
  const findings = items.flatMap((item) => finding(item, id));
  const controls = [...new Set(items.flatMap(({ template }) => template.controls.map(controlId)))];
  return {
    "assessment-results": {
      uuid: id("document"),
      metadata: { title: line(title), "last-modified": asOf, version: line(version), "oscal-version": OSCAL_VERSION },
      "import-ap": { href: checklist === undefined ? "manifest.json" : "checklist.json" },
      results: [
        {
          uuid: id("result"),
          title: line(title),
          description:
            "Tests of checklist items and artefacts. States what was observed, over what and what was not; it does not state that a control is met.",
          start: checklist?.createdAt ?? asOf,
          end: asOf,
          "reviewed-controls": {
            "control-selections": [
              controls.length === 0
                ? { "include-all": {} }
                : { "include-controls": controls.map((control) => ({ "control-id": control })) },
            ],
          },
          ...(observations.length === 0 ? {} : { observations }),
          ...(findings.length === 0 ? {} : { findings }),
        },
      ],
    },
  };
}

function itemObservation(item: ChecklistItem, uuid: string, asOf: string): object {
  const { template, state, standing, reason, at, automatic, evidence } = item;
  const method = standing === "tested" ? "TEST" : standing === "attested" ? "INTERVIEW" : "EXAMINE";
  const files = evidence.filter((name) => /^ev-[0-9a-f]{16}$/.test(name));
  return {
    uuid,
    title: line(`${template.id} ${template.title}`),
    description: automatic?.reason ?? reason ?? template.text,
    methods: [method],
    types: ["control-objective"],
    props: [
      { name: "state", value: state },
      { name: "standing", value: standing },
    ],
    ...(files.length === 0
      ? {}
      : { "relevant-evidence": files.map((name) => ({ href: `evidence/${name}.json`, description: name })) }),
    collected: at ?? asOf,
  };
}

function artefactObservation(artefact: EvidenceManifest, uuid: string): object {
  const { id, name, kind, sha256, bytes, collected } = artefact;
  return {
    uuid,
    title: line(name),
    description: `Artefact of kind ${kind}, ${bytes} bytes, taken with ${collected.tool}.`,
    methods: ["EXAMINE"],
    types: ["discovery"],
    props: [{ name: "sha256", value: sha256 }],
    "relevant-evidence": [{ href: `evidence/${id}.json`, description: "Manifest of the artefact." }],
    collected: collected.at,
  };
}

function finding(item: ChecklistItem, id: (...parts: string[]) => string): object[] {
  const { template, state, standing } = item;
  const judged = (standing === "tested" || standing === "attested") && (state === "done" || state === "failed");
  if (!judged) return [];
  return [
    {
      uuid: id("finding", template.id),
      title: line(`${template.id} ${template.title}`),
      description: template.text,
      target: {
        type: "objective-id",
        "target-id": token(template.id),
        status: {
          state: state === "done" ? "satisfied" : "not-satisfied",
          reason: state === "done" ? "pass" : "fail",
          remarks: "The state of a checklist item, not of a control.",
        },
      },
      "related-observations": [{ "observation-uuid": id("item", template.id) }],
    },
  ];
}

function controlId({ framework, revision, control }: { framework: string; revision: string; control: string }): string {
  return token(`${framework}_${revision}_${control}`);
}

/** Letters, digits, dots, hyphens and underscores, beginning with a letter or an underscore. */
function token(text: string): string {
  const plain = text.replace(/[^\p{L}\p{N}.\-_]/gu, "-");
  return /^[\p{L}_]/u.test(plain) ? plain : `_${plain}`;
}

const line = (text: string): string => text.replace(/\s+/g, " ").trim() || "(none)";

/** RFC 9562 version 5 in shape: 122 bits of a digest over the content. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(`falco-skills/oscal\n${text}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
