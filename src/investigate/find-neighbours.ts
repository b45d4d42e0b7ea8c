import type { FieldValue } from "../alert/alert.ts";
import type { AlertFilter, AlertStore, StoredAlert } from "../store/alert-store.ts";

export type Relation = "container" | "process lineage" | "host";

export interface Neighbour {
  readonly alert: StoredAlert;
  /** The strongest tie to the alert that was asked about. */
  readonly relation: Relation;
}

export interface Neighbours {
  /** In the order of time. */
  readonly neighbours: readonly Neighbour[];
  /** How many alerts have the same tie in the window, shown or not. */
  readonly matched: number;
}

/** Fields that name processes of one family; equal values in any two of them tie two alerts together. */
const LINEAGE = [
  "proc.pid",
  "proc.ppid",
  "proc.vpid",
  "proc.sid",
  "proc.apid[1]",
  "proc.apid[2]",
  "proc.apid[3]",
  "proc.apid[4]",
];

/**
 * Alerts within `aroundNs` of one alert that share its container or, outside containers, its process family; where the
 * alert names neither, those of its host. The nearest in time on both sides, at most `limit`.
 */
export async function findNeighbours(
  store: AlertStore,
  alert: StoredAlert,
  { aroundNs, limit }: { readonly aroundNs: bigint; readonly limit: number },
): Promise<Neighbours> {
  const [relation, tie] = tieOf(alert);
  const before = { ...tie, fromNs: alert.timeNs - aroundNs, toNs: alert.timeNs + 1n };
  const after = { ...tie, fromNs: alert.timeNs + 1n, toNs: alert.timeNs + aroundNs + 1n };
  // One more than asked: the alert itself is among those up to its own time.
  const [earlier, later] = await Promise.all([
    store.search(before, { limit: limit + 1, order: "newest" }),
    store.search(after, { limit: Math.max(1, limit), order: "oldest" }),
  ]);
  const past = earlier.alerts.filter(({ id }) => id !== alert.id);
  const shown = nearest(past, later.alerts, limit);
  return {
    neighbours: shown.map((found) => ({ alert: found, relation: strongest(alert, found, relation) })),
    matched: earlier.matched + later.matched - 1,
  };
}

/** Half from each side; what one side lacks the other may fill. */
function nearest(past: readonly StoredAlert[], future: readonly StoredAlert[], limit: number): StoredAlert[] {
  const half = Math.floor(limit / 2);
  const takenPast = Math.min(past.length, Math.max(half, limit - future.length));
  return [...past.slice(0, takenPast).reverse(), ...future.slice(0, limit - takenPast)];
}

function tieOf(alert: StoredAlert): [Relation, AlertFilter] {
  const container = containerOf(alert);
  if (container !== undefined) {
    return ["container", { fields: [{ fields: ["container.id"], operator: "=", values: [container] }] }];
  }
  const family = familyOf(alert);
  const host = alert.hostname === "" ? {} : { hostnames: [alert.hostname] };
  if (family.length > 0) {
    return ["process lineage", { ...host, fields: [{ fields: LINEAGE, operator: "in", values: family }] }];
  }
  return ["host", host];
}

function strongest(alert: StoredAlert, other: StoredAlert, found: Relation): Relation {
  const family = new Set(familyOf(alert));
  if (alert.hostname === other.hostname && familyOf(other).some((pid) => family.has(pid))) return "process lineage";
  return found;
}

function containerOf({ fields }: StoredAlert): string | undefined {
  const id = fields["container.id"];
  return typeof id === "string" && id !== "" && id !== "host" && id !== "<NA>" ? id : undefined;
}

/** Process numbers an alert names; 0 and 1 are everybody's family and tie nothing together. */
function familyOf({ fields }: StoredAlert): string[] {
  const isTie = (value: FieldValue | undefined) =>
    value !== undefined && value !== null && !["0", "1", "-1"].includes(String(value));
  return [...new Set(LINEAGE.filter((name) => isTie(fields[name])).map((name) => String(fields[name])))];
}
