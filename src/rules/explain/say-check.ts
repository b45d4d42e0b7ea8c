import type { Comparison, Exists, Field, Transformer } from "../../condition/ast.ts";
import { fieldText } from "../../condition/operand.ts";
import { printCondition } from "../../condition/print-condition.ts";
import { lookUpField } from "../../fields/look-up-field.ts";

/** What a detection engineer calls the fields that rules use most; `#` is the number in brackets. */
const NAMES: Readonly<Record<string, string>> = {
  "proc.name": "the process name",
  "proc.pname": "the parent's name",
  "proc.aname": "an ancestor's name",
  "proc.cmdline": "the command line",
  "proc.pcmdline": "the parent's command line",
  "proc.acmdline": "an ancestor's command line",
  "proc.args": "the argument list",
  "proc.exe": "the program as it was called",
  "proc.exepath": "the program's path",
  "proc.pexepath": "the path of the parent's program",
  "proc.aexepath": "the path of an ancestor's program",
  "proc.exeline": "the whole command",
  "proc.env": "the environment",
  "proc.tty": "the terminal's number",
  "proc.vpid": "the process id inside its namespace",
  "proc.sname": "the session leader's name",
  "proc.is_exe_upper_layer": "the program is new in the container's upper layer",
  "proc.is_exe_from_memfd": "the program was run from memory",
  "user.name": "the user",
  "user.uid": "the user id",
  "user.loginuid": "the id of the user who logged in",
  "user.loginname": "the user who logged in",
  "fd.name": "the file or connection",
  "fd.nameraw": "the path as it was given",
  "fd.directory": "the folder of the file",
  "fd.filename": "the file's name",
  "fd.typechar": "the kind of descriptor",
  "fd.type": "the kind of descriptor",
  "fd.num": "the descriptor's number",
  "fd.sip": "the server's address",
  "fd.sip.name": "the server's name",
  "fd.cip": "the client's address",
  "fd.rip": "the remote address",
  "fd.sport": "the server's port",
  "fd.cport": "the client's port",
  "fd.rport": "the remote port",
  "fd.port": "a port of the connection",
  "fd.snet": "the server's network",
  "fd.l4proto": "the transport protocol",
  "fs.path.name": "the path",
  "fs.path.source": "the source path",
  "fs.path.target": "the target path",
  "container.id": "the container's id",
  "container.image.repository": "the image",
  "container.privileged": "the container is privileged",
  "k8s.ns.name": "the namespace",
  "k8s.pod.name": "the pod",
  "evt.type": "the event",
  "evt.res": "the result",
  "evt.rawres": "the result",
  "evt.is_open_read": "a file is opened for reading",
  "evt.is_open_write": "a file is opened for writing",
  "evt.is_open_exec": "a file is made executable as it is opened",
};

const VERBS: Readonly<Record<string, readonly [yes: string, no: string]>> = {
  "=": ["is", "is not"],
  "==": ["is", "is not"],
  "!=": ["is there and is not", "is missing or is"],
  "<": ["is less than", "is not less than"],
  "<=": ["is at most", "is not at most"],
  ">": ["is more than", "is not more than"],
  ">=": ["is at least", "is not at least"],
  in: ["is one of", "is none of"],
  intersects: ["has one of", "has none of"],
  contains: ["contains", "does not contain"],
  icontains: ["contains, in any case,", "does not contain, in any case,"],
  startswith: ["begins with", "does not begin with"],
  endswith: ["ends with", "does not end with"],
  glob: ["fits", "does not fit"],
  iglob: ["fits, in any case,", "does not fit, in any case,"],
  regex: ["fits the expression", "does not fit the expression"],
  pmatch: ["lies below", "does not lie below"],
  bcontains: ["contains the bytes", "does not contain the bytes"],
  bstartswith: ["begins with the bytes", "does not begin with the bytes"],
};

/** Values shown of a list. */
const MAX_VALUES = 12;

/** A check in words: "the parent's name is one of bash, sh". Values stand as they are, long lists cut with their count. */
export function sayCheck(check: Comparison | Exists, negated: boolean, source: string): string {
  const special = saySpecial(check, negated);
  if (special !== undefined) return special;
  const name = nameOf(check.left, source);
  if (check.kind === "exists") return negated ? `${name} is not known` : `${name} is known`;
  const [yes, no] = VERBS[check.operator] ?? [check.operator, `not ${check.operator}`];
  const modifier = check.modifier === undefined ? "" : ` ${MODIFIERS[check.modifier]}`;
  return `${name} ${negated ? no : yes}${modifier} ${sayValue(check)}`;
}

const MODIFIERS = { anyof: "any of", allof: "all of", oneof: "exactly one of" } as const;

/** Checks that have a shorter way to be said. */
function saySpecial(check: Comparison | Exists, negated: boolean): string | undefined {
  if (check.kind === "exists" || check.left.kind !== "field" || check.right.kind !== "value") return undefined;
  const { left, operator } = check;
  const value = check.right.text;
  const equal = operator === "=" || operator === "==";
  if (left.name === "container.id" && value === "host") {
    if (operator === "!=")
      return negated ? "it happens on the host, or the container is not known" : "it happens in a container";
    return equal && !negated ? "it happens on the host" : undefined;
  }
  if (left.name === "evt.num" && equal && value === "0")
    return negated ? "always: nothing is excluded here yet" : "never: a switch that is off";
  if (left.name === "evt.num" && operator === ">=" && value === "0")
    return negated ? "never" : "always: a switch that is on";
  if (left.name === "proc.tty" && operator === "!=" && value === "0")
    return negated ? "no terminal is attached" : "a terminal is attached";
  const kind = left.name === "fd.typechar" && equal ? DESCRIPTORS[value] : undefined;
  if (kind !== undefined) return `the descriptor is ${negated ? "not " : ""}${kind}`;
  if (equal && value === "true" && SENTENCES.has(left.name))
    return negated ? `it is not so that ${NAMES[left.name]}` : NAMES[left.name];
  return undefined;
}

const DESCRIPTORS: Readonly<Record<string, string>> = {
  f: "a file",
  d: "a folder",
  "4": "an IPv4 socket",
  "6": "an IPv6 socket",
  u: "a Unix socket",
  p: "a pipe",
  m: "a memory file",
};

/** Names that are whole sentences. */
const SENTENCES: ReadonlySet<string> = new Set(
  Object.entries(NAMES).flatMap(([field, name]) =>
    /^(?:the program (?:is|was)|the container is|a file is) /.test(name) ? [field] : [],
  ),
);

function nameOf(left: Field | Transformer, source: string): string {
  if (left.kind === "transformer") return printCondition(left);
  const { name, argument } = left;
  const known = SENTENCES.has(name) ? undefined : NAMES[name];
  if (known !== undefined && argument === undefined) return known;
  if (known !== undefined && argument !== undefined && /^\d+$/.test(argument)) {
    return `${known.replace(/^an ancestor/, `the ${ordinal(Number(argument))} ancestor`)}`;
  }
  const found = lookUpField(fieldText(left), source);
  const row = found.kind === "found" ? found.field.row : undefined;
  const text = fieldText(left);
  if (name === "evt.arg" || name === "evt.rawarg" || name.startsWith("evt.arg.") || name.startsWith("evt.rawarg.")) {
    return `argument ${argument ?? text.replace(/^evt\.(?:raw)?arg\./, "")}`;
  }
  return row === undefined || row.description.length > 60 ? text : `${text} (${row.description})`;
}

function ordinal(number: number): string {
  return number === 1 ? "1st" : number === 2 ? "2nd" : number === 3 ? "3rd" : `${number}th`;
}

function sayValue({ right }: Comparison): string {
  if (right.kind === "value") return shown(right.text);
  if (right.kind === "transformer") return printCondition(right);
  const texts = right.values.map(({ text }) => text);
  if (texts.length === 0) return "an empty list";
  const first = texts.slice(0, MAX_VALUES).map(shown).join(", ");
  return texts.length > MAX_VALUES ? `${first} and ${texts.length - MAX_VALUES} more` : first;
}

/** In quotes where a reader could not see where it begins and ends. */
function shown(text: string): string {
  return text === "" || text.trim() !== text ? JSON.stringify(text) : text;
}
