// A program that plays recorded runs of Falco, and plays up where it is told to. `fake-falco.json` beside the executable
// says how: { version, mode, transcripts, documents }. With the very arguments of a recording it answers byte for byte;
// with arguments and a configuration that mean the same, it answers with the names that it was given.
import { spawn } from "node:child_process";
import { readFileSync, readlinkSync, writeSync } from "node:fs";
import { basename, join } from "node:path";

const args = process.argv.slice(2);
const folder = process.argv[1].slice(0, process.argv[1].lastIndexOf("/"));
const settings = JSON.parse(readFileSync(join(folder, "fake-falco.json"), "utf8"));
const { cases, container } = JSON.parse(readFileSync(settings.transcripts, "utf8"));
const documents = JSON.parse(readFileSync(settings.documents, "utf8"));

function write(fd, text) {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (error.code === "EPIPE") process.exit(0);
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function end(exit, stdout = "", stderr = "") {
  write(2, stderr);
  write(1, stdout);
  process.exit(exit);
}

const read = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};
const optionsIn = (list) => list.flatMap((arg, at) => (arg === "-o" ? [list[at + 1]] : []));
const valuesOf = (list, option) => list.flatMap((arg, at) => (arg === option ? [list[at + 1]] : []));
const ACTIONS = ["-V", "-L", "-l", "--dry-run", "--support", "--list-plugins", "--list=syscall", "--list=nosuch"];

/** What a run is about, without the words that say it: two of the same meaning give the same text. */
function meaning({ action, rules, kind, capture, json }) {
  const isReplay = kind === "replay";
  return JSON.stringify({
    action,
    rules,
    kind: isReplay || action === "run" ? kind : "",
    capture: isReplay ? capture : "",
    json,
  });
}

function meaningOfRecording({ args: list, files }) {
  const options = Object.fromEntries(optionsIn(list).map((option) => option.split("=")));
  const rules = [...valuesOf(list, "-V"), ...valuesOf(list, "-r")].map((name) => files[name] ?? null);
  return meaning({
    action: ACTIONS.find((action) => list.includes(action)) ?? "run",
    rules,
    kind: options["engine.kind"] ?? "modern_ebpf",
    capture: options["engine.replay.capture_file"],
    json: options.json_output === "true",
  });
}

const OPTIONS = /^(?:json_output|engine\.kind|engine\.replay\.capture_file)=/;

/** False for recordings whose point is an option that a configuration of ours never has. */
function isOrdinary({ args: list }) {
  return optionsIn(list).every((option) => OPTIONS.test(option)) && !list.includes("missing.yaml");
}

function meaningOfCall(config, json) {
  const names = [...valuesOf(args, "-V"), ...config.rules_files];
  let capture;
  try {
    capture = basename(readlinkSync("capture.scap"));
  } catch {}
  const action = args.includes("--list") ? "--list=syscall" : (ACTIONS.find((known) => args.includes(known)) ?? "run");
  return meaning({ action, rules: names.map((name) => read(name) ?? null), kind: config.engine.kind, capture, json });
}

function stderrOf({ stderr, at = "" }) {
  return stderr.replace("<container>", () => container).replaceAll("<at>", at);
}

/** The recording for this call, with the names that Falco would print now. */
function recordingFor() {
  const same = cases.find(
    (candidate) =>
      JSON.stringify(candidate.args) === JSON.stringify(args) &&
      Object.entries(candidate.files).every(([name, text]) => read(name) === text),
  );
  if (same !== undefined) return { exit: same.exit, stdout: same.stdout, stderr: stderrOf(same) };
  const config = JSON.parse(read("falco.yaml") ?? "{}");
  const found = [true, false].flatMap((json) => {
    const wanted = meaningOfCall(config, json);
    return cases.filter((candidate) => isOrdinary(candidate) && meaningOfRecording(candidate) === wanted);
  })[0];
  if (found === undefined) return end(99, "", `Error: no recording for ${args.join(" ")}\n`);
  const recorded = [...valuesOf(found.args, "-V"), ...valuesOf(found.args, "-r")];
  const given = [...valuesOf(args, "-V"), ...config.rules_files];
  const capture = /capture_file=(\S+)/.exec(found.args.join(" "))?.[1];
  const rename = (text) => {
    let renamed = text;
    for (const before of ["trace filename ", "capture file: "]) {
      if (capture !== undefined) renamed = renamed.replaceAll(before + capture, `${before}capture.scap`);
    }
    for (const [index, name] of recorded.entries()) renamed = renamed.replaceAll(name, `\u0000${index}\u0000`);
    for (const [index, name] of given.entries()) renamed = renamed.replaceAll(`\u0000${index}\u0000`, name);
    return renamed;
  };
  return { exit: found.exit, stdout: rename(found.stdout), stderr: rename(stderrOf(found)) };
}

function document(name) {
  end(0, `${JSON.stringify(documents[name])}\n`);
}

const ALERT = (index) =>
  `${JSON.stringify({ hostname: "vm", output: `00:00:00.000000000: Notice ${index}`, output_fields: { "evt.time": index }, priority: "Notice", rule: "r", source: "syscall", tags: [], time: "2026-11-22T01:31:36.417597113Z" })}\n`;
const forever = () => setInterval(() => {}, 1_000_000);
const die = (signal) => {
  process.kill(process.pid, signal);
  forever();
};

/** What a broken Falco does in place of its work. */
const MODES = {
  hang: forever,
  "hang-after-log": () => {
    write(2, "Sun Nov 22 01:40:55 2026: Falco version: 0.44.0 (x86_64)\n");
    forever();
  },
  "alert-then-hang": () => {
    write(1, ALERT(1));
    forever();
  },
  flood: () => {
    const much = Buffer.alloc(1024 * 1024, "x\n");
    for (;;) write(1, much);
  },
  "long-line": () => end(0, `${"y".repeat(3_000_000)}\n${ALERT(1)}`),
  "half-line": () => end(0, `${ALERT(1)}${ALERT(2).slice(0, 40)}`),
  "dies-mid-line": () => {
    write(1, `${ALERT(1)}${ALERT(2)}${ALERT(3).slice(0, 50)}`);
    die("SIGSEGV");
  },
  "ignores-term": () => {
    process.on("SIGTERM", () => write(1, "still here\n"));
    write(1, `${ALERT(1)}`);
    forever();
  },
  grandchild: () => {
    const child = spawn("sleep", ["600"], { stdio: ["ignore", "inherit", "inherit"] });
    write(1, `${ALERT(1)}child ${child.pid}\n`);
    forever();
  },
  "leaves-grandchild": () => {
    const child = spawn("sleep", ["600"], { stdio: ["ignore", "inherit", "inherit"] });
    end(0, `${ALERT(1)}child ${child.pid}\n`);
  },
  "stray-grandchild": () => {
    const child = spawn("sleep", ["600"], { stdio: ["ignore", "inherit", "inherit"], detached: true });
    end(0, `${ALERT(1)}child ${child.pid}\n`);
  },
  "not-json": () =>
    end(
      0,
      Buffer.concat([
        Buffer.from('hello\n[1,2]\n{"a":1}\n{broken\n'),
        Buffer.from([0xff, 0xfe, 0x0a]),
        Buffer.from(ALERT(1)),
      ]),
    ),
  "no-json": () => end(1, "", "Error: something nobody has seen\n"),
  silent: () => end(0),
  "many-alerts": () => {
    for (let index = 0; index < 100_000; index += 1) write(1, ALERT(index));
    end(
      0,
      "Events detected: 100000\nRule counts by severity:\n   NOTICE: 100000\nTriggered rules by rule name:\n   r: 100000\n",
    );
  },
  "loses-alerts": () =>
    end(
      0,
      `${ALERT(1)}Events detected: 3\nRule counts by severity:\n   NOTICE: 3\nTriggered rules by rule name:\n   r: 3\n`,
    ),
  "says-stderr": () => end(settings.exit ?? 1, "", settings.stderr),
  environment: () =>
    end(
      0,
      `${JSON.stringify({ falco_load_results: [], cwd: process.cwd(), env: process.env, args, config: JSON.parse(read("falco.yaml") ?? "{}") })}\n`,
    ),
};

const VERSION = () => cases.find(({ id }) => id === "version").stdout;
const VERSION_MODES = {
  "version-hang": forever,
  "version-flood": MODES.flood,
  "version-crash": () => die("SIGSEGV"),
  "not-falco": () => end(0, "tcpdump version 4.99.4\n"),
  "version-error": () => end(1, "", "Error: Error reading config file\n"),
};

if (args[0] === "--version") {
  if (VERSION_MODES[settings.mode] !== undefined) VERSION_MODES[settings.mode]();
  else end(0, settings.version ?? VERSION());
} else if (args[0] === "--help" && settings.mode !== "says-stderr")
  end(0, settings.help ?? cases.find(({ id }) => id === "help").stdout);
else if (MODES[settings.mode] !== undefined) MODES[settings.mode]();
else if (args.join(" ") === "--list-events --format json") document("list_events");
else if (args.join(" ") === "-c falco.yaml --list --format json") document("list_fields");
else if (args[0] === "--config-schema") document("config_schema");
else if (args[0] === "--rule-schema") document("rule_schema");
else {
  const { exit, stdout, stderr } = recordingFor();
  end(exit, stdout, stderr);
}
