/** What waits for a person's yes: everything the person is shown, and a digest of exactly what would be done. */
export interface ApprovalRequest {
  /** What asks: "deploy_rules", "run_falco". */
  readonly kind: string;
  /** One line. */
  readonly title: string;
  /** The whole plan as text, a line an entry; may hold text of others, so whoever shows it makes it visible first. */
  readonly lines: readonly string[];
  /** SHA-256 (hex) over exactly what would be done. */
  readonly digest: string;
}

/** Who decided, and how it was made sure that it was a person. */
export interface Approver {
  /** Name of the user at the operating system, or what the client says of its user. */
  readonly name: string;
  /** terminal: typed at a terminal of this machine. elicitation: asked for by the client on the server's behalf. */
  readonly method: "terminal" | "elicitation";
}

/** waiting → approved → used, or waiting → refused; expired once its time is over without having been used. */
export type ApprovalState = "waiting" | "approved" | "refused" | "expired" | "used";

export interface Approval extends ApprovalRequest {
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly askedAt: string;
  readonly expiresAt: string;
  readonly state: ApprovalState;
  /** Of whoever approved or refused. */
  readonly decided?: Approver & { readonly at: string };
}

/**
 * Approvals under one home folder: several processes may use it at once, so that what a server asks for is approved at a
 * terminal. No tool's argument leads to `approve`.
 */
export interface Approvals {
  /**
   * Keeps what waits, for 24 hours, readable by its owner alone. Fails with INVALID_ARGUMENT when it could not be shown
   * whole, APPROVAL_TOO_MANY, HOME_NOT_WRITABLE, DISK_FULL.
   */
  ask(request: ApprovalRequest): Promise<Approval>;
  /** Fails with APPROVAL_NOT_FOUND or APPROVAL_DAMAGED. */
  get(id: string): Promise<Approval>;
  /** As get, but only how it stands. */
  state(id: string): Promise<ApprovalState>;
  /** Oldest first; damaged ones are left out. */
  list(): Promise<readonly Approval[]>;
  /**
   * A person's yes to what has this digest: the digest of what was shown. Fails with APPROVAL_MISMATCH when it is another
   * one, APPROVAL_DECIDED, APPROVAL_EXPIRED.
   */
  approve(id: string, digest: string, by: Approver): Promise<Approval>;
  /** A person's no. Fails with APPROVAL_DECIDED, APPROVAL_EXPIRED. */
  refuse(id: string, by: Approver): Promise<Approval>;
  /**
   * Uses the approval up: of all callers in all processes exactly one gets it. Fails with APPROVAL_MISMATCH for another
   * digest (the approval stays), APPROVAL_WAITING, APPROVAL_REFUSED, APPROVAL_EXPIRED, APPROVAL_USED.
   */
  take(id: string, digest: string): Promise<Approval>;
}
