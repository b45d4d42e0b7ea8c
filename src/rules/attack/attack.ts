import { ATTACK_RETIRED, ATTACK_TACTICS, ATTACK_TECHNIQUES } from "./attack-table.ts";

export interface Tactic {
  /** TA0002 */
  readonly id: string;
  /** execution */
  readonly shortName: string;
  readonly name: string;
}

export interface Technique {
  /** T1059 or T1059.004 */
  readonly id: string;
  /** Of a sub-technique with its technique's in front: `Command and Scripting Interpreter: Unix Shell`. */
  readonly name: string;
  /** Short names, in the order of the matrix. */
  readonly tactics: readonly string[];
  readonly platforms: readonly Platform[];
  /** The technique a sub-technique belongs to. */
  readonly parent?: string;
}

export type Platform = "linux" | "containers" | "cloud";

const PLATFORMS: Readonly<Record<string, Platform>> = { l: "linux", c: "containers", i: "cloud" };

/** Every tactic in the order of the matrix. */
export const TACTICS: readonly Tactic[] = ATTACK_TACTICS.map(([id, shortName, name]) => ({ id, shortName, name }));

/** Every technique and sub-technique in use, sorted by id. */
export const TECHNIQUES: readonly Technique[] = ATTACK_TECHNIQUES.flatMap(parseRow);

const techniques = new Map(TECHNIQUES.map((technique) => [technique.id, technique]));
const tactics = new Map(TACTICS.flatMap((tactic) => [tactic.id, tactic.shortName].map((key) => [key, tactic])));
const retired = new Map(ATTACK_RETIRED.split(" ").map((pair) => pair.split(":") as [string, string]));

/** The technique or sub-technique with that id; undefined for one that is unknown or retired. */
export function findTechnique(id: string): Technique | undefined {
  return techniques.get(id);
}

/** The tactic with that id (TA0002) or short name (command-and-control). */
export function findTactic(key: string): Tactic | undefined {
  return tactics.get(key);
}

/** For a retired id the one that took its place, or "" where none did; undefined for every other id. */
export function replacementOf(id: string): string | undefined {
  const to = retired.get(id);
  return to === "-" ? "" : to;
}

/** Where ATT&CK describes a technique or tactic. */
export function attackUrl(id: string): string {
  return `https://attack.mitre.org/${id.startsWith("TA") ? "tactics" : "techniques"}/${id.replace(".", "/")}/`;
}

function parseRow(row: string): Technique[] {
  const [head = "", ...subs] = row.split(" | ");
  const technique = parseEntry(head, "", undefined);
  return [technique, ...subs.map((sub) => parseEntry(sub, technique.id, technique))];
}

function parseEntry(text: string, prefix: string, parent: Technique | undefined): Technique {
  const [number = "", kind = "", ...words] = text.split(" ");
  const name = words.join(" ");
  const id = prefix + number;
  if (parent === undefined) return { id, name, ...parseKind(kind) };
  const own = kind === "=" ? { tactics: parent.tactics, platforms: parent.platforms } : parseKind(kind);
  return { id, name: `${parent.name}: ${name}`, parent: parent.id, ...own };
}

function parseKind(kind: string): Pick<Technique, "tactics" | "platforms"> {
  const [names = "", letters = ""] = kind.split(":");
  const platforms = [...letters].flatMap((letter) => PLATFORMS[letter] ?? []);
  return { tactics: names.split(","), platforms };
}
