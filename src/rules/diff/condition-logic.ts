import type { Comparison, Node } from "../../condition/ast.ts";
import { printCondition } from "../../condition/print-condition.ts";
import {
  type AtomField,
  atomField,
  type Check,
  canonicalValue,
  constantsOf,
  exclude,
  holdsFor,
  implies,
} from "./atoms.ts";
import type { Literal } from "./satisfy.ts";

/** All that is known of one field: a literal each for "is present", "equals v" and every other check. */
interface FieldAtoms {
  readonly field: AtomField;
  readonly present: Literal;
  readonly equals: Map<string, { readonly literal: Literal; readonly distinct: boolean }>;
  readonly checks: Map<string, { readonly check: Check; readonly literal: Literal }>;
}

/**
 * Conditions as formulas over their checks. `encode` gives the literal of a condition; equal parts of several conditions
 * become the same literal. What follows from the values themselves (a field equals one value at most, what starts with
 * /etc/ssh starts with /etc, an absent field passes no check) is in `theory`.
 */
export interface ConditionLogic {
  encode(node: Node): Literal;
  /** The clauses of everything encoded so far, with what is known of values. */
  clauses(): readonly (readonly Literal[])[];
  /** Variables in a good order for deciding: the outermost parts first. */
  order(): readonly number[];
  /** What an atom's literal says, as `proc.name = bash`; undefined for the literals of compound parts. */
  textOf(literal: Literal): string | undefined;
}

/** More values than this are told apart by a chain instead of pair by pair. */
const PAIRWISE = 12;
/** Checks of one field beyond this are not compared with each other. */
const MAX_COMPARED = 150;

export function createConditionLogic(source: string): ConditionLogic {
  return new Encoder(source);
}

class Encoder implements ConditionLogic {
  private readonly source: string;
  private readonly fields = new Map<string, FieldAtoms>();
  private readonly texts = new Map<number, string>();
  private readonly parts = new Map<string, Literal>();
  private readonly seen = new Map<Node, Literal>();
  private readonly structure: Literal[][] = [];
  private readonly truth: Literal;
  private count = 0;

  constructor(source: string) {
    this.source = source;
    this.truth = this.fresh();
    this.structure.push([this.truth]);
  }

  encode(node: Node): Literal {
    const known = this.seen.get(node);
    if (known !== undefined) return known;
    const literal = this.encodeNew(node);
    this.seen.set(node, literal);
    return literal;
  }

  clauses(): readonly (readonly Literal[])[] {
    const theory = [...this.fields.values()].flatMap((atoms) => this.theoryOf(atoms));
    return [...this.structure, ...theory];
  }

  order(): readonly number[] {
    return Array.from({ length: this.count }, (_, at) => this.count - at);
  }

  textOf(literal: Literal): string | undefined {
    const text = this.texts.get(Math.abs(literal));
    return text === undefined || literal > 0 ? text : `not ${text}`;
  }

  private fresh(text?: string): Literal {
    this.count += 1;
    if (text !== undefined) this.texts.set(this.count, text);
    return this.count;
  }

  private encodeNew(node: Node): Literal {
    switch (node.kind) {
      case "and":
        return this.all(node.children.map((child) => this.encode(child)));
      case "or":
        return this.any(node.children.map((child) => this.encode(child)));
      case "not":
        return -this.encode(node.child);
      case "expansion":
        return this.encode(node.child);
      case "macro":
        return this.part(`macro ${node.name}`, () => this.fresh(node.name));
      case "exists":
        return this.fieldOf(atomField(node.left, this.source)).present;
      case "comparison":
        return this.encodeComparison(node);
    }
  }

  private encodeComparison(node: Comparison): Literal {
    const atoms = this.fieldOf(atomField(node.left, this.source));
    const constants = constantsOf(node);
    const opaque = () => this.check(atoms, { operator: printCondition(node), value: "" }, printCondition(node));
    if (constants === undefined || node.operator === "regex") return opaque();
    if (!atoms.field.isSingle) return this.encodeMany(node, atoms, constants, opaque);
    const single = (value: string) => this.encodeSingle(node.operator, value, atoms);
    if (node.modifier === "oneof" && new Set(constants).size > 1 && node.operator !== "=") return opaque();
    const literals = constants.map(single);
    if (node.modifier === "allof") return this.all([atoms.present, ...literals]);
    return node.right.kind === "list" || node.modifier !== undefined ? this.any(literals) : this.all(literals);
  }

  /** Fields of several values: only `=` with one value is looked into. */
  private encodeMany(
    node: Comparison,
    atoms: FieldAtoms,
    constants: readonly string[],
    opaque: () => Literal,
  ): Literal {
    const [value] = constants;
    const plain = node.modifier === undefined && node.right.kind === "value" && value !== undefined;
    return plain && (node.operator === "=" || node.operator === "==") ? this.equals(atoms, value) : opaque();
  }

  private encodeSingle(operator: string, value: string, atoms: FieldAtoms): Literal {
    switch (operator) {
      case "=":
      case "==":
      case "in":
      case "intersects":
        return this.equals(atoms, value);
      case "!=":
        return this.all([atoms.present, -this.equals(atoms, value)]);
      default:
        return this.check(atoms, { operator, value }, `${atoms.field.text} ${operator} ${quoted(value)}`);
    }
  }

  private fieldOf(field: AtomField): FieldAtoms {
    const known = this.fields.get(field.text);
    if (known !== undefined) return known;
    const present =
      field.text === "evt.type" || field.text === "evt.num" ? this.truth : this.fresh(`${field.text} exists`);
    const atoms: FieldAtoms = { field, present, equals: new Map(), checks: new Map() };
    this.fields.set(field.text, atoms);
    return atoms;
  }

  private equals(atoms: FieldAtoms, value: string): Literal {
    const { text, distinct } = canonicalValue(atoms.field, value);
    const known = atoms.equals.get(text);
    if (known !== undefined) return known.literal;
    const switchedOff = atoms.field.text === "evt.num" && Number(value) === 0;
    const literal = switchedOff ? -this.truth : this.fresh(`${atoms.field.text} = ${quoted(value)}`);
    atoms.equals.set(text, { literal, distinct });
    return literal;
  }

  private check(atoms: FieldAtoms, check: Check, text: string): Literal {
    const key = `${check.operator} ${check.value}`;
    const known = atoms.checks.get(key);
    if (known !== undefined) return known.literal;
    const always = atoms.field.text === "evt.num" ? switchOf(check) : undefined;
    const literal = always === undefined ? this.fresh(text) : always ? this.truth : -this.truth;
    atoms.checks.set(key, { check, literal });
    return literal;
  }

  private part(key: string, make: () => Literal): Literal {
    const known = this.parts.get(key) ?? make();
    this.parts.set(key, known);
    return known;
  }

  private any(literals: readonly Literal[]): Literal {
    return -this.all(literals.map((literal) => -literal));
  }

  private all(literals: readonly Literal[]): Literal {
    const unique = [...new Set(literals)].filter((literal) => literal !== this.truth).sort((a, b) => a - b);
    const [first] = unique;
    if (first === undefined) return this.truth;
    const given = new Set(unique);
    if (given.has(-this.truth) || unique.some((literal) => given.has(-literal))) return -this.truth;
    if (unique.length === 1) return first;
    return this.part(unique.join(" "), () => {
      const literal = this.fresh();
      for (const part of unique) this.structure.push([-literal, part]);
      this.structure.push([...unique.map((part) => -part), literal]);
      return literal;
    });
  }

  private theoryOf({ field, present, equals, checks }: FieldAtoms): Literal[][] {
    const values = [...equals];
    const others = [...checks.values()];
    const clauses: Literal[][] = [
      ...values.map(([, { literal }]) => [-literal, present]),
      ...others.map(({ literal }) => [-literal, present]),
    ];
    if (!field.isSingle) return clauses;
    const distinctOnes = values.flatMap(([, { literal, distinct }]) => (distinct ? [literal] : []));
    // One by one: a call does not take a hundred thousand arguments.
    for (const clause of this.atMostOne(distinctOnes)) clauses.push(clause);
    const [yes, no] = [equals.get("true"), equals.get("false")];
    if (field.type === "BOOL" && yes !== undefined && no !== undefined) {
      clauses.push([-present, yes.literal, no.literal]);
    }
    for (const { check, literal } of others) {
      for (const [value, equal] of values) {
        const holds = equal.distinct ? holdsFor(check, value) : undefined;
        if (holds !== undefined) clauses.push([-equal.literal, holds ? literal : -literal]);
      }
    }
    for (const first of others.slice(0, MAX_COMPARED)) {
      for (const second of others.slice(0, MAX_COMPARED)) {
        if (first === second) continue;
        if (implies(first.check, second.check)) clauses.push([-first.literal, second.literal]);
        else if (exclude(first.check, second.check)) clauses.push([-first.literal, -second.literal]);
      }
    }
    return clauses;
  }

  private atMostOne(literals: readonly Literal[]): Literal[][] {
    if (literals.length <= PAIRWISE) {
      return literals.flatMap((a, at) => literals.slice(at + 1).map((b) => [-a, -b]));
    }
    const clauses: Literal[][] = [];
    let before: Literal | undefined;
    for (const literal of literals) {
      // `after`: this value or one before it. A literal behind it must then be false.
      const after = this.fresh();
      clauses.push([-literal, after]);
      if (before !== undefined) clauses.push([-before, after], [-before, -literal]);
      before = after;
    }
    return clauses;
  }
}

/** `evt.num >= 0` always holds and `evt.num < 1` never does: events are counted from 1. */
function switchOf({ operator, value }: Check): boolean | undefined {
  const bound = Number(value);
  if (operator === ">=" && bound <= 1) return true;
  if (operator === ">" && bound <= 0) return true;
  if ((operator === "<" && bound <= 1) || (operator === "<=" && bound <= 0)) return false;
  return undefined;
}

const quoted = (value: string): string => (/^[^\s()"'=,]+$/.test(value) ? value : JSON.stringify(value));
