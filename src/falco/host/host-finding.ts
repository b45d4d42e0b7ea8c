import type { HostFindingCode } from "./finding-codes.ts";

export type HostSeverity = "error" | "warning" | "note";

/** Something about a Falco's set-up that hides attacks from us, or hides what Falco does. */
export interface HostFinding {
  readonly code: HostFindingCode;
  /** error: alerts or events are lost, or nothing can be seen; warning: something is hidden; note: worth knowing. */
  readonly severity: HostSeverity;
  /** What was seen: lower case, values quoted. */
  readonly message: string;
  /** Why it matters, the same for every finding of a code. */
  readonly reason: string;
  /** file:line or path. */
  readonly where?: string;
  /** One imperative sentence. */
  readonly fix: string;
  /**
   * The lines of falco.yaml that mend it: whole top-level blocks with what the configuration has in them, since Falco
   * replaces blocks whole when it merges files.
   */
  readonly lines?: string;
}
