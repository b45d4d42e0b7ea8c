import { PACK_VERSION } from "./mapping.ts";

/** A label in use elsewhere that is unversioned, outdated or misleading, and what it should have said. */
export interface ControlLabel {
  /** As people write it, with its framework: `soc2:CC7.1`. */
  readonly label: string;
  /** What it is usually said to mean there. */
  readonly said: string;
  readonly targets: readonly { readonly framework: string; readonly revision: string; readonly control: string }[];
  /** What a reader must know; absent where the label is right as it stands. */
  readonly warning?: string;
  readonly source: "skill-label";
  readonly sourceVersion: string;
}

type Target = readonly [framework: string, revision: string, controls: string];

const label = (
  name: string,
  said: string,
  [framework, revision, controls]: Target,
  warning?: string,
): ControlLabel => ({
  label: name,
  said,
  targets: controls.split(" ").map((control) => ({ framework, revision, control })),
  ...(warning === undefined ? {} : { warning }),
  source: "skill-label",
  sourceVersion: PACK_VERSION,
});

/** The twelve labels that skills of this kind carry. What a person wrote is never changed; the warning stands beside it. */
export const LABELS: readonly ControlLabel[] = [
  label(
    "soc2:CC6.1",
    "logical access",
    ["soc2-tsc", "2017", "CC6.1"],
    "Falco shows attempts around access controls; it is no access control",
  ),
  label("soc2:CC6.6", "system boundaries", ["soc2-tsc", "2017", "CC6.6"], "only unexpected connections are seen"),
  label(
    "soc2:CC7.1",
    "monitoring",
    ["soc2-tsc", "2017", "CC7.1 CC7.2"],
    "CC7.1 is about changes that bring in vulnerabilities; watching for anomalies is CC7.2",
  ),
  label(
    "iso27001:A.8.1",
    "asset management",
    ["iso-27001", "2022", "A.5.9 A.5.10 A.5.11"],
    "A.8.1 of 2013 is split in 2022; in 2022 A.8.1 means user endpoint devices; A.8.15 and A.8.16 fit better",
  ),
  label(
    "iso27001:A.13.1",
    "network security",
    ["iso-27001", "2022", "A.8.20 A.8.21 A.8.22"],
    "A.13.1 is of 2013 and does not exist in 2022",
  ),
  label(
    "iso27001:A.14.1",
    "system acquisition",
    ["iso-27001", "2022", "A.5.8 A.8.26"],
    "A.14.1 is of 2013 and does not exist in 2022; A.8.9, A.8.19 and A.8.32 fit better",
  ),
  label(
    "nist-800-53:AC-3",
    "access enforcement",
    ["nist-800-53", "5.2.0", "AC-3"],
    "Falco detects violations, it enforces nothing",
  ),
  label(
    "nist-800-53:SC-7",
    "boundary protection",
    ["nist-800-53", "5.2.0", "SC-7"],
    "only the monitoring part is touched",
  ),
  label(
    "nist-800-53:CM-7",
    "least functionality",
    ["nist-800-53", "5.2.0", "CM-7"],
    "Falco detects violations, it restricts nothing",
  ),
  label(
    "nist-csf:PR.AC",
    "access control",
    ["nist-csf", "2.0", "PR.AA-05 PR.IR-01"],
    "PR.AC is of 1.1; in 2.0 it is PR.AA and PR.IR-01",
  ),
  label(
    "nist-csf:PR.DS",
    "data security",
    ["nist-csf", "2.0", "PR.DS-01 PR.DS-02 PR.DS-10"],
    "PR.DS names a category, not an outcome; these three are touched, and weakly",
  ),
  label(
    "nist-csf:DE.CM",
    "continuous monitoring",
    ["nist-csf", "2.0", "DE.CM-01 DE.CM-03 DE.CM-09"],
    "DE.CM names a category; in 2.0 its 04, 05, 07 and 08 are folded into others",
  ),
];
