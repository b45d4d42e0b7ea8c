import { readComplianceTag } from "../../rules/attack/compliance-tags.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { FEDRAMP, NIST_CSF } from "./csf-rows.ts";
import { LABELS } from "./labels.ts";
import { type ControlMapping, mappingsOf } from "./mapping.ts";
import { NIST_800_53 } from "./nist-rows.ts";
import { CIS, HIPAA, PCI_DSS } from "./pci-rows.ts";
import { ISO_27001, SOC2 } from "./standard-rows.ts";

/** Every control that artefacts of ours bear on. A control is never satisfied by them: they are what a person looks at. */
export const MAPPINGS: readonly ControlMapping[] = [
  ...mappingsOf("nist-800-53", "5.2.0", NIST_800_53),
  ...mappingsOf("nist-csf", "2.0", NIST_CSF),
  ...mappingsOf("fedramp-20x", "2026", FEDRAMP),
  ...mappingsOf("soc2-tsc", "2017", SOC2),
  ...mappingsOf("iso-27001", "2022", ISO_27001),
  ...mappingsOf("pci-dss", "4.0.1", PCI_DSS),
  ...mappingsOf("hipaa", "2013", HIPAA),
  ...mappingsOf("cis-controls", "8.1", CIS),
];

/** What a name means, and what must be said with it. */
export interface ResolvedName {
  readonly mappings: readonly ControlMapping[];
  readonly warnings: readonly string[];
}

/**
 * The mappings that a name stands for: a control (`CC7.2`), a control under its framework (`soc2-tsc:CC7.2`,
 * `soc2-tsc:2017:CC7.2`), a label in use elsewhere (`iso27001:A.13.1`, `PR.AC`), or a compliance tag of a Falco rule
 * (`PCI_DSS_10.2.5`), whose numbers of an older revision are translated. Undefined for a name that means nothing here.
 */
export function resolveControl(name: string): ResolvedName | undefined {
  const wanted = name.trim().toLowerCase();
  const labelled = LABELS.find(({ label }) =>
    [label, label.split(":")[1]].some((part) => part?.toLowerCase() === wanted),
  );
  const exact = MAPPINGS.filter(({ id, framework, control }) =>
    [id, `${framework}:${control}`, control].some((form) => form.toLowerCase() === wanted),
  );
  if (labelled !== undefined && (exact.length === 0 || labelled.label.toLowerCase() === wanted)) {
    return { mappings: labelled.targets.flatMap(find), warnings: warningOf(name, labelled.warning) };
  }
  if (exact.length > 0) return { mappings: exact, warnings: warningOf(name, labelled?.warning) };
  return resolveTag(name.trim());
}

/** As `resolveControl`, for the tags of a Falco rule. */
function resolveTag(tag: string): ResolvedName | undefined {
  const read = readComplianceTag(tag);
  if (read === undefined || "fault" in read) return undefined;
  const { framework, control, outdated } = read.tag;
  if (framework === "NIST 800-53") {
    const note = `${tag} states no revision and Falco's own text means 800-171 in places: 5.2.0 is assumed, confidence is low`;
    return { mappings: find({ framework: "nist-800-53", revision: "5.2.0", control }), warnings: [note] };
  }
  if (framework !== "PCI DSS") return undefined;
  const controls = outdated?.instead ?? [control];
  const mappings = controls.flatMap((number) => find({ framework: "pci-dss", revision: "4.0.1", control: number }));
  const note =
    outdated === undefined
      ? []
      : [
          `${tag} is a number of 3.2.1 (${outdated.meant}); in 4.0.1 it means ${outdated.now}, so ${controls.join(", ")} are meant`,
        ];
  return { mappings, warnings: note };
}

function find(wanted: { framework: string; revision: string; control: string }): ControlMapping[] {
  const id = `${wanted.framework}:${wanted.revision}:${wanted.control}`;
  return MAPPINGS.filter((mapping) => mapping.id === id);
}

const warningOf = (name: string, warning: string | undefined): string[] =>
  warning === undefined ? [] : [`${name}: ${warning}`];

/** Names near to one that means nothing here. */
export function nearControls(name: string): string[] {
  return nearestNames(name, [...new Set(MAPPINGS.map(({ control }) => control))], 3);
}
