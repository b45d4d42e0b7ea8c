import { checkCondition } from "../../src/condition/check-condition.ts";
import { compileCondition } from "../../src/condition/compile-condition.ts";
import { eventTypesOf } from "../../src/condition/event-types-of.ts";
import type { Extracted, FieldSource } from "../../src/condition/field-access.ts";
import { parseCondition } from "../../src/condition/parse-condition.ts";
import { printCondition } from "../../src/condition/print-condition.ts";

/**
 * Conditions of the size and shape that rules have, through every phase, and then on events: how many conditions a CPU second
 * each phase takes, and how many a compiled set tries.
 */

const SYSCALL = { source: "syscall" };
const NAMES = Array.from({ length: 60 }, (_, index) => `program-${index}`).join(", ");

/** Shapes of rules as people write them, told apart by a number. */
const SHAPES: readonly ((index: number) => string)[] = [
  (index) =>
    `evt.type in (execve, execveat) and container.id != host and proc.name in (${NAMES}) and not proc.pname in (a, b${index})`,
  (index) =>
    `(evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.typechar = f and fd.num >= 0) and fd.name startswith /etc/${index} and not proc.name in (${NAMES})`,
  (index) =>
    `evt.type = connect and (fd.sip = 10.0.0.${index % 250} or fd.snet in (192.168.0.0/16, 172.16.0.0/12)) and not fd.sport in (22, https)`,
  (index) =>
    `evt.type in (unlink, unlinkat, rename) and (fd.name pmatch (/var/log, /home/*/.ssh, /opt/${index}) or proc.cmdline contains "history -c ${index}")`,
  (index) => `evt.type = openat and proc.aname[2] = sshd and fd.name glob /root/*${index}*.key and user.uid = 0`,
];

const texts = Array.from({ length: 5_000 }, (_, index) => SHAPES[index % SHAPES.length]?.(index) ?? "");

type PlainEvent = Readonly<Record<string, Extracted>>;

const source: FieldSource<PlainEvent> = {
  reader({ name, argument }) {
    const key = argument === undefined ? name : `${name}[${argument}]`;
    return (event) => event[key];
  },
};

const EVENTS: readonly PlainEvent[] = [
  { "evt.type": "execve", "container.id": "3f4a", "proc.name": "program-7", "proc.pname": "sh" },
  {
    "evt.type": "openat",
    "evt.is_open_write": true,
    "fd.typechar": "f",
    "fd.num": 3n,
    "fd.name": "/etc/17/x",
    "proc.name": "cp",
  },
  {
    "evt.type": "connect",
    "fd.sip": Uint8Array.of(10, 0, 0, 7),
    "fd.snet": Uint8Array.of(10, 0, 0, 7),
    "fd.sport": 443,
  },
  { "evt.type": "unlinkat", "fd.name": "/home/joe/.ssh/id", "proc.cmdline": "rm -f /home/joe/.ssh/id" },
  { "evt.type": "openat", "proc.aname[2]": "sshd", "fd.name": "/root/a19b.key", "user.uid": 0 },
];

function measure(what: string, count: number, run: () => void): void {
  run();
  const started = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1_000_000;
  const perSecond = Math.round(count / seconds);
  console.log(`${what.padEnd(28)} ${perSecond.toLocaleString("en").padStart(14)} a CPU second`);
  console.log(JSON.stringify({ what, count, seconds, perSecond }));
}

const nodes = texts.map((text) => {
  const { node, error } = parseCondition(text);
  if (node === undefined) throw new Error(`${text}: ${error.message}`);
  return node;
});
const each = (run: (node: (typeof nodes)[number]) => unknown) => (): void => {
  for (const node of nodes) run(node);
};

measure("parse", texts.length, () => {
  for (const text of texts) parseCondition(text);
});
measure(
  "check",
  nodes.length,
  each((node) => checkCondition(node, SYSCALL)),
);
measure("print", nodes.length, each(printCondition));
measure("event types", nodes.length, each(eventTypesOf));
measure(
  "compile",
  nodes.length,
  each((node) => compileCondition(node, { ...source }, SYSCALL)),
);

const tests = nodes.slice(0, 500).map((node) => compileCondition(node, source, SYSCALL));
measure("conditions tried on events", tests.length * EVENTS.length * 1_000, () => {
  for (let round = 0; round < 1_000; round += 1) for (const event of EVENTS) for (const test of tests) test(event);
});
