import { EVENT_TYPES, EventFlag, type ParamType } from "../event/event-types.ts";
import { captureError } from "./capture-fault.ts";
import { CONVERSION_ROWS } from "./conversion-table.ts";
import type { EventView } from "./event-view.ts";

/** What becomes of an event: `pass` it on (the view may have been rebuilt) or leave it out. */
type Conversion = "pass" | "drop";

interface Rule {
  readonly action: string;
  readonly newType: number | undefined;
  readonly instructions: readonly string[];
}

interface StoredEvent {
  readonly type: number;
  readonly params: readonly Buffer[];
}

/** Conversions of conversions; the longest real chain is shorter. */
const MAX_STEPS = 20;
/** Largest event that is converted, as in libs. */
const MAX_EVENT_BYTES = 65_536;
/** Threads of which an enter event is kept; beyond it the oldest is forgotten, so that a forged capture cannot fill memory. */
const MAX_STORED = 65_536;

const rules = new Map<number, Rule>(CONVERSION_ROWS.map(parseRow));

/** For each type: 0 always left out, 1 always passed on, 2 ask the rules, 3 + n passed on with at least n parameters. */
const VERDICTS = Uint8Array.from(EVENT_TYPES, ({ flags, enter, params }) => {
  if (flags & EventFlag.UNUSED) return 0;
  if (!(flags & EventFlag.CONVERTED)) return flags & EventFlag.OLD_VERSION ? 0 : 1;
  return enter || flags & EventFlag.OLD_VERSION ? 2 : 3 + params.length;
});

/** Bytes of a type's default value; types not named here are empty by default. */
const DEFAULT_BYTES: Partial<Record<ParamType, number>> = {
  ...sizes(1, "INT8", "UINT8", "FLAGS8", "ENUMFLAGS8", "SIGTYPE"),
  ...sizes(2, "INT16", "UINT16", "FLAGS16", "ENUMFLAGS16", "SYSCALLID", "PORT"),
  ...sizes(4, "INT32", "UINT32", "FLAGS32", "ENUMFLAGS32", "UID", "GID", "MODE", "SIGSET", "FD32", "PID32", "IPV4ADDR"),
  ...sizes(8, "INT64", "UINT64", "RELTIME", "ABSTIME", "ERRNO", "FD", "PID"),
  ...sizes(16, "IPV6ADDR"),
};

/**
 * Brings events of former versions to today's shape, as libs' converter does (README of its folder @48dfd53c). One
 * converter serves one capture: the enter event of a thread is kept until its exit event has taken what it needs.
 * `convert` fails with CAPTURE_DAMAGED where an event is of a shape that no version had.
 */
export class EventConverter {
  readonly #stored = new Map<number, StoredEvent>();

  convert(view: EventView): Conversion {
    const verdict = VERDICTS[view.type] ?? 0;
    // An event with more parameters than today's table comes from a later recorder; those known here still hold.
    if (verdict === 1 || (verdict >= 3 && view.recordedParams >= verdict - 3)) return "pass";
    if (verdict === 0) return "drop";
    for (let step = 0; step < MAX_STEPS; step++) {
      const done = this.#step(view);
      if (done) return done;
      const next = VERDICTS[view.type] ?? 0;
      if (next === 1 || (next >= 3 && view.recordedParams >= next - 3)) return "pass";
      if (next === 0) return "drop";
    }
    throw captureError("CAPTURE_DAMAGED", `event of type ${view.type} does not reach today's shape`);
  }

  clear(): void {
    this.#stored.clear();
  }

  #step(view: EventView): Conversion | undefined {
    const rule = rules.get(key(view.type, view.recordedParams));
    if (!rule) {
      throw captureError(
        "CAPTURE_DAMAGED",
        `event ${EVENT_TYPES[view.type]?.name} of type ${view.type} has ${view.recordedParams} parameters, as no version had`,
      );
    }
    if (rule.action === "pass") return "pass";
    if (rule.action === "store" || rule.action === "storepass") {
      this.#store(view);
      return rule.action === "store" ? "drop" : "pass";
    }
    this.#rebuild(view, rule);
    return undefined;
  }

  #store(view: EventView): void {
    this.#stored.delete(view.tid);
    if (this.#stored.size >= MAX_STORED) {
      const oldest = this.#stored.keys().next();
      if (!oldest.done) this.#stored.delete(oldest.value);
    }
    this.#stored.set(view.tid, { type: view.type, params: params(view).map((bytes) => Buffer.from(bytes)) });
  }

  #rebuild(view: EventView, rule: Rule): void {
    const old = params(view);
    const type = rule.newType ?? view.type;
    const made: Buffer[] = rule.action === "add" ? [...old] : [];
    let usedEnter = false;
    for (const instruction of rule.instructions) {
      const paramType = EVENT_TYPES[type]?.params[made.length]?.type ?? "BYTEBUF";
      const enter = instruction[0] === "e" ? this.#enterParam(view, instruction) : undefined;
      usedEnter ||= enter !== undefined;
      made.push(enter ?? ownParam(instruction, old, paramType));
    }
    if (usedEnter) this.#stored.delete(view.tid);
    const bytes = Buffer.concat(made);
    if (bytes.length > MAX_EVENT_BYTES) {
      throw captureError("CAPTURE_DAMAGED", `event of ${bytes.length} bytes cannot be converted`);
    }
    view.set(
      type,
      bytes,
      made.map(({ length }) => length),
    );
  }

  #enterParam(view: EventView, instruction: string): Buffer | undefined {
    const enter = this.#stored.get(view.tid);
    if (!enter) return undefined;
    const param = enter.params[Number.parseInt(instruction.slice(1), 10)];
    if (enter.type !== view.type - 1 || !param) {
      throw captureError("CAPTURE_DAMAGED", `the call that event type ${view.type} ends began as type ${enter.type}`);
    }
    return param;
  }
}

function ownParam(instruction: string, old: readonly Buffer[], type: ParamType): Buffer {
  switch (instruction[0]) {
    case "o": {
      const param = old[Number(instruction.slice(1))];
      if (!param) throw captureError("CAPTURE_DAMAGED", `an old event lacks parameter ${instruction.slice(1)}`);
      return param;
    }
    case "-":
      return Buffer.alloc(0);
    case "j":
      return containerJson(old);
    default:
      return instruction.endsWith("?") ? Buffer.alloc(0) : defaultValue(type);
  }
}

function defaultValue(type: ParamType): Buffer {
  return Buffer.alloc(DEFAULT_BYTES[type] ?? 0, type === "UID" || type === "GID" ? 0xff : 0);
}

function containerJson([id, type, name, image]: readonly Buffer[]): Buffer {
  const text = (bytes: Buffer | undefined) => bytes?.toString("utf8").split("\0")[0] ?? "";
  const json = {
    container: {
      id: text(id),
      type: type?.length === 4 ? type.readUInt32LE() : 0,
      name: text(name),
      image: text(image),
    },
  };
  return Buffer.from(`${JSON.stringify(json)}\0`);
}

function params(view: EventView): Buffer[] {
  return Array.from({ length: view.paramCount }, (_, i) => {
    const start = view.paramStart(i);
    return view.bytes.subarray(start, start + view.paramLength(i));
  });
}

function parseRow(row: string): [number, Rule] {
  const [type, count, action = "", ...rest] = row.split(" ");
  const changes = action === "change";
  return [
    key(Number(type), Number(count)),
    { action, newType: changes ? Number(rest[0]) : undefined, instructions: changes ? rest.slice(1) : rest },
  ];
}

function key(type: number, params: number): number {
  return type * 64 + Math.min(params, 63);
}

function sizes(bytes: number, ...types: ParamType[]): Partial<Record<ParamType, number>> {
  return Object.fromEntries(types.map((type) => [type, bytes]));
}
