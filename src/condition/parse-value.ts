import type { ValueType } from "../fields/look-up-field.ts";
import { parseInteger } from "../fields/parse-number.ts";
import { SERVICE_PORTS } from "../fields/service-ports.ts";
import type { ComparisonOperator } from "./ast.ts";
import { byteLengthOf, bytesOfText } from "./byte-text.ts";
import { parseIpv4, parseIpv6 } from "./parse-address.ts";

/** A constant of a condition, ready to be compared. */
export type Constant =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly number: bigint }
  | { readonly kind: "bool"; readonly bool: boolean }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "address"; readonly bytes: Uint8Array }
  | { readonly kind: "network"; readonly bytes: Uint8Array; readonly prefix: number };

/** Why a constant does not fit its field; `fatal` where Falco ends instead of reporting. */
export interface ValueFault {
  readonly message: string;
  readonly fatal?: true;
}

/** How numbers of each type are stored: signed or not, and in how many bits. */
const NUMBERS: Readonly<Partial<Record<ValueType, readonly [signed: boolean, bits: 8 | 16 | 32 | 64]>>> = {
  INT8: [true, 8],
  INT16: [true, 16],
  INT32: [true, 32],
  INT64: [true, 64],
  FD: [true, 64],
  PID: [true, 64],
  ERRNO: [true, 64],
  UINT8: [false, 8],
  FLAGS8: [false, 8],
  ENUMFLAGS8: [false, 8],
  UINT16: [false, 16],
  FLAGS16: [false, 16],
  ENUMFLAGS16: [false, 16],
  UINT32: [false, 32],
  FLAGS32: [false, 32],
  ENUMFLAGS32: [false, 32],
  MODE: [false, 32],
  UID: [false, 32],
  GID: [false, 32],
  UINT64: [false, 64],
  RELTIME: [false, 64],
  ABSTIME: [false, 64],
  // Fractions are never read, neither here nor in libs.
  DOUBLE: [true, 32],
};

/** How numbers of a type are stored; undefined for types that are no numbers. */
export function numberForm(type: ValueType): { readonly signed: boolean; readonly bits: number } | undefined {
  if (type === "PORT") return { signed: false, bits: 16 };
  const form = NUMBERS[type];
  return form === undefined ? undefined : { signed: form[0], bits: form[1] };
}

const TEXTS: ReadonlySet<ValueType> = new Set(["CHARBUF", "FSPATH", "FSRELPATH", "SOCKADDR", "SOCKTUPLE"]);

/** Numbers of the types that no constant can be given for; the message has nothing better. */
const TYPE_NUMBERS: Readonly<Partial<Record<ValueType, number>>> = {
  FDLIST: 16,
  SYSCALLID: 18,
  SIGTYPE: 19,
  DYN: 27,
  SIGSET: 34,
  CHARBUFARRAY: 35,
  CHARBUF_PAIR_ARRAY: 36,
  FD32: 47,
  PID32: 48,
};

/** The longest constant, in bytes, terminating NUL included. */
const MAX_BYTES = 256;

/**
 * The constant that a value's text stands for in a comparison with a field of the type, or Falco's message.
 * bcontains and bstartswith take bytes written as hex digits; evt.rawarg takes no constant for buffers at all.
 * Source: libs userspace/libsinsp/value_parser.cpp and filter.cpp @48dfd53c.
 */
export function parseConstant(
  text: string,
  operator: ComparisonOperator,
  type: ValueType,
  isRawArgument: boolean,
): Constant | ValueFault {
  const isHex = operator === "bcontains" || operator === "bstartswith";
  if (isHex && !/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    return { message: "filter error: bcontains and bstartswith operator support hex strings only" };
  }
  if (type !== "BYTEBUF") return parseValue(text, type);
  const bytes = isHex ? Buffer.from(text, "hex") : bytesOfText(text);
  if (isRawArgument) return bytes.includes(0) ? NUL_FAULT : { message: "wrong parameter type 10" };
  return bytes.length >= MAX_BYTES ? { message: "filter parameter too long (byte buf)" } : { kind: "bytes", bytes };
}

const NUL_FAULT: ValueFault = { message: "filter error: filter value cannot contain a NUL byte (\\x00)" };

function parseValue(text: string, type: ValueType): Constant | ValueFault {
  if (text.includes("\0")) return NUL_FAULT;
  if (TEXTS.has(type)) return parseText(text);
  const number = NUMBERS[type];
  if (number !== undefined) return parseNumber(text, ...number);
  switch (type) {
    case "PORT":
      return parsePort(text);
    case "BOOL":
      if (text === "true" || text === "false") return { kind: "bool", bool: text === "true" };
      return { message: `filter error: unrecognized boolean value ${text}` };
    case "IPV4ADDR":
      return parseAddress(text, "IPv4");
    case "IPV6ADDR":
      return parseAddress(text, "IPv6");
    case "IPADDR":
      return parseAddress(text, text.includes(".") ? "IPv4" : "IPv6");
    case "IPNET":
      return text.includes(".") ? parseIpv4Network(text) : parseIpv6Network(text);
    default:
      return { message: `wrong parameter type ${TYPE_NUMBERS[type] ?? 0}` };
  }
}

function parseText(text: string): Constant | ValueFault {
  const used = byteLengthOf(text) + 1;
  if (used <= MAX_BYTES) return { kind: "text", text };
  return { message: `filter parameter too long (used=${used}, available=${MAX_BYTES}):${text}` };
}

function parseNumber(text: string, signed: boolean, bits: 8 | 16 | 32 | 64): Constant | ValueFault {
  const number = parseInteger(text, signed, bits);
  return number === undefined ? { message: `${text} is not a valid number` } : { kind: "number", number };
}

function parsePort(text: string): Constant | ValueFault {
  if (/^[0-9]*$/.test(text)) {
    // A C int is read and cut to 16 bits; what is no int is thrown past every handler.
    const digits = text.replace(/^0+(?=.)/, "");
    if (digits.length > 10 || Number(digits) > 2 ** 31 - 1) return { message: "stoi", fatal: true };
    return { kind: "number", number: BigInt(Number(digits) % 65_536) };
  }
  const port = SERVICE_PORTS.get(text);
  return port === undefined ? { message: `unrecognized protocol ${text}` } : { kind: "number", number: BigInt(port) };
}

function parseAddress(text: string, family: "IPv4" | "IPv6"): Constant | ValueFault {
  const bytes = family === "IPv4" ? parseIpv4(text) : parseIpv6(text);
  return bytes === undefined ? { message: `unrecognized ${family} address ${text}` } : { kind: "address", bytes };
}

/** Address and prefix length around the first slash; the length ends with the line. */
function splitNetwork(text: string): readonly [address: string, mask: string] | undefined {
  const slash = text.indexOf("/");
  if (slash === -1) return undefined;
  return [text.slice(0, slash), text.slice(slash + 1).split("\n")[0] ?? ""];
}

function parseIpv4Network(text: string): Constant | ValueFault {
  const parts = splitNetwork(text);
  if (parts === undefined) return { message: `unrecognized IP network ${text}` };
  const [address, mask] = parts;
  const bytes = parseIpv4(address);
  if (bytes === undefined) return { message: `unrecognized IP address ${text}` };
  const prefix = parseInteger(mask, false, 8);
  if (prefix === undefined) return { message: `${mask} is not a valid number` };
  return prefix > 32n ? { message: `invalid netmask ${mask}` } : { kind: "network", bytes, prefix: Number(prefix) };
}

function parseIpv6Network(text: string): Constant | ValueFault {
  const parts = splitNetwork(text);
  if (parts === undefined) return { message: `invalid v6 netmask: ${text}` };
  const [address, mask] = parts;
  const bytes = parseIpv6(address);
  if (bytes === undefined) return { message: `unrecognized IPv6 address ${text}` };
  const prefix = parseInteger(mask, false, 8);
  if (prefix === undefined) return { message: `${mask} is not a valid number` };
  if (prefix === 0n || prefix > 128n) return { message: `invalid v6 netmask ${mask}` };
  return { kind: "network", bytes, prefix: Number(prefix) };
}
