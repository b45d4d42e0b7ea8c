import type { TagFault } from "./tag-fault.ts";

/** A control that a tag names. */
export interface ComplianceTag {
  readonly tag: string;
  readonly framework: "PCI DSS" | "NIST 800-53" | "NIST 800-171" | "CIS";
  /** 11.5.1, AC-2, AC-2(4); empty where the tag names the framework alone. */
  readonly control: string;
  /** For numbers of PCI DSS 3.2.1 that mean something else in 4.0.1. */
  readonly outdated?: { readonly meant: string; readonly now: string; readonly instead: readonly string[] };
}

/** Numbers that Falco's rules carry from 3.2.1: what they meant, what 4.0.1 has there, where the meaning went. */
const PCI_MOVED: Readonly<Record<string, NonNullable<ComplianceTag["outdated"]>>> = {
  "6.4.2": {
    meant: "separate duties of test and production",
    now: "protection of public web applications against attacks",
    instead: ["6.5.3", "6.5.4"],
  },
  "10.2.5": {
    meant: "use and change of identification mechanisms are logged",
    now: "no requirement",
    instead: ["10.2.1.5", "10.2.1.2"],
  },
  "11.5.1": {
    meant: "a process answers alerts of change detection",
    now: "detection of intrusions in the network",
    instead: ["11.5.2", "12.10.5"],
  },
};

/** Families of NIST SP 800-53 revision 5, with the number of their last base control. */
const NIST_FAMILIES: Readonly<Record<string, number>> = {
  AC: 25,
  AT: 6,
  AU: 16,
  CA: 9,
  CM: 14,
  CP: 13,
  IA: 13,
  IR: 10,
  MA: 7,
  MP: 8,
  PE: 23,
  PL: 11,
  PM: 32,
  PS: 9,
  PT: 8,
  RA: 10,
  SA: 24,
  SC: 51,
  SI: 23,
  SR: 12,
};

/** What a compliance tag names, a fault where it cannot be one, undefined for every other tag. */
export function readComplianceTag(tag: string): { tag: ComplianceTag } | { fault: TagFault } | undefined {
  if (/^cis$/i.test(tag)) return { tag: { tag, framework: "CIS", control: "" } };
  const pci = /^PCI(?:_DSS)?_(.*)$/i.exec(tag);
  if (pci !== null) return readPci(tag, pci[1] ?? "");
  const nist = /^NIST_(.*)$/i.exec(tag);
  return nist === null ? undefined : readNist(tag, nist[1] ?? "");
}

function readPci(tag: string, control: string): { tag: ComplianceTag } | { fault: TagFault } {
  const [requirement = 0] = control.split(".").map(Number);
  if (!/^\d{1,2}(?:\.\d{1,2}){0,4}$/.test(control) || requirement < 1 || requirement > 12) {
    return malformed(tag, "names no requirement of PCI DSS: they are numbered 1 to 12, as PCI_DSS_11.5.2");
  }
  const outdated = PCI_MOVED[control];
  return { tag: { tag, framework: "PCI DSS", control, ...(outdated === undefined ? {} : { outdated }) } };
}

function readNist(tag: string, rest: string): { tag: ComplianceTag } | { fault: TagFault } {
  const [publication, control = ""] = rest.split(/_(.*)/s);
  if (publication === "800-171") return { tag: { tag, framework: "NIST 800-171", control } };
  const [, family = "", number = ""] = /^([A-Z]{2})-(\d{1,2})(?:\(\d{1,2}\))?$/.exec(control) ?? [];
  const last = NIST_FAMILIES[family];
  if (publication !== "800-53" || last === undefined || Number(number) < 1 || Number(number) > last) {
    return malformed(tag, "names no control of NIST SP 800-53: write family and number, as NIST_800-53_AU-10");
  }
  return { tag: { tag, framework: "NIST 800-53", control } };
}

function malformed(tag: string, message: string): { fault: TagFault } {
  return { fault: { kind: "malformed-compliance", tag, instead: [], message } };
}
