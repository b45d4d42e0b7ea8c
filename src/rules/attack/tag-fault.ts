/**
 * unknown-technique, unknown-tactic: ATT&CK has no such id or name. retired-technique: an id of earlier versions.
 * tactic-mismatch: no tactic among the tags is one of the technique's.
 * outdated-pci: the number means something else in PCI DSS 4.0.1. malformed-compliance: no control is written like that.
 */
export interface TagFault {
  readonly kind:
    | "unknown-technique"
    | "unknown-tactic"
    | "retired-technique"
    | "tactic-mismatch"
    | "outdated-pci"
    | "malformed-compliance";
  readonly tag: string;
  /** What to write instead; empty where nothing fits. */
  readonly instead: readonly string[];
  /** What is wrong, in words that follow the tag: `is no technique of ATT&CK 18.1`. */
  readonly message: string;
}
