/** A variable from 1, negative for its negation. */
export type Literal = number;

/** `model[v]` is true, false or undefined (either will do). unknown: the step budget ran out first. */
export type Satisfaction =
  | { readonly kind: "satisfied"; readonly model: readonly (boolean | undefined)[] }
  | { readonly kind: "contradiction" }
  | { readonly kind: "unknown" };

/**
 * Whether all clauses (each an alternative of literals) and all assumptions can hold at once, by unit propagation over
 * watched literals and backtracking; variables are tried in the order given. `maxSteps` bounds the work: it counts looks
 * at clauses, so that conditions made to be hard cost milliseconds, not minutes.
 */
export function satisfy(
  clauses: readonly (readonly Literal[])[],
  assumptions: readonly Literal[],
  order: readonly number[],
  maxSteps: number,
): Satisfaction {
  const search = new Search(clauses, maxSteps);
  for (const literal of assumptions) if (!search.assume(literal)) return { kind: "contradiction" };
  return search.run(order);
}

interface Decision {
  readonly literal: Literal;
  readonly trailLength: number;
  flipped: boolean;
}

class Search {
  private readonly values = new Map<number, boolean>();
  private readonly watchers = new Map<Literal, Literal[][]>();
  private readonly trail: Literal[] = [];
  private readonly decisions: Decision[] = [];
  private readonly maxSteps: number;
  private head = 0;
  private steps = 0;
  private empty = false;
  private readonly units: Literal[] = [];

  constructor(clauses: readonly (readonly Literal[])[], maxSteps: number) {
    this.maxSteps = maxSteps;
    for (const clause of clauses) {
      const [first, second] = clause;
      if (first === undefined) this.empty = true;
      else if (second === undefined) this.units.push(first);
      else {
        const own = [...clause];
        this.watch(first, own);
        this.watch(second, own);
      }
    }
  }

  assume(literal: Literal): boolean {
    return !this.empty && this.assign(literal);
  }

  run(order: readonly number[]): Satisfaction {
    if (this.empty || !this.units.every((unit) => this.assign(unit))) return { kind: "contradiction" };
    let next = 0;
    for (;;) {
      const conflict = !this.propagate();
      if (this.steps > this.maxSteps) return { kind: "unknown" };
      if (conflict) {
        if (!this.backtrack()) return { kind: "contradiction" };
        next = 0;
        continue;
      }
      while (next < order.length && this.values.has(order[next] ?? 0)) next += 1;
      const variable = order[next];
      if (variable === undefined) return { kind: "satisfied", model: this.model() };
      this.decide(-variable);
    }
  }

  private watch(literal: Literal, clause: Literal[]): void {
    const list = this.watchers.get(literal);
    if (list === undefined) this.watchers.set(literal, [clause]);
    else list.push(clause);
  }

  private valueOf(literal: Literal): boolean | undefined {
    const value = this.values.get(Math.abs(literal));
    return value === undefined ? undefined : value === literal > 0;
  }

  private assign(literal: Literal): boolean {
    const value = this.valueOf(literal);
    if (value !== undefined) return value;
    this.values.set(Math.abs(literal), literal > 0);
    this.trail.push(literal);
    return true;
  }

  private decide(literal: Literal): void {
    this.decisions.push({ literal, trailLength: this.trail.length, flipped: false });
    this.assign(literal);
  }

  /** Gives up decisions until one can be turned round; false when there is none left. */
  private backtrack(): boolean {
    for (let decision = this.decisions.pop(); decision !== undefined; decision = this.decisions.pop()) {
      for (const literal of this.trail.splice(decision.trailLength)) this.values.delete(Math.abs(literal));
      this.head = this.trail.length;
      if (decision.flipped) continue;
      this.decisions.push({ literal: -decision.literal, trailLength: this.trail.length, flipped: true });
      this.assign(-decision.literal);
      return true;
    }
    return false;
  }

  private propagate(): boolean {
    while (this.head < this.trail.length && this.steps <= this.maxSteps) {
      const falsified = -(this.trail[this.head] ?? 0);
      this.head += 1;
      if (!this.visit(falsified)) return false;
    }
    return true;
  }

  /** Every clause that watches a literal that has become false finds another to watch, or a value, or a conflict. */
  private visit(falsified: Literal): boolean {
    const watching = this.watchers.get(falsified);
    if (watching === undefined) return true;
    const kept: Literal[][] = [];
    for (const [at, clause] of watching.entries()) {
      this.steps += 1;
      if (clause[0] === falsified) swap(clause, 0, 1);
      const other = clause[0] ?? 0;
      const replacement = this.valueOf(other) === true ? -1 : this.freeLiteral(clause);
      if (replacement > 0) {
        swap(clause, 1, replacement);
        this.watch(clause[1] ?? 0, clause);
        continue;
      }
      kept.push(clause);
      if (this.valueOf(other) !== true && !this.assign(other)) {
        kept.push(...watching.slice(at + 1));
        this.watchers.set(falsified, kept);
        return false;
      }
    }
    this.watchers.set(falsified, kept);
    return true;
  }

  private freeLiteral(clause: readonly Literal[]): number {
    for (let at = 2; at < clause.length; at += 1) {
      this.steps += 1;
      if (this.valueOf(clause[at] ?? 0) !== false) return at;
    }
    return -1;
  }

  private model(): (boolean | undefined)[] {
    const model: (boolean | undefined)[] = [];
    for (const [variable, value] of this.values) model[variable] = value;
    return model;
  }
}

function swap(clause: Literal[], a: number, b: number): void {
  const held = clause[a] ?? 0;
  clause[a] = clause[b] ?? 0;
  clause[b] = held;
}
