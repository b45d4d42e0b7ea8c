import type { Node } from "../../condition/ast.ts";
import { compileCondition, type Test } from "../../condition/compile-condition.ts";
import { eventTypesOf } from "../../condition/event-types-of.ts";
import { createFormatter, type OutputFormatter, type OutputValue } from "../../condition/format-output.ts";
import { parseOutput } from "../../condition/parse-output.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { ScapEvent } from "../../event/event.ts";
import { EventRows, type Page, type PageWishes, type ProcessRow, processRow, textReader, timeText } from "./rows.ts";
import type { CaptureLook, Moment } from "./walk-capture.ts";

/** One event of a capture. */
export interface EventRow extends ProcessRow {
  readonly event: number;
  readonly time: string;
  readonly type: string;
  /** File, connection or whatever else the call worked on. */
  readonly target?: string;
  /** What the call gave back: SUCCESS, an error's name or a number; absent where it gives nothing. */
  readonly result?: string;
  /** The call's arguments as Falco shows them; left out where fields were asked for. */
  readonly arguments?: string;
  /** The fields that were asked for; null where the event has none. */
  readonly fields?: Readonly<Record<string, OutputValue>>;
}

export interface EventWishes extends PageWishes {
  /** A condition that holds; all events within the filter without it. */
  readonly node?: Node | undefined;
  /** Names of fields, with their argument in brackets. */
  readonly fields?: readonly string[] | undefined;
  /** Only events that change something: starts, ends, opens, connections, rights, names. */
  readonly isNotableOnly?: boolean;
}

const CONTEXT = { source: "syscall" } as const;

/** Events that tell the course of things; reading, writing, waiting and memory are left out. */
const NOTABLE =
  /^(?:clone3?|v?fork|execve(?:at)?|procexit|open(?:at2?|_by_handle_at)?|creat|connect|accept4?|bind|listen|rename(?:at2?)?|unlink(?:at)?|rmdir|mkdir(?:at)?|link(?:at)?|symlink(?:at)?|f?chmod(?:at2?)?|f?l?chown(?:at)?|chdir|chroot|pivot_root|u?mount2?|move_mount|ptrace|setns|unshare|set(?:re|res)?[ug]id|capset|bpf|kill|tkill|tgkill|signaldeliver|memfd_create|init_module|finit_module|process_vm_(?:readv|writev)|prctl|mprotect|io_uring_(?:setup|enter|register)|userfaultfd|quotactl|socketpair|dup[23]?|sendmsg|sendto|container|asyncevent)$/;

/** Collects single events: those that a condition holds for, or all within the filter. */
export class Events {
  readonly #rows: EventRows<EventRow>;
  readonly #test: Test<ScapEvent> | undefined;
  readonly #formatter: OutputFormatter<ScapEvent> | undefined;
  readonly #isNotableOnly: boolean;
  readonly #target;
  readonly #result;
  readonly #arguments;
  /** Events that were no notable ones. */
  passedOver = 0;

  /** Fails with UNKNOWN_FIELD. */
  constructor(look: CaptureLook, { node, fields, isNotableOnly = false, ...page }: EventWishes) {
    this.#rows = new EventRows(page);
    this.#test = node && testOf(node, look);
    this.#formatter = fields === undefined || fields.length === 0 ? undefined : formatterOf(fields, look);
    this.#isNotableOnly = isNotableOnly;
    this.#target = textReader(look, "fd.name");
    this.#result = textReader(look, "evt.res");
    this.#arguments = textReader(look, "evt.args");
  }

  see(moment: Moment): void {
    const { event, name } = moment;
    if (this.#isNotableOnly && !NOTABLE.test(name)) {
      this.passedOver += 1;
      return;
    }
    if (this.#test?.(event) === false) return;
    this.#rows.add(event.number, () => this.#rowOf(moment));
  }

  page(): Page<EventRow> {
    return this.#rows.page();
  }

  #rowOf({ event, name, life }: Moment): EventRow {
    const target = this.#target(event);
    const result = this.#result(event);
    const args = this.#formatter ? undefined : this.#arguments(event);
    return {
      event: event.number,
      time: timeText(event.timeNs),
      type: name,
      ...(target === undefined ? {} : { target }),
      ...(result === undefined ? {} : { result }),
      ...(args === undefined ? {} : { arguments: args }),
      ...(this.#formatter ? { fields: this.#formatter.fields(event) } : {}),
      ...processRow(life),
    };
  }
}

/** A condition is tried on the types that it can hold for only, as rules are. */
function testOf(node: Node, { fields }: CaptureLook): Test<ScapEvent> {
  const test = compileCondition(node, fields, CONTEXT);
  const types = eventTypesOf(node);
  if ("message" in types) return test;
  const wanted = new Set(types.types);
  return (event) => wanted.has(event.type) && test(event);
}

function formatterOf(names: readonly string[], { fields }: CaptureLook): OutputFormatter<ScapEvent> {
  for (const name of names) {
    const one = parseOutput(`%${name}`, CONTEXT);
    const whole = one.output?.parts.length === 1 && one.output.parts[0]?.kind === "field";
    if (!whole) {
      throw new FalcoSkillsError("UNKNOWN_FIELD", `no field of captures is called ${JSON.stringify(name)}`, {
        fix: "Name fields as Falco does: proc.cmdline, fd.name, evt.arg.flags, proc.aname[2].",
      });
    }
  }
  const { output, error } = parseOutput(names.map((name) => `%${name}`).join(" "), CONTEXT);
  if (error) throw new FalcoSkillsError("UNKNOWN_FIELD", error.message, { fix: "Name fields as Falco does." });
  return createFormatter(output, fields);
}
