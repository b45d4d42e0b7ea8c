import { EVENT_TYPES, type ParamInfo, type ParamType } from "../event/event-types.ts";
import { classesOf, type FieldClass } from "./field-catalogue.ts";
import type { FieldRow, FieldType } from "./field-row.ts";
import { parseInteger } from "./parse-number.ts";

/** The type of a value in a comparison: of a field, or of the event parameter that evt.rawarg names. */
export type ValueType = Exclude<FieldType, "DYNAMIC"> | ParamType;

interface FoundField {
  readonly row: FieldRow;
  readonly type: ValueType;
  /** The parameter that evt.arg.x or evt.rawarg.x names, of the first event type that has it. */
  readonly parameter?: ParamInfo;
}

/** unknown: no class has it; refused: a class takes the name but not its argument, for the reason in Falco's words. */
export type FieldLookup =
  | { readonly kind: "found"; readonly field: FoundField }
  | { readonly kind: "unknown" }
  | { readonly kind: "refused"; readonly message: string };

/** What one class makes of a text: how much of it it takes as a field, nothing, or a refusal. */
type ClassResult =
  | { readonly row: FieldRow; readonly length: number; readonly parameter?: ParamInfo }
  | { readonly message: string }
  | undefined;

const UNKNOWN: FieldLookup = Object.freeze({ kind: "unknown" });

/**
 * What the engine makes of a field written as `name` or `name[argument]` in a rule of the source. The first class that
 * recognises the beginning of the text decides, even if it takes only a part of it: that is then an unknown field.
 * Source: libs userspace/libsinsp/filter_check_list.cpp and the parse_field_name of each class @48dfd53c.
 */
export function lookUpField(text: string, source: string): FieldLookup {
  const classes = classesOf(source);
  const known = wholeNames.get(classes)?.get(text);
  if (known !== undefined) return known;
  const found = lookUpInClasses(text, classes);
  if (found.kind === "found" && found.field.row.name === text) remember(text, classes, found);
  return found;
}

/** What whole names are found to be, by the classes of a source: rules name the same few again and again. */
const wholeNames = new WeakMap<readonly FieldClass[], Map<string, FieldLookup>>();

function remember(name: string, classes: readonly FieldClass[], found: FieldLookup): void {
  const names = wholeNames.get(classes) ?? new Map<string, FieldLookup>();
  wholeNames.set(classes, names.set(name, found));
}

function lookUpInClasses(text: string, classes: readonly FieldClass[]): FieldLookup {
  const dot = text.indexOf(".");
  const root = dot === -1 ? text : text.slice(0, dot);
  for (const fieldClass of classes) {
    const begins = fieldClass.roots.has(root) || (fieldClass.lookup === "process" && text.startsWith("arg"));
    if (!begins) continue;
    const result = lookUpInClass(text, fieldClass);
    if (result === undefined) continue;
    if ("message" in result) return { kind: "refused", message: result.message };
    const { row, length, parameter } = result;
    if (length !== text.length) return UNKNOWN;
    const type = row.type === "DYNAMIC" ? (parameter?.type ?? "CHARBUF") : row.type;
    return { kind: "found", field: parameter === undefined ? { row, type } : { row, type, parameter } };
  }
  return UNKNOWN;
}

function lookUpInClass(text: string, fieldClass: FieldClass): ClassResult {
  switch (fieldClass.lookup) {
    case "event":
      return lookUpEventField(text, fieldClass);
    case "process":
      return lookUpProcessField(text, fieldClass);
    case "fd":
      return lookUpDescriptorField(text, fieldClass);
    case "plugin":
      return lookUpPluginField(text, fieldClass);
    default:
      return longestName(text, fieldClass);
  }
}

/** The longest field name that the text begins with. */
function longestName(text: string, { byName }: FieldClass): Extract<ClassResult, { row: unknown }> | undefined {
  for (let length = Math.min(text.length, 64); length > 0; length -= 1) {
    const row = byName.get(text.slice(0, length));
    if (row !== undefined) return { row, length };
  }
  return undefined;
}

function take({ byName }: FieldClass, name: string, length: number, parameter?: ParamInfo): ClassResult {
  const row = byName.get(name);
  if (row === undefined) return undefined;
  return parameter === undefined ? { row, length } : { row, length, parameter };
}

function lookUpEventField(text: string, fieldClass: FieldClass): ClassResult {
  if (text.startsWith("evt.arg") && !text.startsWith("evt.args")) return lookUpArgument(text, "evt.arg", fieldClass);
  if (text.startsWith("evt.rawarg")) return lookUpArgument(text, "evt.rawarg", fieldClass);
  if (text.startsWith("evt.around")) return lookUpAround(text, fieldClass);
  if (text.startsWith("evt.abspath")) {
    const end = ["evt.abspath.src", "evt.abspath.dst"].find((name) => text.startsWith(name)) ?? "evt.abspath";
    return take(fieldClass, "evt.abspath", end.length);
  }
  if (text.startsWith("evt.type.is")) {
    const name = "evt.type.is";
    if (text[name.length] !== ".") return { message: `filter syntax error: ${text}` };
    const wanted = text.slice(name.length + 1);
    const known = parseInteger(wanted, false, 32) !== undefined || EVENT_TYPES.some((type) => type.name === wanted);
    return take(fieldClass, name, known ? text.length : 0);
  }
  return longestName(text, fieldClass);
}

function lookUpArgument(text: string, name: "evt.arg" | "evt.rawarg", fieldClass: FieldClass): ClassResult {
  const next = text[name.length];
  if (next === "[") {
    if (name === "evt.rawarg") return { message: "evt.arg fields must be expressed explicitly" };
    return takeIndexed(text, name, fieldClass);
  }
  if (next !== ".") return { message: `filter syntax error: ${text}` };
  const wanted = text.slice(name.length + 1);
  const parameter = longestParameter(wanted);
  if (parameter === undefined) return { message: `unknown event argument ${wanted}` };
  return take(fieldClass, name, name.length + 1 + parameter.name.length, parameter);
}

function lookUpAround(text: string, fieldClass: FieldClass): ClassResult {
  const name = "evt.around";
  const next = text[name.length];
  if (next === ".") return { message: "wrong syntax for evt.around" };
  if (next !== "[") return { message: `filter syntax error: ${text}` };
  return takeIndexed(text, name, fieldClass);
}

/** `name[number]`, where anything but a number is refused. */
function takeIndexed(text: string, name: string, fieldClass: FieldClass): ClassResult {
  const close = text.indexOf("]");
  const index = text.slice(name.length + 1, close === -1 ? undefined : close);
  if (parseInteger(index, true, 32) === undefined) return { message: `${index} is not a valid number` };
  return take(fieldClass, name, close + 1);
}

let parametersByName: ReadonlyMap<string, ParamInfo> | undefined;

/** The first parameter of each name, over all event types in their order. */
function parameters(): ReadonlyMap<string, ParamInfo> {
  parametersByName ??= new Map(
    EVENT_TYPES.flatMap(({ params }) => params.map((parameter) => [parameter.name, parameter] as const)).reverse(),
  );
  return parametersByName;
}

function longestParameter(text: string): ParamInfo | undefined {
  for (let length = Math.min(text.length, 64); length > 0; length -= 1) {
    const parameter = parameters().get(text.slice(0, length));
    if (parameter !== undefined) return parameter;
  }
  return undefined;
}

/** Process fields with an optional number; longer names first, since they are told apart by how the text begins. */
const INDEXED = ["proc.apid", "proc.aname", "proc.aexepath", "proc.aexe", "proc.acmdline", "proc.aargs", "proc.args"];
const KEYED = ["proc.env", "proc.aenv"];

function lookUpProcessField(text: string, fieldClass: FieldClass): ClassResult {
  if (text.startsWith("arg")) return { message: "filter error: proc.arg filter not implemented yet" };
  const name = [...INDEXED, ...KEYED].find((candidate) => text.startsWith(candidate));
  if (name !== undefined) {
    const close = text.indexOf("]");
    const argument = text[name.length] === "[" && close !== -1 ? text.slice(name.length + 1, close) : undefined;
    const fits = argument !== undefined && (KEYED.includes(name) || parseInteger(argument, true, 32) !== undefined);
    // An argument that does not fit is left standing, so the whole is an unknown field.
    return take(fieldClass, name, fits ? close + 1 : name.length);
  }
  if (text.startsWith("thread.cgroup") && !text.startsWith("thread.cgroups")) {
    const match = /^thread\.cgroup\.[a-zA-Z_]*/.exec(text);
    if (match === null) return { message: `filter syntax error: ${text}` };
    return take(fieldClass, "thread.cgroup", match[0].length);
  }
  return longestName(text, fieldClass);
}

function lookUpDescriptorField(text: string, fieldClass: FieldClass): ClassResult {
  const name = "fd.types";
  if (!text.startsWith(name)) return longestName(text, fieldClass);
  return text[name.length] === "[" ? takeIndexed(text, name, fieldClass) : take(fieldClass, name, name.length);
}

function lookUpPluginField(text: string, fieldClass: FieldClass): ClassResult {
  const found = longestName(text, fieldClass);
  if (found === undefined) return undefined;
  const { row } = found;
  const blank = text.indexOf(" ");
  const whole = (blank === -1 ? text : text.slice(0, blank)).trim();
  const bracket = whole.indexOf("[");
  if (bracket === -1) {
    if (row.argument !== "required") return found;
    return { message: `filter '${whole}': ${row.name} requires an argument but none provided` };
  }
  if (bracket !== found.length) return undefined;
  return takePluginArgument(whole, bracket, row);
}

function takePluginArgument(whole: string, bracket: number, row: FieldRow): ClassResult {
  const refused = (why: string): ClassResult => ({ message: `filter '${whole}': ${row.name} ${why}` });
  if (bracket + 1 >= whole.length) return refused("terminates with incomplete argument brackets");
  const rest = whole.slice(bracket + 1);
  const length = rest.indexOf("]");
  if (length === -1) return refused("has unbalanced argument brackets");
  const argument = rest.slice(0, length);
  if (row.argument === "none") {
    return refused(`does not allow nor require an argument but one is provided: ${argument}`);
  }
  if (row.argumentKinds.includes("index") && !row.argumentKinds.includes("key")) {
    const fault = indexFault(argument);
    if (fault !== undefined) return { message: `filter ${whole} ${row.name}${fault}${argument}` };
  }
  return { row, length: bracket + length + 2 };
}

function indexFault(argument: string): string | undefined {
  if (!/^[0-9]*$/.test(argument)) return " has an invalid index argument not composed only by digits: ";
  if (argument === "" || (argument.length > 1 && argument.startsWith("0"))) {
    return " has an invalid index argument starting with 0: ";
  }
  const tooLarge = argument.length > 20 || BigInt(argument) > 2n ** 64n - 1n;
  return tooLarge ? " has an invalid index argument not representable on 64 bit: " : undefined;
}
