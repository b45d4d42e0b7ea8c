import type { ScapEvent } from "../../event/event.ts";
import { EVENT_TYPES, EventFlag } from "../../event/event-types.ts";
import { returnValue } from "../../event/read-param.ts";
import { FdType } from "../../scap/descriptor-list.ts";
import { type Descriptor, FdFlag } from "../../state/descriptor.ts";
import { Groups, type Page, type PageWishes, type ProcessRow, processRow, textReader, timeText } from "./rows.ts";
import type { CaptureLook, Moment } from "./walk-capture.ts";

/** What one process exchanged with one peer. */
export interface Connection extends ProcessRow {
  /** First event. */
  readonly event: number;
  readonly time: string;
  /** Time of the last event. */
  readonly last: string;
  /** Address of the other end; the path of a unix socket. */
  readonly peer: string;
  /** Port of the server: the peer's for outgoing connections, the own one for incoming; absent for unix sockets. */
  readonly port?: number;
  readonly protocol: string;
  readonly direction: "out" | "in" | "unknown";
  /** Calls that connected or accepted. */
  readonly connections: number;
  /** Calls that failed, with the last error. */
  readonly failed: number;
  readonly error?: string;
  /** Bytes that calls handed over, as far as the recorder saw them. */
  readonly sent: number;
  readonly received: number;
}

interface Group {
  readonly event: number;
  readonly timeNs: bigint;
  readonly who: ProcessRow;
  readonly end: End;
  lastNs: bigint;
  connections: number;
  failed: number;
  sent: number;
  received: number;
  error?: string;
}

interface End {
  readonly peer: string;
  readonly port?: number;
  readonly protocol: string;
  readonly direction: Connection["direction"];
}

const FLAGS = Uint16Array.from(EVENT_TYPES, ({ flags }) => flags);
const IN_PROGRESS = "EINPROGRESS";

/** Collects connections by peer and process: those made, accepted, or only used because they were there before. */
export class Connections {
  readonly #groups = new Groups<Group>();
  readonly #look: CaptureLook;
  readonly #result;
  readonly #name;
  readonly #protocol;

  constructor(look: CaptureLook) {
    this.#look = look;
    this.#result = textReader(look, "evt.res");
    this.#name = textReader(look, "fd.name");
    this.#protocol = textReader(look, "fd.l4proto");
  }

  see({ event, name, life }: Moment): void {
    const isConnect = name === "connect";
    const isAccept = name === "accept" || name === "accept4";
    const flags = FLAGS[event.type] ?? 0;
    const moves = (flags & (EventFlag.READS_FROM_FD | EventFlag.WRITES_TO_FD)) !== 0;
    if (!isConnect && !isAccept && !moves) return;
    const { descriptor } = this.#look.state;
    if (!descriptor) return;
    const end = this.#endOf(event, descriptor, isAccept ? "in" : isConnect ? "out" : undefined);
    if (!end || (end.protocol === "unix" && !isConnect)) return;
    const key = `${life?.id ?? -event.tid}\0${life?.command ?? ""}\0${end.direction}\0${end.protocol}\0${end.port ?? ""}\0${end.peer}`;
    const { number, timeNs } = event;
    const group = this.#groups.take(key, () => {
      const counts = { lastNs: timeNs, connections: 0, failed: 0, sent: 0, received: 0 };
      return { event: number, timeNs, who: processRow(life), end, ...counts };
    });
    if (!group) return;
    group.lastNs = timeNs;
    const value = returnValue(event);
    if (moves && value > 0) {
      if (flags & EventFlag.WRITES_TO_FD) group.sent += value;
      else group.received += value;
    }
    if (isConnect || isAccept) this.#count(group, event);
  }

  page(wishes: PageWishes): Page<Connection> {
    return this.#groups.page(
      wishes,
      ({ event, timeNs, lastNs, end, who, connections, failed, error, sent, received }) => ({
        event,
        time: timeText(timeNs),
        last: timeText(lastNs),
        ...end,
        connections,
        failed,
        ...(error === undefined ? {} : { error }),
        sent,
        received,
        ...who,
      }),
    );
  }

  notices(): string[] {
    return this.#groups.notices("peers by process");
  }

  #count(group: Group, event: ScapEvent): void {
    const error = this.#result(event);
    if (error === undefined || error === "SUCCESS" || error === IN_PROGRESS || /^\d+$/.test(error))
      group.connections += 1;
    else {
      group.failed += 1;
      group.error = error;
    }
  }

  #endOf(event: ScapEvent, descriptor: Descriptor, direction: "in" | "out" | undefined): End | undefined {
    const name = this.#name(event);
    if (name === undefined) return undefined;
    if (descriptor.type === FdType.UNIX) return { peer: name, protocol: "unix", direction: direction ?? "unknown" };
    if (descriptor.type !== FdType.IPV4 && descriptor.type !== FdType.IPV6) return undefined;
    const ends = /^(.+):(\d{1,5})->(.+):(\d{1,5})$/.exec(name);
    if (!ends) return undefined;
    const [, source = "", , destination = "", destinationPort] = ends;
    // Client first, as Falco writes it.
    const { flags } = descriptor;
    const way = direction ?? (flags & FdFlag.SERVER ? "in" : flags & FdFlag.CLIENT ? "out" : "unknown");
    const port = Number(destinationPort);
    const protocol = this.#protocol(event) ?? "ip";
    return way === "in"
      ? { peer: source, port, protocol, direction: way }
      : { peer: destination, port, protocol, direction: way };
  }
}
