import type { Rule, RuleSet } from "../rule-set.ts";
import { findTechnique, type Platform, TACTICS, type Tactic, TECHNIQUES, type Technique } from "./attack.ts";
import { type RuleTags, readRuleTags } from "./rule-tags.ts";
import type { TagFault } from "./tag-fault.ts";

export interface CoveredTechnique {
  readonly technique: Technique;
  /** Names of active rules, in order of evaluation. */
  readonly rules: readonly string[];
  /** Rules that name it and do not run. */
  readonly inactive: readonly string[];
}

export interface TacticCoverage {
  readonly tactic: Tactic;
  /** Techniques (no sub-techniques) that serve it on one of the platforms. */
  readonly techniques: number;
  /** Of those, the ones that an active rule names, itself or by a sub-technique. */
  readonly covered: number;
  /** Active rules tagged with the tactic itself. */
  readonly rules: number;
}

export interface RuleCoverage {
  readonly rules: number;
  readonly active: number;
  readonly tactics: readonly TacticCoverage[];
  /** Sorted by id. */
  readonly techniques: readonly CoveredTechnique[];
  /** Techniques of the platforms that no active rule names, by id. */
  readonly gaps: readonly Technique[];
  /** Active rules by event name and by source, most first. Rules that allow more than 100 events are counted under "*". */
  readonly events: readonly { readonly name: string; readonly rules: number }[];
  readonly sources: readonly { readonly name: string; readonly rules: number; readonly active: number }[];
  readonly controls: readonly {
    readonly framework: string;
    readonly control: string;
    readonly rules: readonly string[];
  }[];
  /** Active rules that name neither tactic nor technique. */
  readonly untagged: readonly string[];
  readonly faults: readonly { readonly rule: string; readonly fault: TagFault }[];
}

const MANY_EVENTS = 100;

/**
 * Which techniques of ATT&CK the tags of a set claim, and which techniques of the platforms (Linux and containers by
 * default) nothing claims. It counts what tags say: whether a rule catches the technique is for tests to show.
 */
export function coverageOf(ruleSet: RuleSet, platforms: readonly Platform[] = ["linux", "containers"]): RuleCoverage {
  const tagged = ruleSet.rules.map((rule) => ({ rule, tags: readRuleTags(rule.tags) }));
  const active = tagged.filter(({ rule }) => rule.active);
  const techniques = techniquesOf(tagged);
  const covered = new Set(
    techniques.flatMap(({ technique, rules }) =>
      rules.length === 0 ? [] : [technique.id, technique.parent ?? technique.id],
    ),
  );
  const relevant = TECHNIQUES.filter((technique) =>
    technique.platforms.some((platform) => platforms.includes(platform)),
  );
  return {
    rules: tagged.length,
    active: active.length,
    tactics: TACTICS.map((tactic) => {
      const own = relevant.filter(({ parent, tactics }) => parent === undefined && tactics.includes(tactic.shortName));
      return {
        tactic,
        techniques: own.length,
        covered: own.filter(({ id }) => covered.has(id)).length,
        rules: active.filter(({ tags }) => tags.tactics.some(({ id }) => id === tactic.id)).length,
      };
    }),
    techniques,
    gaps: relevant.filter(({ id }) => !covered.has(id)),
    events: countEvents(active.map(({ rule }) => rule)),
    sources: countSources(ruleSet.rules),
    controls: controlsOf(active),
    untagged: active.flatMap(({ rule, tags }) =>
      tags.tactics.length + tags.techniques.length === 0 ? [rule.name] : [],
    ),
    faults: tagged.flatMap(({ rule, tags }) => tags.faults.map((fault) => ({ rule: rule.name, fault }))),
  };
}

interface TaggedRule {
  readonly rule: Rule;
  readonly tags: RuleTags;
}

function techniquesOf(tagged: readonly TaggedRule[]): CoveredTechnique[] {
  const byId = new Map<string, { rules: string[]; inactive: string[] }>();
  for (const { rule, tags } of tagged) {
    for (const { id } of tags.techniques) {
      const entry = byId.get(id) ?? { rules: [], inactive: [] };
      (rule.active ? entry.rules : entry.inactive).push(rule.name);
      byId.set(id, entry);
    }
  }
  return [...byId]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, entry]) => {
      const technique = findTechnique(id);
      return technique === undefined ? [] : [{ technique, ...entry }];
    });
}

function countEvents(rules: readonly Rule[]): { name: string; rules: number }[] {
  const counts = new Map<string, number>();
  for (const { events, source } of rules) {
    const own = source !== "syscall" ? [source] : events.length > MANY_EVENTS ? ["*"] : events;
    for (const name of own) if (name !== "asyncevent") counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, rules: count }))
    .sort((a, b) => b.rules - a.rules || (a.name < b.name ? -1 : 1));
}

function countSources(rules: readonly Rule[]): { name: string; rules: number; active: number }[] {
  const names = [...new Set(rules.map(({ source }) => source))].sort();
  return names.map((name) => {
    const own = rules.filter(({ source }) => source === name);
    return { name, rules: own.length, active: own.filter((rule) => rule.active).length };
  });
}

function controlsOf(active: readonly TaggedRule[]): { framework: string; control: string; rules: string[] }[] {
  const controls = new Map<string, { framework: string; control: string; rules: string[] }>();
  for (const { rule, tags } of active) {
    for (const { framework, control } of tags.compliance) {
      const key = `${framework} ${control}`;
      const entry = controls.get(key) ?? { framework, control, rules: [] };
      entry.rules.push(rule.name);
      controls.set(key, entry);
    }
  }
  return [...controls].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
