import { ATTACK_VERSION } from "./attack-table.ts";
import type { RuleCoverage } from "./rule-coverage.ts";

/** A layer for the ATT&CK Navigator (layer format 4.5): what the Navigator opens as a file. */
export interface NavigatorLayer {
  readonly name: string;
  readonly versions: { readonly attack: string; readonly navigator: string; readonly layer: string };
  readonly domain: "enterprise-attack";
  readonly description: string;
  readonly filters: { readonly platforms: readonly string[] };
  readonly techniques: readonly {
    readonly techniqueID: string;
    readonly score: number;
    readonly comment: string;
    readonly enabled: boolean;
    readonly showSubtechniques: boolean;
  }[];
  readonly gradient: { readonly colors: readonly string[]; readonly minValue: number; readonly maxValue: number };
  readonly legendItems: readonly { readonly label: string; readonly color: string }[];
}

const PALE = "#cfe8ff";
const DEEP = "#08519c";
const MAX_COMMENT = 1_000;

/** The layer of a coverage: each technique with its number of active rules as score and their names as comment. */
export function navigatorLayer(name: string, coverage: RuleCoverage): NavigatorLayer {
  const scored = coverage.techniques.map(({ technique, rules, inactive }) => ({
    techniqueID: technique.id,
    score: rules.length,
    comment: comment(rules, inactive),
    enabled: true,
    showSubtechniques: technique.parent !== undefined,
  }));
  return {
    name,
    versions: { attack: ATTACK_VERSION.split(".")[0] ?? ATTACK_VERSION, navigator: "5.1.0", layer: "4.5" },
    domain: "enterprise-attack",
    description: `${coverage.active} active Falco rules of ${coverage.rules}; a score counts rules whose tags name the technique`,
    filters: { platforms: ["Linux", "Containers"] },
    techniques: scored,
    gradient: { colors: [PALE, DEEP], minValue: 0, maxValue: Math.max(1, ...scored.map(({ score }) => score)) },
    legendItems: [
      { label: "no active rule", color: PALE },
      { label: "most active rules", color: DEEP },
    ],
  };
}

function comment(rules: readonly string[], inactive: readonly string[]): string {
  const parts = [...rules, ...inactive.map((rule) => `${rule} (does not run)`)].join("; ");
  return parts.length > MAX_COMMENT ? `${parts.slice(0, MAX_COMMENT)}…` : parts;
}
