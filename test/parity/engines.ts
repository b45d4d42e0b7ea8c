import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname, loadavg, tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findFalco, noFalco } from "../../src/falco/binary/find-falco.ts";
import { openFalco } from "../../src/falco/binary/open-falco.ts";
import type { Matching } from "../../src/replay/match-rules.ts";
import type { StoredOptions } from "../../src/rules/library/rule-library.ts";
import { ENGINE_VERSION } from "../../src/rules/load-settings.ts";
import { type FalcoEngine, falcoEngine } from "../../src/runs/falco-engine.ts";
import { conditionSets, mutantSets, type Named, realSets, sampled } from "./corpus-sets.ts";
import { compareReplays, compareSets, type Difference, storedSet } from "./engine-differences.ts";

/**
 * `npm run parity:engines -- [--only=part] [--sample=N|all] [--seed=text]`: both engines side by side, as `run_falco` with
 * `compare` runs them, over the rule files and captures that lie beside this checkout. FALCO_BIN names the real Falco,
 * FALCO_CONFIG the falco.yaml that its plugins are taken from; without the first it says so and ends with 0. Ends with 1
 * where they differ in a way that KNOWN, and with it docs/parity.md, does not name. At most two Falco processes at once.
 */
const RECORDED = resolve(import.meta.dirname, "../../../shared");
const CORPUS = join(RECORDED, "corpus/open");
const CAPTURES = join(RECORDED, "captures");
const OFFICIAL = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"].map((name) =>
  join(RECORDED, "rules-official", name),
);
const SKILL_RULES = resolve(
  import.meta.dirname,
  "../../skills/performing-cloud-native-forensics-with-falco/rules/container-forensics.yaml",
);
const PARTS = ["real", "mutants", "conditions", "captures", "real over captures"] as const;
/** Captures that the real rule sets run over. */
const VARIED = ["web-intrusion", "host-intrusion"];
const MATCHING: readonly Matching[] = ["first", "all"];
const AT_ONCE = 2;
const EXAMPLES = 3;

type Part = (typeof PARTS)[number];
type Question = () => Promise<Compared>;

/** One question, and where the engines answer it differently. */
interface Compared {
  readonly part: Part;
  readonly id: string;
  readonly differences: readonly Difference[];
  /** Alerts that are alike in everything. */
  readonly alike?: number;
}

interface Known {
  readonly name: string;
  readonly reason: string;
  readonly covers: (difference: Difference, question: Compared) => boolean;
}

/** The differences that are meant to be, or that only Falco can end. Each has its place in docs/parity.md. */
const KNOWN: readonly Known[] = [
  {
    name: "places of schema findings",
    reason: '[key] by valijson before 1.1, which Falco\'s packages hold, ["key"] by later ones',
    covers: ({ what, falco, embedded }) => what === "details" && plainKeys(falco) === plainKeys(embedded),
  },
  {
    name: "Falco dies",
    reason: "of an item or override that is a list, and of exceptions that replace others; ours gives a verdict",
    covers: (_, { differences }) => differences.some(({ falco }) => falco.includes("FALCO_CRASHED: ")),
  },
  {
    name: "container_removed",
    reason: "an event of the container plugin where that is built with its async part; ours knows the plugin without",
    covers: (_, { differences }) => differences.some(({ embedded }) => REMOVED.test(embedded)),
  },
];

const REMOVED = /unknown event type container_removed/;

const plainKeys = (text: string): string => text.replaceAll(/\[\\"([\w-]+)\\"\]/g, "[$1]");

const { values: asked } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [...PARTS] },
    sample: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
  },
});

const unknown = asked.only.filter((part) => !PARTS.some((known) => known === part));
if (unknown.length > 0) throw new Error(`--only knows ${PARTS.join(", ")}, not ${unknown.join(", ")}`);
if (!/^(all|\d+)$/.test(asked.sample)) throw new Error(`--sample is a number or all, not ${asked.sample}`);

const { FALCO_BIN = "", FALCO_CONFIG = "" } = process.env;

async function main(named: string): Promise<void> {
  const search = await findFalco({ named: resolve(named), nowMs: Date.now });
  if (search.found === undefined) throw noFalco(search);
  const home = mkdtempSync(join(tmpdir(), "parity-engines-"));
  const binary = openFalco(search.found, {
    runsFolder: join(home, "falco-runs"),
    nowMs: Date.now,
    newId: randomUUID,
    hostname: hostname(),
    ...(FALCO_CONFIG === "" ? {} : { hostConfigs: [resolve(FALCO_CONFIG)] }),
  });
  try {
    const { plugins } = await binary.about();
    const options: StoredOptions = {
      engineVersion: search.found.version.engine ?? ENGINE_VERSION,
      plugins: plugins.map(({ name, version, source }) => ({
        name,
        version,
        sources: source === undefined ? [] : [source],
      })),
    };
    const falco = falcoEngine(binary);
    const named = plugins.map(({ name, version }) => `${name} ${version}`).join(", ");
    console.log(
      `Falco ${falco.falcoVersion}, engine ${falco.engineVersion}, plugins: ${named === "" ? "none" : named}`,
    );
    const begun = performance.now();
    const compared = await inTurns(questions(falco, options));
    report(compared);
    const seconds = Math.round((performance.now() - begun) / 1_000);
    const loads = loadavg().map((load) => load.toFixed(1));
    console.log(`${seconds} s, load average ${loads.join(" ")}`);
  } finally {
    await binary.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Every question as a function that puts it to both engines. */
function questions(falco: FalcoEngine, options: StoredOptions): Question[] {
  const sets = (part: Part, asked: readonly Named[]) =>
    asked.map(({ id, files }) => async () => ({ part, id, differences: await compareSets(falco, options, id, files) }));
  const some = (all: readonly Named[]) =>
    sampled(all, asked.sample === "all" ? all.length : Number(asked.sample), asked.seed);
  const parts: Record<Part, () => Question[]> = {
    real: () => sets("real", realSets(CORPUS)),
    mutants: () => sets("mutants", some(mutantSets(CORPUS))),
    conditions: () => sets("conditions", some(conditionSets(CORPUS))),
    captures: () => replays(falco, options),
    "real over captures": () => realReplays(falco, options),
  };
  return PARTS.filter((part) => asked.only.includes(part)).flatMap((part) => parts[part]());
}

async function inTurns<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const done: T[] = [];
  const waiting = work.values();
  const turn = async (): Promise<void> => {
    for (const next of waiting) {
      done.push(await next());
      if (done.length % 500 === 0) console.log(`${done.length} of ${work.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, turn));
  return done;
}

/** Every capture with the official rules and with those of the skill, first and all matches. */
function replays(falco: FalcoEngine, options: StoredOptions): Question[] {
  const captures = readdirSync(CAPTURES).filter((name) => existsSync(scapOf(name)));
  const ruleSets = [
    { rules: "official", paths: OFFICIAL },
    { rules: "skill", paths: [SKILL_RULES] },
  ].map(({ rules, paths }) => {
    const files = paths.map((path) => ({ name: basename(path), text: readFileSync(path, "utf8") }));
    return storedSet(rules, files, options);
  });
  return captures.flatMap((capture) =>
    ruleSets.flatMap((set) =>
      MATCHING.map((matching) => async () => ({
        part: "captures" as const,
        id: `${capture} ${set.name} ${matching}`,
        ...(await compareReplays(falco, set, scapOf(capture), matching)),
      })),
    ),
  );
}

/** Rule sets of many authors over a few captures; those that do not load are held against Falco as files only. */
function realReplays(falco: FalcoEngine, options: StoredOptions): Question[] {
  const ruleSets = realSets(CORPUS).map(
    ({ id, files }) =>
      () =>
        storedSet(id, files, options),
  );
  const runnable = ruleSets.filter((load) => load().ok);
  return runnable.flatMap((load) =>
    VARIED.map((capture) => async () => {
      const set = load();
      const compared = await compareReplays(falco, set, scapOf(capture), "all");
      return { part: "real over captures" as const, id: `${capture} ${set.name}`, ...compared };
    }),
  );
}

const scapOf = (capture: string): string => join(CAPTURES, capture, `${capture}.scap`);

function report(compared: readonly Compared[]): void {
  const rows = PARTS.filter((part) => asked.only.includes(part)).map((part) => {
    const questions = compared.filter((question) => question.part === part);
    const same = questions.filter(({ differences }) => differences.length === 0).length;
    const unnamed = questions.filter((question) => unnamedOf(question).length > 0).length;
    const named = questions.length - same - unnamed;
    const alike = questions.reduce((sum, { alike = 0 }) => sum + alike, 0);
    return { part, compared: questions.length, same, named, unnamed, "alerts alike": alike };
  });
  console.table(rows);
  for (const known of KNOWN) {
    const hit = compared.filter((question) => question.differences.some((one) => known.covers(one, question)));
    console.log(`named: ${known.name}: ${hit.length} (${known.reason})`);
  }
  const kinds = new Map<string, { readonly question: Compared; readonly difference: Difference }[]>();
  for (const question of compared) {
    for (const difference of unnamedOf(question)) {
      const kind = `${question.part}, ${difference.what}`;
      kinds.set(kind, [...(kinds.get(kind) ?? []), { question, difference }]);
    }
  }
  for (const [kind, found] of kinds) {
    console.log(`\nnot named: ${kind}: ${found.length}`);
    for (const { question, difference } of found.slice(0, EXAMPLES)) {
      const { falco, embedded } = windowOf(difference);
      console.log(`  ${question.id}\n    falco    ${falco}\n    embedded ${embedded}`);
    }
  }
  if (kinds.size > 0) process.exitCode = 1;
}

/** Both sides around the first place where they part. */
function windowOf({ falco, embedded }: Difference): Omit<Difference, "what"> {
  let at = 0;
  while (at < falco.length && falco[at] === embedded[at]) at += 1;
  const part = (text: string): string => text.slice(Math.max(0, at - 200), at + 300);
  return { falco: part(falco), embedded: part(embedded) };
}

function unnamedOf(question: Compared): Difference[] {
  return question.differences.filter((one) => !KNOWN.some((known) => known.covers(one, question)));
}

if (FALCO_BIN === "") console.log("parity:engines: skipped, FALCO_BIN names no Falco");
else if (!existsSync(CORPUS)) console.log("parity:engines: skipped, the corpus is not beside this checkout");
else await main(FALCO_BIN);
