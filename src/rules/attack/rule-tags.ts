import { findTactic, findTechnique, replacementOf, TACTICS, type Tactic, type Technique } from "./attack.ts";
import { type ComplianceTag, readComplianceTag } from "./compliance-tags.ts";
import type { TagFault } from "./tag-fault.ts";

/** What the tags of a rule say, and which of them cannot be right. */
export interface RuleTags {
  readonly maturity?: string;
  readonly tactics: readonly Tactic[];
  readonly techniques: readonly Technique[];
  readonly compliance: readonly ComplianceTag[];
  /** All that is none of the above: host, container, network… */
  readonly topics: readonly string[];
  readonly faults: readonly TagFault[];
}

/** The tags of a rule sorted by what they say; tags are free text, so nothing here fails. */
export function readRuleTags(tags: readonly string[]): RuleTags {
  const faults: TagFault[] = [];
  const found = { tactics: new Map<string, Tactic>(), techniques: new Map<string, Technique>() };
  const compliance: ComplianceTag[] = [];
  const topics: string[] = [];
  let maturity: string | undefined;
  for (const tag of tags) {
    if (tag.startsWith("maturity_")) maturity = tag.slice("maturity_".length);
    else if (/^mitre_/i.test(tag)) readTactic(tag, found.tactics, faults);
    else if (/^TA\d{4}$/i.test(tag)) readTacticId(tag, found.tactics, faults);
    else if (/^T\d{4}(?:\.\d{3})?$/i.test(tag)) readTechnique(tag, found.techniques, faults);
    else {
      const control = readComplianceTag(tag);
      if (control === undefined) topics.push(tag);
      else if ("fault" in control) faults.push(control.fault);
      else {
        compliance.push(control.tag);
        if (control.tag.outdated !== undefined) faults.push(outdated(control.tag));
      }
    }
  }
  faults.push(...mismatches(found.tactics, found.techniques));
  return {
    ...(maturity === undefined ? {} : { maturity }),
    tactics: TACTICS.filter(({ id }) => found.tactics.has(id)),
    techniques: [...found.techniques.values()],
    compliance,
    topics,
    faults,
  };
}

function readTactic(tag: string, tactics: Map<string, Tactic>, faults: TagFault[]): void {
  const tactic = findTactic(tag.slice("mitre_".length).toLowerCase().replaceAll("_", "-"));
  if (tactic === undefined) {
    const instead = TACTICS.map(tacticTag);
    faults.push({ kind: "unknown-tactic", tag, instead, message: "names no tactic of ATT&CK enterprise" });
  } else tactics.set(tactic.id, tactic);
}

function readTacticId(tag: string, tactics: Map<string, Tactic>, faults: TagFault[]): void {
  const tactic = findTactic(tag.toUpperCase());
  if (tactic === undefined) {
    faults.push({ kind: "unknown-tactic", tag, instead: [], message: "is the id of no tactic of ATT&CK enterprise" });
  } else tactics.set(tactic.id, tactic);
}

function readTechnique(tag: string, techniques: Map<string, Technique>, faults: TagFault[]): void {
  const id = tag.toUpperCase();
  const technique = findTechnique(id);
  if (technique !== undefined) {
    techniques.set(id, technique);
    return;
  }
  const instead = replacementOf(id);
  if (instead === undefined) {
    const parent = id.includes(".") ? findTechnique(id.slice(0, 5)) : undefined;
    const message = "is the id of no technique of ATT&CK enterprise";
    faults.push({ kind: "unknown-technique", tag, instead: parent === undefined ? [] : [parent.id], message });
    return;
  }
  const replacement = findTechnique(instead);
  if (replacement !== undefined) techniques.set(replacement.id, replacement);
  faults.push({
    kind: "retired-technique",
    tag,
    instead: instead === "" ? [] : [instead],
    message: instead === "" ? "was withdrawn from ATT&CK" : `was replaced by ${instead} in ATT&CK`,
  });
}

/** A technique none of whose tactics is tagged, where at least one tactic is. */
function mismatches(tactics: ReadonlyMap<string, Tactic>, techniques: ReadonlyMap<string, Technique>): TagFault[] {
  if (tactics.size === 0) return [];
  const tagged = new Set([...tactics.values()].map(({ shortName }) => shortName));
  return [...techniques.values()]
    .filter((technique) => !technique.tactics.some((tactic) => tagged.has(tactic)))
    .map((technique) => {
      const own = technique.tactics.flatMap((shortName) => findTactic(shortName) ?? []);
      const names = own.map(({ name }) => name).join(", ");
      const given = [...tactics.values()].map(({ name }) => name).join(", ");
      return {
        kind: "tactic-mismatch",
        tag: technique.id,
        instead: own.map(tacticTag),
        message: `(${technique.name}) belongs to ${names}, while the rule is tagged ${given}`,
      } as const;
    });
}

function outdated(tag: ComplianceTag): TagFault {
  return {
    kind: "outdated-pci",
    tag: tag.tag,
    instead: (tag.outdated?.instead ?? []).map((control) => `PCI_DSS_${control}`),
    message: `follows PCI DSS 3.2.1 (${tag.outdated?.meant}); in 4.0.1 that number is ${tag.outdated?.now}`,
  };
}

/** mitre_command_and_control */
function tacticTag({ shortName }: Tactic): string {
  return `mitre_${shortName.replaceAll("-", "_")}`;
}
