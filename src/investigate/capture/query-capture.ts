import type { Node } from "../../condition/ast.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { ReadCaptureOptions } from "../../scap/read-capture.ts";
import { captureFilter, type FilterWishes } from "./capture-filter.ts";
import type { CaptureQuestion } from "./capture-questions.ts";
import { type EventRow, Events } from "./find-events.ts";
import { type Connection, Connections } from "./list-connections.ts";
import { ContainerActivities, type ContainerActivity } from "./list-containers.ts";
import { type Execution, Executions } from "./list-executions.ts";
import { Files, type FileUse } from "./list-files.ts";
import { UserActivities, type UserActivity, type UserChange } from "./list-users.ts";
import { lineOf, type ProcessLife } from "./process-book.ts";
import { processTree, rowOf, type TreeRow } from "./process-tree.ts";
import { type ConditionRules, readCondition } from "./read-condition.ts";
import { type Page, type PageWishes, timeText } from "./rows.ts";
import { type CaptureLook, type Coverage, type Moment, walkCapture } from "./walk-capture.ts";

export interface CaptureQuery extends FilterWishes, PageWishes, ReadCaptureOptions {
  readonly question: CaptureQuestion;
  /** Question events only; without it every event within the filter. */
  readonly condition?: string | undefined;
  /** Rule files whose macros and lists `condition` may use; it knows none without. */
  readonly rules?: ConditionRules | undefined;
  /** Questions events and around: fields to show in place of the arguments. */
  readonly fields?: readonly string[] | undefined;
  /** Question around: also the events that change nothing. */
  readonly isEverything?: boolean | undefined;
}

/** The lists that a question fills; the others are absent. */
export interface CaptureRows {
  readonly processes?: readonly TreeRow[];
  readonly executions?: readonly Execution[];
  readonly files?: readonly FileUse[];
  readonly connections?: readonly Connection[];
  readonly users?: readonly UserActivity[];
  readonly changes?: readonly UserChange[];
  readonly containers?: readonly ContainerActivity[];
  readonly events?: readonly EventRow[];
  /** Question process: those above it, the farthest first and the process itself last. */
  readonly lineage?: readonly TreeRow[];
  /** Question process: the processes it made. */
  readonly children?: readonly TreeRow[];
}

export interface CaptureAnswer {
  readonly rows: CaptureRows;
  /** Rows of the main list before paging. */
  readonly matched: number;
  /** `after` of the next page; absent on the last one. */
  readonly next?: number;
  /** What a reader must know to use the answer rightly. */
  readonly notices: readonly string[];
  readonly coverage: Coverage;
}

type Found = Pick<CaptureAnswer, "rows" | "matched" | "next"> & { readonly notices?: readonly string[] };

/** A question while its capture is read: it sees every event within the filter, then gives what it found. */
interface Asker {
  see(moment: Moment): void;
  found(): Found;
}

/**
 * The answer to one question about the capture at `path`, in one pass and in memory that does not grow with the capture.
 * A capture with a fault gives everything before the fault, and a notice. Fails as openCapture does, with the fault where
 * it comes before the first event, with CONDITION_NOT_COMPILED, UNKNOWN_FIELD, INVALID_ARGUMENT or CANCELLED.
 */
export async function queryCapture(path: string, query: CaptureQuery): Promise<CaptureAnswer> {
  if (query.question === "process" && query.process === undefined) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "the question process does not say which one", {
      fix: "Pass process with the number of a process or thread, or the name of a program.",
    });
  }
  const { signal, onProgress } = query;
  const options = {
    filter: captureFilter({ ...query, wholeLife: query.question === "process" }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  const isOfEvents = query.question === "events" && query.condition !== undefined;
  const node = isOfEvents ? await readCondition(query.condition, query.rules) : undefined;
  const askers: Asker[] = [];
  const coverage = await walkCapture(path, options, (look) => {
    const asker = ASKERS[query.question](look, { ...query, node });
    askers.push(asker);
    return (moment) => asker.see(moment);
  });
  throwWhereNothingCame(coverage);
  const found = askers[0]?.found() ?? { rows: {}, matched: 0 };
  return { ...found, notices: [...coverageNotices(coverage, query), ...(found.notices ?? [])], coverage };
}

/** A question with its condition read. */
type Asked = CaptureQuery & { readonly node: Node | undefined };

const ASKERS: Record<CaptureQuestion, (look: CaptureLook, query: Asked) => Asker> = {
  process_tree: askTree,
  process: askProcess,
  executions(look, query) {
    const executions = new Executions(look, query);
    return asker(
      executions,
      () => executions.page(),
      (rows) => ({ executions: rows }),
    );
  },
  files: (look, query) => askFiles(new Files(look, "all"), query),
  files_written: (look, query) => askFiles(new Files(look, "written"), query),
  sensitive_reads: (look, query) => askFiles(new Files(look, "sensitive"), query),
  connections(look, query) {
    const connections = new Connections(look);
    return asker(
      connections,
      () => connections.page(query),
      (rows) => ({ connections: rows }),
    );
  },
  users(look, query) {
    const users = new UserActivities(look);
    return asker(
      users,
      () => users.page(query),
      (rows) => ({ users: rows, changes: users.changes }),
    );
  },
  containers(look, query) {
    const containers = new ContainerActivities(look);
    return asker(
      containers,
      () => containers.page(query),
      (rows) => ({ containers: rows }),
    );
  },
  events(look, query) {
    const events = new Events(look, query);
    return asker(
      events,
      () => events.page(),
      (rows) => ({ events: rows }),
    );
  },
  around(look, { after, limit, fields, isEverything }) {
    const events = new Events(look, { after, limit, fields, isNotableOnly: isEverything !== true });
    const asked = asker(
      events,
      () => events.page(),
      (rows) => ({ events: rows }),
    );
    const notices = () =>
      events.passedOver === 0
        ? []
        : [`${events.passedOver} events that change nothing are left out: ask for everything`];
    return { see: asked.see, found: () => ({ ...asked.found(), notices: notices() }) };
  },
};

interface Collector {
  see(moment: Moment): void;
  notices?(): string[];
}

function asker<Row>(collector: Collector, page: () => Page<Row>, name: (rows: readonly Row[]) => CaptureRows): Asker {
  return {
    see: (moment) => collector.see(moment),
    found() {
      const { rows, ...rest } = page();
      return { rows: name(rows), ...rest, notices: collector.notices?.() ?? [] };
    },
  };
}

function askFiles(files: Files, query: CaptureQuery): Asker {
  return asker(
    files,
    () => files.page(query),
    (rows) => ({ files: rows }),
  );
}

function askTree({ book }: CaptureLook, query: CaptureQuery): Asker {
  return {
    see() {},
    found() {
      const { rows, idle, ...rest } = processTree(book.lives, query);
      const notices = idle === 0 ? [] : [`${idle} processes without an event within the filter are left out`];
      return { rows: { processes: rows }, ...rest, notices };
    },
  };
}

/** One process: what it is, who made it, and everything it did. */
function askProcess(look: CaptureLook, { limit }: CaptureQuery): Asker {
  const all = { after: 0, limit };
  const executions = new Executions(look, all);
  const files = new Files(look, "all");
  const connections = new Connections(look);
  const users = new UserActivities(look);
  let subject: ProcessLife | undefined;
  const others = new Set<ProcessLife>();
  return {
    see(moment) {
      subject ??= moment.life;
      if (moment.life !== subject) {
        if (moment.life && others.size < MAX_OTHERS) others.add(moment.life);
        return;
      }
      for (const collector of [executions, files, connections, users]) collector.see(moment);
    },
    found() {
      if (!subject) return { rows: {}, matched: 0 };
      const children = look.book.lives.filter(({ parent }) => parent === subject);
      const pages = { executions: executions.page(), files: files.page(all), connections: connections.page(all) };
      const rows = {
        lineage: lineOf(subject, MAX_LINE)
          .reverse()
          .map((life, depth) => rowOf(life, depth)),
        executions: pages.executions.rows,
        files: pages.files.rows,
        connections: pages.connections.rows,
        children: children.slice(0, limit).map((life) => rowOf(life, 1)),
        changes: users.changes,
      };
      const cut = [...Object.entries(pages), ["children", { matched: children.length }] as const]
        .filter(([, { matched }]) => matched > limit)
        .map(
          ([name, { matched }]) => `${name} shows the first ${limit} of ${matched}: raise limit or ask for it alone`,
        );
      const collectors = [executions, files, connections, users].flatMap((collector) => collector.notices());
      return {
        rows,
        matched: 1 + others.size,
        notices: [...cut, ...collectors, ...otherNotices(subject, [...others])],
      };
    },
  };
}

const MAX_OTHERS = 1_000;
const MAX_LINE = 64;

function otherNotices(subject: ProcessLife, others: readonly ProcessLife[]): string[] {
  if (others.length === 0) return [];
  const named = others.slice(0, 10).map(({ pid, startNs }) => `${pid}${startNs ? ` from ${timeText(startNs)}` : ""}`);
  const more = others.length > named.length ? ", …" : "";
  return [`this is ${subject.pid}; ${others.length} other processes fit too: ${named.join(", ")}${more}`];
}

/** A fault before the first event leaves nothing to answer with. */
function throwWhereNothingCame({ fault, events }: Coverage): void {
  if (!fault || events > 0) return;
  throw new FalcoSkillsError(fault.code, fault.message, { fix: fault.fix, where: fault.where });
}

/** What is wrong with the capture, and why nothing was found. */
export function coverageNotices(coverage: Coverage, wishes: FilterWishes): string[] {
  const { fault, unknownEvents, processesLeftOut, considered, firstNs, lastNs } = coverage;
  const notices: string[] = [];
  if (fault) {
    notices.push(`${fault.code}: ${fault.message} (${fault.where}); the answer holds everything before that place`);
  }
  if (unknownEvents > 0)
    notices.push(`${unknownEvents} events of unknown types are left out: a later recorder wrote them`);
  if (processesLeftOut > 0)
    notices.push(`${processesLeftOut} processes beyond the first ${coverage.processes} have no history`);
  if (considered > 0 || firstNs === undefined || lastNs === undefined) return notices;
  const span = `${timeText(firstNs)} to ${timeText(lastNs)}`;
  const isOutside =
    (wishes.fromNs !== undefined && wishes.fromNs > lastNs) || (wishes.toNs !== undefined && wishes.toNs <= firstNs);
  notices.push(
    isOutside
      ? `the window lies outside the capture, which goes from ${span}`
      : `no event is within the filter; the capture goes from ${span}: ask process_tree and containers without filter`,
  );
  return notices;
}
