/** What the generated alerts look like as a whole. */
export interface AlertStream {
  readonly seed?: number;
  /** Time of the first alert; 2026-10-17 where absent. */
  readonly startMs?: number;
  /** Mean distance between two alerts; 2592 ms where absent, which spreads a million over 30 days. */
  readonly stepMs?: number;
}

export const STREAM_START_MS = Date.UTC(2026, 9, 17);

const PRIORITIES = ["Notice", "Warning", "Error", "Critical", "Informational", "Debug", "Alert", "Emergency"];
const PROGRAMS = ["bash", "sh", "curl", "python3", "nginx", "cat", "node", "java", "apt-get", "find", "tar", "ssh"];
const FOLDERS = ["/etc", "/var/log", "/usr/bin", "/tmp", "/root/.ssh", "/proc/1", "/opt/app/data", "/home/dev"];
const FILES = ["shadow", "passwd", "auth.log", "id_rsa", "config.yaml", "environ", "cache.bin", "crontab"];
const WORDS = [
  "Sensitive",
  "file",
  "opened",
  "Shell",
  "spawned",
  "in",
  "container",
  "Outbound",
  "connection",
  "Binary",
];

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Falco's JSON lines, the same in every run: about 1.6 KB each, 40 rules and 200 containers of which few are frequent,
 * 20 hosts, a third of them bursts that differ in little, one in a hundred late.
 */
export function* generateAlertLines(count: number, stream: AlertStream = {}): Generator<string> {
  const { seed = 1, startMs = STREAM_START_MS, stepMs = 2592 } = stream;
  const random = seededRandom(seed);
  let subject = pickSubject(random);
  for (let index = 0; index < count; index++) {
    if (random() > 0.35) subject = pickSubject(random);
    const late = random() < 0.01 ? random() * 3_600_000 : 0;
    const ms = Math.max(startMs, Math.floor(startMs + (index + random()) * stepMs - late));
    yield alertLine(subject, ms, Math.floor(random() * 1e6), random);
  }
}

interface Subject {
  readonly rule: number;
  readonly container: number;
  readonly host: number;
  readonly program: string;
  readonly file: string;
  readonly pid: number;
}

function pickSubject(random: () => number): Subject {
  return {
    rule: zipf(random, 40),
    container: zipf(random, 200),
    host: Math.floor(random() * 20),
    program: PROGRAMS[zipf(random, PROGRAMS.length)] ?? "",
    file: `${FOLDERS[zipf(random, FOLDERS.length)]}/${FILES[zipf(random, FILES.length)]}${random() < 0.2 ? zipf(random, 5000) : ""}`,
    pid: 1000 + Math.floor(random() * 60_000),
  };
}

/** A number below `count`, small ones much more often. */
function zipf(random: () => number, count: number): number {
  return Math.min(count - 1, Math.floor(count ** random()) - 1);
}

export function ruleName(rule: number): string {
  const word = (offset: number) => WORDS[(rule * 3 + offset) % WORDS.length];
  return `${word(0)} ${word(1)} ${word(2)} number ${rule}`;
}

export function containerId(container: number): string {
  return (0x3f1c9a7be2d0 + container * 7_919).toString(16).padStart(12, "0");
}

function alertLine(subject: Subject, ms: number, subMs: number, random: () => number): string {
  const { rule, container, host, program, file, pid } = subject;
  const priority = PRIORITIES[rule % 13 === 0 ? 3 : rule % PRIORITIES.length] ?? "Notice";
  const fraction = `${String(ms % 1000).padStart(3, "0")}${String(subMs).padStart(6, "0")}`;
  const seconds = new Date(ms - (ms % 1000)).toISOString().slice(0, 19);
  const fields = fieldsOf(subject, `${Math.floor(ms / 1000)}${fraction}`, random);
  const shown = Object.entries(fields).map(([key, value]) => `${key.replaceAll(".", "_")}=${value ?? "<NA>"}`);
  const output = `${seconds.slice(11)}.${fraction}: ${priority} ${ruleName(rule)} | ${shown.slice(0, 22).join(" ")}`;
  const line = {
    hostname: `node-${host}.cluster.example.com`,
    output,
    output_fields: { ...fields, "evt.time": "@time@" },
    priority,
    rule: ruleName(rule),
    source: "syscall",
    tags: [
      "container",
      `T${1000 + rule}`,
      "maturity_stable",
      rule % 2 === 0 ? "mitre_execution" : "mitre_discovery",
    ].sort(),
    time: `${seconds}.${fraction}Z`,
  };
  const text = JSON.stringify(line).replace('"@time@"', `${Math.floor(ms / 1000)}${fraction}`);
  return program === "" || file === "" || pid === 0 || container < 0 ? "" : text;
}

function fieldsOf(
  { rule, container, program, file, pid, host }: Subject,
  ns: string,
  random: () => number,
): Record<string, string | number | boolean | null> {
  const parent = PROGRAMS[(rule + container) % PROGRAMS.length] ?? "";
  return {
    "container.id": containerId(container),
    "container.image.repository": `registry.example.com/team-${container % 12}/app-${container % 40}`,
    "container.image.tag": `1.${container % 9}.${container % 4}`,
    "container.name": `app-${container}`,
    "container.privileged": container % 17 === 0,
    "evt.arg.flags": "O_RDONLY|O_CLOEXEC|FD_UPPER_LAYER",
    "evt.res": random() < 0.9 ? "SUCCESS" : "EPERM",
    "evt.type": rule % 3 === 0 ? "openat" : rule % 3 === 1 ? "execve" : "connect",
    "fd.name": rule % 3 === 2 ? `10.0.${host}.${container}:${40_000 + (pid % 9000)}->203.0.113.${rule}:443` : file,
    ...(rule % 3 === 2 ? { "fd.sip": `203.0.113.${rule}`, "fd.sport": 443, "fd.l4proto": "tcp" } : {}),
    "k8s.ns.name": container % 5 === 0 ? null : `ns-${container % 15}`,
    "k8s.pod.name": container % 5 === 0 ? null : `app-${container}-7d9f8b6c5d-${(container * 31) % 997}`,
    "proc.aname[2]": "containerd-shim",
    "proc.aname[3]": "systemd",
    "proc.cmdline": `${program} -c ${file} --id=${Math.floor(random() * 50_000)}`,
    "proc.cwd": `/srv/app-${container}/`,
    "proc.exe_ino.ctime": ns,
    "proc.exepath": `/usr/bin/${program}`,
    "proc.name": program,
    "proc.pcmdline": `${parent} /srv/app-${container}/entrypoint.sh`,
    "proc.pid": pid,
    "proc.pname": parent,
    "proc.ppid": 1 + (pid % 997),
    "proc.sid": 1 + (pid % 97),
    "proc.tty": rule % 4 === 0 ? 34_816 : 0,
    "user.loginuid": -1,
    "user.name": container % 3 === 0 ? "root" : "app",
    "user.uid": container % 3 === 0 ? 0 : 1000 + (container % 3),
    "group.gid": container % 3 === 0 ? 0 : 1000,
  };
}

/** What a test says about an alert; the rest is Falco's usual. */
export interface AlertParts {
  readonly rule?: string;
  readonly priority?: string;
  readonly time?: string;
  readonly source?: string;
  readonly hostname?: string;
  readonly tags?: readonly string[];
  readonly output?: string;
  readonly output_fields?: Readonly<Record<string, unknown>>;
}

/** A line as Falco would write it. */
export function falcoLine(parts: AlertParts = {}): string {
  const { time = "2026-11-22T02:50:12.888001804Z", rule = "Shell in container", priority = "Warning" } = parts;
  return JSON.stringify({
    hostname: parts.hostname ?? "vm",
    output: parts.output ?? `${time.slice(11, -1)}: ${priority} ${rule}`,
    output_fields: parts.output_fields ?? {},
    priority,
    rule,
    source: parts.source ?? "syscall",
    ...(parts.source === "internal" ? {} : { tags: parts.tags ?? [] }),
    time,
  });
}
