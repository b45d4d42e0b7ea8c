import { execa } from "execa";
import { lineSplitter, type OutputLine } from "./split-lines.ts";
import { type EndedBy, type ProcessLimits, type Supervisor, supervise } from "./supervise.ts";

export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: ProcessLimits;
  readonly signal?: AbortSignal | undefined;
  readonly nowMs: () => number;
  readonly onStart?: (pid: number) => void;
  /** Lines of stdout in order, each waited for; false ends the process because enough was read. */
  readonly onLine: (line: OutputLine) => boolean | Promise<boolean>;
  readonly onErrorLine: (line: OutputLine) => void;
}

export interface ProcessEnd {
  readonly endedBy: EndedBy;
  readonly exitCode?: number;
  readonly killedBy?: string;
  readonly outputBytes: number;
  readonly durationMs: number;
  /** The system's error where `endedBy` is not_started. */
  readonly cause?: NodeJS.ErrnoException;
}

/**
 * How a child process ended, after its group is gone and its output was handed on by line. No shell, stdin closed, an
 * environment of its own, a process group of its own: whatever ends it (limits, the signal, a thrown error of a taker, the
 * end of this process) ends the group, SIGTERM first and SIGKILL after the grace time. Rejects only with what a taker
 * throws; a file that does not start is an end.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  const { limits, signal, nowMs } = request;
  const startedMs = nowMs();
  if (signal?.aborted) return { endedBy: "cancelled", outputBytes: 0, durationMs: 0 };
  const child = start(request);
  const exited = new Promise<Pick<ProcessEnd, "exitCode" | "killedBy" | "cause">>((resolve) => {
    child.once("error", (cause) => resolve({ cause }));
    child.once("exit", (code, killedBy) => resolve(code === null ? { killedBy: killedBy ?? "?" } : { exitCode: code }));
  });
  const { pid, stdout, stderr } = child;
  if (pid === undefined) return { ...(await exited), endedBy: "not_started", outputBytes: 0, durationMs: 0 };
  const supervisor = supervise(pid, limits, signal);
  const output = { bytes: 0 };
  try {
    request.onStart?.(pid);
    const reading = Promise.allSettled([
      readLines(stdout, request.onLine, supervisor, limits, output),
      readLines(stderr, (line) => takeAll(request.onErrorLine, line), supervisor, limits, output),
    ]);
    const how = await exited;
    supervisor.leaderGone(() => {
      stdout.destroy();
      stderr.destroy();
    });
    const failed = (await reading).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return { ...how, endedBy: supervisor.endedBy(), outputBytes: output.bytes, durationMs: nowMs() - startedMs };
  } finally {
    supervisor.release();
  }
}

function start({ file, args, folder, environment }: ProcessRequest) {
  return execa(file, [...args], {
    cwd: folder,
    env: environment,
    extendEnv: false,
    shell: false,
    preferLocal: false,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    encoding: "buffer",
    buffer: false,
    reject: false,
    // A group of its own, so that its children end with it; the supervisor ends it.
    detached: true,
    cleanup: false,
  });
}

function takeAll(take: (line: OutputLine) => void, line: OutputLine): true {
  take(line);
  return true;
}

async function readLines(
  stream: NodeJS.ReadableStream,
  take: ProcessRequest["onLine"],
  supervisor: Supervisor,
  limits: ProcessLimits,
  output: { bytes: number },
): Promise<void> {
  const splitter = lineSplitter(limits.lineBytes);
  const hand = async (line: OutputLine): Promise<void> => {
    const endedBy = supervisor.endedBy();
    if (endedBy === "enough" || endedBy === "flood") return;
    const taken = take(line);
    if (!(typeof taken === "boolean" ? taken : await taken)) supervisor.end("enough");
  };
  try {
    for await (const piece of pieces(stream)) {
      output.bytes += piece.length;
      supervisor.beginWork();
      try {
        for (const line of splitter.push(piece)) await hand(line);
      } finally {
        supervisor.endWork();
      }
      if (output.bytes > limits.outputBytes) supervisor.end("flood");
    }
    const rest = splitter.rest();
    if (rest !== undefined) await hand(rest);
  } catch (error) {
    supervisor.end("enough");
    throw error;
  }
}

/** The pieces of a stream until it ends or is closed early. */
async function* pieces(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch {
    // Closed by us, or by the system with the child: what arrived was handed on.
  }
}
