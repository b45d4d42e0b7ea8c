import type { ConfigView } from "./config-view.ts";
import { type FindingRow, HOST_FINDINGS, type HostFindingCode } from "./finding-codes.ts";
import type { HostFinding } from "./host-finding.ts";
import { blocksWith, type Change } from "./mend.ts";

/** A finding before its lines are written. */
export interface Found {
  readonly code: HostFindingCode;
  readonly message: string;
  readonly fix: string;
  readonly where?: string;
  /** What would mend it in falco.yaml. */
  readonly changes?: readonly Change[];
}

/**
 * The finding as it is told. Where an option of the command line sets what would have to change, no line of falco.yaml
 * helps: the fix is to take the option away.
 */
export function tell(
  { code, message, fix, where, changes = [] }: Found,
  view?: ConfigView,
  appending = true,
): HostFinding {
  const row: FindingRow = HOST_FINDINGS[code];
  const inTheWay = view === undefined ? [] : changes.flatMap(({ path }) => view.optionsOn(path));
  const lines =
    view === undefined || changes.length === 0 || inTheWay.length > 0
      ? undefined
      : blocksWith(view, changes, appending);
  return {
    code,
    severity: row.severity,
    message,
    reason: row.reason,
    ...(where === undefined ? {} : { where }),
    fix:
      inTheWay.length === 0
        ? fix
        : `Take ${[...new Set(inTheWay)].map((one) => JSON.stringify(one)).join(" and ")} out of Falco's arguments.`,
    ...(lines === undefined ? {} : { lines }),
  };
}
