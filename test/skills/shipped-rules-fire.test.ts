import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { compileCondition } from "../../src/condition/compile-condition.ts";
import type { Extracted, FieldSource } from "../../src/condition/field-access.ts";
import { loadRules } from "../../src/rules/load-rules.ts";

const FILE = "../../skills/performing-cloud-native-forensics-with-falco/rules/container-forensics.yaml";
const text = readFileSync(resolve(import.meta.dirname, FILE), "utf8");

/** An event as its fields; one that is missing has no value. */
type Fields = Readonly<Record<string, Extracted | undefined>>;

const source: FieldSource<Fields> = {
  reader:
    ({ name, argument }) =>
    (event) =>
      event[argument === undefined ? name : `${name}[${argument}]`],
};
const tests = loadRules([{ name: "container-forensics.yaml", text }]).ruleSet.rules.map(({ name, tree }) => ({
  name: name.replace("Forensics ", ""),
  holds: compileCondition(tree, source, { source: "syscall" }),
}));
const fires = (event: Fields) => tests.filter(({ holds }) => holds(event)).map(({ name }) => name);

const IN = { "container.id": "3ad7b26ded6d", "proc.vpid": 17, "user.uid": 0, "evt.rawres": 0, "evt.res": "SUCCESS" };
const ip = (...bytes: number[]) => Uint8Array.from(bytes);
const V6 = (...head: number[]) => Uint8Array.from({ length: 16 }, (_, at) => head[at] ?? 0);

const shell = {
  ...IN,
  "evt.type": "execve",
  "proc.name": "bash",
  "proc.pname": "nginx",
  "proc.pexepath": "/usr/sbin/nginx",
};
const read = {
  ...IN,
  "evt.type": "openat",
  "evt.is_open_read": true,
  "fd.typechar": "f",
  "fd.num": 3,
  "proc.name": "cat",
  "proc.exepath": "/bin/cat",
  "fd.directory": "/etc",
  "fd.name": "/etc/shadow",
};
const connect = {
  ...IN,
  "evt.type": "connect",
  "fd.typechar": "4",
  "fd.l4proto": "tcp",
  "fd.sip": ip(203, 0, 113, 7),
  "fd.snet": ip(203, 0, 113, 7),
  "fd.sport": 443,
  "proc.name": "curl",
};
const to = (...bytes: number[]) => ({ ...connect, "fd.sip": ip(...bytes), "fd.snet": ip(...bytes) });
const to6 = (...head: number[]) => ({ ...connect, "fd.typechar": "6", "fd.sip": V6(...head), "fd.snet": V6(...head) });
const chmod = {
  ...IN,
  "evt.type": "chmod",
  "evt.arg.mode": "S_IXOTH|S_IXUSR|S_ISUID",
  "proc.name": "chmod",
  "proc.exepath": "/bin/chmod",
};
const setuid = { ...IN, "evt.type": "setuid", "evt.rawarg.uid": 0, "proc.name": "x", "proc.exepath": "/tmp/x" };
const mount = { ...IN, "evt.type": "mount", "proc.name": "mount" };
const ptrace = { ...IN, "evt.type": "ptrace", "evt.arg.request": "PTRACE_ATTACH", "proc.name": "gdb" };

const SHELL = "shell spawned in container";
const READ = "sensitive file read in container";
const OUT = "unexpected outbound connection from container";
const BIT = "setuid or setgid bit set in container";
const ROOT = "root identity taken in container";
const MOUNT = "mount in container";
const PTRACE = "ptrace of another process in container";

test.each<{ what: string; event: Fields; rules: string[] }>([
  { what: "a shell below a web server", event: shell, rules: [SHELL] },
  { what: "a shell of kubectl exec", event: { ...shell, "proc.pname": "containerd-shim" }, rules: [SHELL] },
  { what: "a shell whose parent is gone", event: { ...shell, "proc.pname": undefined }, rules: [SHELL] },
  { what: "a shell on the host", event: { ...shell, "container.id": "host" }, rules: [] },
  { what: "a shell as the container's first process", event: { ...shell, "proc.vpid": 1 }, rules: [] },
  {
    what: "a shell of docker-entrypoint.sh, as the kernel names it",
    event: { ...shell, "proc.pname": "docker-entrypoi" },
    rules: [],
  },
  { what: "a shell of a liveness probe", event: { ...shell, "proc.is_container_liveness_probe": true }, rules: [] },
  { what: "a program that is no shell", event: { ...shell, "proc.name": "ls" }, rules: [] },
  { what: "cat of the shadow file", event: read, rules: [READ] },
  { what: "the node's shadow file below a mount", event: { ...read, "fd.name": "/host/etc/shadow" }, rules: [READ] },
  {
    what: "a file of sudoers.d",
    event: { ...read, "fd.name": "/etc/sudoers.d/x", "fd.directory": "/etc/sudoers.d" },
    rules: [READ],
  },
  { what: "cat of the passwd file", event: { ...read, "fd.name": "/etc/passwd" }, rules: [READ] },
  {
    what: "a service looking up a user",
    event: { ...read, "fd.name": "/etc/passwd", "proc.name": "nginx", "proc.exepath": "/usr/sbin/nginx" },
    rules: [],
  },
  {
    what: "sshd reading the shadow file",
    event: { ...read, "proc.name": "sshd", "proc.exepath": "/usr/sbin/sshd" },
    rules: [],
  },
  {
    what: "a program that calls itself sshd",
    event: { ...read, "proc.name": "sshd", "proc.exepath": "/tmp/sshd" },
    rules: [READ],
  },
  { what: "opening the shadow file in vain", event: { ...read, "fd.num": -1 }, rules: [] },
  { what: "a connection into the world", event: connect, rules: [OUT] },
  {
    what: "one that is still being made",
    event: { ...connect, "evt.rawres": -115, "evt.res": "EINPROGRESS" },
    rules: [OUT],
  },
  { what: "one that was refused", event: { ...connect, "evt.rawres": -111, "evt.res": "ECONNREFUSED" }, rules: [] },
  { what: "the metadata service of a cloud", event: to(169, 254, 169, 254), rules: [OUT] },
  { what: "a pod of the cluster", event: to(10, 1, 2, 3), rules: [] },
  { what: "a private network", event: to(172, 31, 0, 1), rules: [] },
  { what: "loopback", event: to(127, 0, 0, 1), rules: [] },
  { what: "a public IPv6 address", event: to6(0x20, 0x01, 0x0d, 0xb8), rules: [OUT] },
  { what: "an IPv6 address of the site", event: to6(0xfd, 0x00), rules: [] },
  { what: "a local socket", event: { ...connect, "fd.typechar": "u", "fd.l4proto": undefined }, rules: [] },
  { what: "a library choosing a source address", event: { ...connect, "fd.l4proto": "udp" }, rules: [] },
  {
    what: "a question to a resolver outside",
    event: { ...connect, "fd.l4proto": "udp", "fd.sport": 53 },
    rules: [OUT],
  },
  { what: "the setuid bit", event: chmod, rules: [BIT] },
  {
    what: "the setgid bit by fchmodat",
    event: { ...chmod, "evt.type": "fchmodat", "evt.arg.mode": "S_ISGID" },
    rules: [BIT],
  },
  { what: "an ordinary mode", event: { ...chmod, "evt.arg.mode": "S_IXOTH|S_IXUSR" }, rules: [] },
  { what: "a refused chmod", event: { ...chmod, "evt.rawres": -1 }, rules: [] },
  { what: "a package manager", event: { ...chmod, "proc.exepath": "/usr/bin/dpkg" }, rules: [] },
  { what: "setuid(0)", event: setuid, rules: [ROOT] },
  { what: "a refused setuid(0)", event: { ...setuid, "evt.rawres": -1, "user.uid": 33 }, rules: [ROOT] },
  { what: "setuid to a service's user", event: { ...setuid, "evt.rawarg.uid": 33, "user.uid": 33 }, rules: [] },
  {
    what: "setresuid that ended as root",
    event: { ...setuid, "evt.type": "setresuid", "evt.rawarg.uid": undefined, "evt.arg.euid": "<NA>" },
    rules: [ROOT],
  },
  {
    what: "setresuid that gave root up",
    event: { ...setuid, "evt.type": "setresuid", "evt.rawarg.uid": undefined, "evt.arg.euid": "app", "user.uid": 33 },
    rules: [],
  },
  {
    what: "setgid(0) by another user than root",
    event: { ...setuid, "evt.type": "setgid", "evt.rawarg.uid": undefined, "evt.rawarg.gid": 0, "user.uid": 33 },
    rules: [ROOT],
  },
  {
    what: "setgid(0) by root",
    event: { ...setuid, "evt.type": "setgid", "evt.rawarg.uid": undefined, "evt.rawarg.gid": 0 },
    rules: [],
  },
  { what: "sudo", event: { ...setuid, "proc.exepath": "/usr/bin/sudo" }, rules: [] },
  { what: "a mount", event: mount, rules: [MOUNT] },
  { what: "a refused mount", event: { ...mount, "evt.rawres": -1 }, rules: [MOUNT] },
  {
    what: "a mount by the newer calls",
    event: { ...mount, "evt.type": "move_mount", "evt.rawres": undefined },
    rules: [MOUNT],
  },
  {
    what: "the runtime mounting while it builds the container up",
    event: { ...mount, "proc.name": "runc:[2:INIT]" },
    rules: [],
  },
  { what: "attaching to a process", event: ptrace, rules: [PTRACE] },
  { what: "writing into a process", event: { ...ptrace, "evt.arg.request": "PTRACE_POKEDATA" }, rules: [PTRACE] },
  { what: "letting oneself be traced", event: { ...ptrace, "evt.arg.request": "PTRACE_TRACEME" }, rules: [] },
  { what: "attaching on the host", event: { ...ptrace, "container.id": "host" }, rules: [] },
  { what: "an event without any field", event: {}, rules: [] },
])("$what: $rules", ({ event, rules }) => {
  expect(fires(event)).toEqual(rules);
});
