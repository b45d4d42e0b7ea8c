import type { Node, Part } from "./ast.ts";
import { printText } from "./quoted-text.ts";

/**
 * The condition as Falco prints its compiled form (`condition_compiled` of `falco -L`): every chain in brackets, macros
 * expanded in place, values bare where they can be. An empty value prints as nothing, so not every print parses again.
 * Source: libs userspace/libsinsp/filter/ast.cpp string_visitor @48dfd53c.
 */
export function printCondition(part: Part): string {
  switch (part.kind) {
    case "and":
    case "or":
      return `(${part.children.map(printCondition).join(` ${part.kind} `)})`;
    case "not":
      return `not ${printCondition(part.child)}`;
    case "expansion":
      return printMacro(part.child);
    case "macro":
      return part.name;
    case "exists":
      return `${printCondition(part.left)} exists`;
    case "comparison": {
      const operator = part.modifier === undefined ? part.operator : `${part.operator} ${part.modifier}`;
      return `${printCondition(part.left)} ${operator} ${printCondition(part.right)}`;
    }
    case "field":
      return part.name + printArgument(part.argument);
    case "transformer":
      return `${part.name}(${part.values.map(printCondition).join(",")})${printArgument(part.argument)}`;
    case "transformer-list":
      return `(${part.items.map(printCondition).join(",")})`;
    case "value":
      return printText(part.text);
    case "list":
      return `(${part.values.map(printCondition).join(", ")})`;
  }
}

/** Most rules of a set share their macros, and trees never change. */
const printedMacros = new WeakMap<Node, string>();

function printMacro(macro: Node): string {
  const printed = printedMacros.get(macro) ?? printCondition(macro);
  printedMacros.set(macro, printed);
  return printed;
}

function printArgument(argument: string | undefined): string {
  if (argument === undefined) return "";
  return argument === "" ? '[""]' : `[${printText(argument)}]`;
}
