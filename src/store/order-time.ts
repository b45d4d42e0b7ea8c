const YEAR_2000_NS = 946_684_800_000_000_000n;
const DAY_MS = 86_400_000;

/**
 * The time an alert is filed under, in nanoseconds: its own, or that of receipt where its own lies before 2000 or more than
 * a day ahead. A host with a broken clock must neither hide its alerts in the past nor stay on top of every list.
 */
export function orderTimeNs(timeNs: bigint, receivedAtMs: number): bigint {
  const isPlausible = timeNs >= YEAR_2000_NS && timeNs <= BigInt(Math.trunc(receivedAtMs) + DAY_MS) * 1_000_000n;
  return isPlausible ? timeNs : BigInt(Math.trunc(receivedAtMs)) * 1_000_000n;
}
