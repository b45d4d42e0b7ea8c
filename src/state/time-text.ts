const SECOND_NS = 1_000_000_000n;

/** Time of day of nanoseconds since 1970 in UTC: `2026-11-22 15:04:05.123456789`, with the parts that are asked for. */
export function timeText(ns: bigint, parts: { readonly date?: boolean; readonly nanoseconds?: boolean }): string {
  const iso = new Date(Number(ns / 1_000_000n)).toISOString();
  const time = iso.slice(11, 19);
  const fraction = parts.nanoseconds ? `.${(ns % SECOND_NS).toString().padStart(9, "0")}` : "";
  return `${parts.date ? `${iso.slice(0, 10)} ` : ""}${time}${fraction}`;
}

/** `2026-11-22T15:04:05.123456789+0000` */
export function isoTimeText(ns: bigint): string {
  return `${timeText(ns, { date: true, nanoseconds: true }).replace(" ", "T")}+0000`;
}

/** `2026-11-22T15:04:05.123456789Z`, as alerts carry their time. */
export function alertTimeText(ns: bigint): string {
  return `${timeText(ns, { date: true, nanoseconds: true }).replace(" ", "T")}Z`;
}
