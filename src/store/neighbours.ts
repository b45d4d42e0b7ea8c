import type { FieldValue } from "../alert/alert.ts";
import type { AlertFilter, AlertStore, ColdOptions, FieldCondition, StoredAlert } from "./alert-store.ts";

/** How two alerts belong together. */
export type Relation = "container" | "lineage";

export interface Neighbour {
  readonly alert: StoredAlert;
  readonly relations: readonly Relation[];
}

export interface NeighbourOptions extends Pick<ColdOptions, "cold" | "signal"> {
  /** How far before and after the alert to look, in nanoseconds. */
  readonly distanceNs: bigint;
  /** At most this many, the nearest in time; 1 to 1000. */
  readonly limit: number;
}

/** Fields by which Falco names a container; the first that the alert has a value for is used. */
const CONTAINER_FIELDS = ["container.id", "container.full_id", "k8s.pod.uid", "k8s.pod.name"];
/** Fields that hold the number of a process or of one it descends from. */
const PID_FIELDS = [
  "proc.pid",
  "proc.ppid",
  ...Array.from({ length: 7 }, (_, index) => `proc.apid[${index + 1}]`),
  "proc.sid",
  "proc.vpid",
];
/** Fields that say whose child the alert's process is; 1 is everybody's ancestor and relates nothing. */
const OWN_PIDS = ["proc.pid", "proc.ppid"];

/**
 * Alerts of the same container, or of the same process, its parent or its children on the same host, near an alert in
 * time; in the order of time, without the alert itself. Empty where the alert names neither.
 */
export async function neighbours(
  store: AlertStore,
  alert: StoredAlert,
  options: NeighbourOptions,
): Promise<readonly Neighbour[]> {
  const { limit } = options;
  const found = new Map<string, { alert: StoredAlert; relations: Relation[] }>();
  for (const [relation, condition] of conditionsOf(alert)) {
    const filter: AlertFilter = {
      fields: [condition],
      ...(alert.hostname === "" ? {} : { hostnames: [alert.hostname] }),
    };
    for (const near of await nearest(store, filter, alert, options)) {
      if (near.id === alert.id) continue;
      const known = found.get(near.id);
      if (known === undefined) found.set(near.id, { alert: near, relations: [relation] });
      else known.relations.push(relation);
    }
  }
  const distance = ({ alert: { orderNs } }: Neighbour) =>
    orderNs > alert.orderNs ? orderNs - alert.orderNs : alert.orderNs - orderNs;
  return [...found.values()]
    .sort((a, b) => compareBigints(distance(a), distance(b)))
    .slice(0, limit)
    .sort((a, b) => compareBigints(a.alert.orderNs, b.alert.orderNs));
}

function conditionsOf(alert: StoredAlert): [Relation, FieldCondition][] {
  const conditions: [Relation, FieldCondition][] = [];
  const field = CONTAINER_FIELDS.find((name) => isNamed(alert.fields[name]));
  if (field !== undefined) {
    conditions.push(["container", { fields: [field], operator: "=", values: [String(alert.fields[field])] }]);
  }
  const pids = OWN_PIDS.map((name) => alert.fields[name])
    .filter(isPid)
    .map(String);
  if (pids.length > 0) conditions.push(["lineage", { fields: PID_FIELDS, operator: "in", values: [...new Set(pids)] }]);
  return conditions;
}

/** The alerts right before and right after, so that a busy window cannot hide the nearest ones. */
async function nearest(
  store: AlertStore,
  filter: AlertFilter,
  { orderNs }: StoredAlert,
  { distanceNs, limit, ...cold }: NeighbourOptions,
): Promise<readonly StoredAlert[]> {
  const before = await store.search(
    { ...filter, fromNs: orderNs - distanceNs, toNs: orderNs + 1n },
    { ...cold, limit: Math.min(1000, limit + 1), order: "newest" },
  );
  const after = await store.search(
    { ...filter, fromNs: orderNs + 1n, toNs: orderNs + distanceNs + 1n },
    { ...cold, limit, order: "oldest" },
  );
  return [...before.alerts, ...after.alerts];
}

/** "host" means that the process is in no container. */
function isNamed(value: FieldValue | undefined): boolean {
  return typeof value === "string" && value !== "" && value !== "host" && value !== "<NA>";
}

function isPid(value: FieldValue | undefined): boolean {
  return typeof value === "number" && value > 1;
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
