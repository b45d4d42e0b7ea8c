import type { ValueType } from "../fields/look-up-field.ts";
import type { ComparisonOperator, Modifier } from "./ast.ts";
import { typeName } from "./operand.ts";

/** Which operators each family of types has (libs userspace/libsinsp/filter_compare.cpp @48dfd53c); exists is for all. */
const SET: readonly ComparisonOperator[] = ["in", "intersects"];
const EQUALITY: readonly ComparisonOperator[] = ["=", "==", "!="];
const ORDER: readonly ComparisonOperator[] = ["<", "<=", ">", ">="];

interface Family {
  readonly words: string;
  readonly types: readonly ValueType[];
  readonly operators: readonly ComparisonOperator[];
}

const FAMILIES: readonly Family[] = [
  {
    words: "numeric",
    types: [
      "INT8",
      "INT16",
      "INT32",
      "INT64",
      "UINT8",
      "UINT16",
      "UINT32",
      "UINT64",
      "ERRNO",
      "FD",
      "PID",
      "SYSCALLID",
      "SIGTYPE",
      "RELTIME",
      "ABSTIME",
      "PORT",
      "FLAGS8",
      "FLAGS16",
      "FLAGS32",
      "DOUBLE",
      "MODE",
      "ENUMFLAGS8",
      "ENUMFLAGS16",
      "ENUMFLAGS32",
    ],
    operators: [...EQUALITY, ...ORDER, ...SET],
  },
  { words: "numeric", types: ["BOOL"], operators: [...EQUALITY, ...SET] },
  {
    words: "string",
    types: ["CHARBUF", "FSPATH", "FSRELPATH"],
    operators: [
      ...EQUALITY,
      ...ORDER,
      ...SET,
      "contains",
      "icontains",
      "startswith",
      "endswith",
      "glob",
      "iglob",
      "pmatch",
      "regex",
    ],
  },
  {
    words: "buffer",
    types: ["BYTEBUF"],
    operators: [...EQUALITY, ...SET, "contains", "startswith", "endswith", "bcontains", "bstartswith"],
  },
  {
    words: "ip address and network",
    types: ["IPV4ADDR", "IPV6ADDR", "IPADDR", "IPNET"],
    operators: [...EQUALITY, ...SET],
  },
];

const LISTABLE: readonly ValueType[] = ["CHARBUF", "UINT64", "RELTIME", "ABSTIME", "BOOL", "IPADDR", "IPNET"];

/** Why an operator cannot be used on a type, in Falco's words; undefined when it can. */
export function incomparable(
  operator: ComparisonOperator,
  modifier: Modifier | undefined,
  type: ValueType,
  isList: boolean,
): string | undefined {
  const shown = operator === "==" ? "=" : operator;
  if (isList) {
    if (!LISTABLE.includes(type)) return `list filters are not supported for type '${typeName(type)}'`;
    return SET.includes(operator) ? undefined : `'${shown}' operator not supported list filters`;
  }
  const family = FAMILIES.find(({ types }) => types.includes(type));
  if (family === undefined) return `'${shown}' operator not supported for type '${typeName(type)}'`;
  if (family.operators.includes(operator)) return undefined;
  const what = modifier !== undefined && family.words.startsWith("ip") ? "with modifier" : "operator";
  return `'${shown}' ${what} not supported for ${family.words} filters`;
}
