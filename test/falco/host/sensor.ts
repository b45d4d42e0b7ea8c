import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Serves the files of its folder as Falco's webserver would, on a port that it prints. */
const PLAYER = `
const { createServer } = require("node:http");
const { readFileSync } = require("node:fs");
if (process.env.TITLE) process.title = process.env.TITLE;
const FILES = { "/healthz": "health.json", "/versions": "versions.json", "/metrics": "metrics.txt" };
const server = createServer((request, response) => {
  try {
    const text = readFileSync(FILES[request.url] ?? "none");
    response.setHeader("content-type", request.url === "/metrics" ? "text/plain; version=0.0.4" : "application/json");
    response.end(text);
  } catch {
    response.statusCode = 404;
    response.end();
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

export interface Sensor {
  readonly folder: string;
  /** The files below it. */
  readonly path: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  readonly port: number;
  readonly child: ChildProcess;
  /** A process table that holds this process alone: others on the machine may be called falco as well. */
  readonly procFolder: string;
  readonly end: () => Promise<void>;
}

export interface SensorOptions {
  /** Name of the program's file; falco by default. */
  readonly name?: string;
  readonly arguments?: (folder: string) => readonly string[];
  readonly environment?: Record<string, string>;
}

/** A real process whose program is called falco, in a folder of its own, with a webserver that answers from files there. */
export async function startSensor(options: SensorOptions = {}): Promise<Sensor> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "host-falco-")));
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  write("play.cjs", PLAYER);
  const program = path(`bin/${options.name ?? "falco"}`);
  mkdirSync(dirname(program));
  linkOrCopy(process.execPath, program);
  const args = options.arguments?.(folder) ?? ["-c", path("falco.yaml")];
  const child = spawn(program, ["play.cjs", ...args], {
    cwd: folder,
    env: { ...options.environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const procFolder = path("proc");
  mkdirSync(procFolder);
  for (const name of [String(child.pid), "self", "stat"]) symlinkSync(`/proc/${name}`, join(procFolder, name));
  return {
    folder,
    path,
    write,
    port: Number(line.toString()),
    child,
    procFolder,
    async end() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      rmSync(folder, { recursive: true });
    },
  };
}

/** The program of a process is the path it was started by; a copy is needed only across file systems. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(realpathSync(from), to);
  } catch {
    copyFileSync(from, to);
  }
}
