import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { FalcoBinary, FalcoSearch } from "../falco/binary/falco-binary.ts";
import { noFalco } from "../falco/binary/find-falco.ts";
import type { Engine } from "./engine.ts";
import type { FalcoEngine } from "./falco-engine.ts";

/** The engines of this machine. */
export interface Engines {
  /** For a rule set loaded for that engine version; the newest one without. */
  readonly embedded: (engineVersion?: string) => Engine;
  readonly falco: FalcoEngine | undefined;
  /** The binary behind `falco`. */
  readonly binary: FalcoBinary | undefined;
  /** Where a Falco binary was looked for, and why the places have none. */
  readonly search: FalcoSearch;
}

export type EngineChoice = "auto" | "embedded" | "falco";

export interface ChosenEngine {
  readonly engine: Engine;
  /** Why auto did not take the Falco binary; undefined where it did, or there is none to speak of. */
  readonly note?: string;
}

/**
 * The engine that a caller gets. auto takes the Falco binary where there is one that can do the task, else the embedded
 * engine, and says why. Fails with FALCO_NOT_FOUND when the binary is asked for and there is none, REPLAY_FALCO_CANNOT when it cannot.
 */
export function chooseEngine(
  engines: Engines,
  choice: EngineChoice,
  engineVersion: string,
  cannot: (engine: Engine) => string | undefined = () => undefined,
): ChosenEngine {
  const { falco } = engines;
  if (choice === "embedded") return { engine: engines.embedded(engineVersion) };
  const reason = falco === undefined ? unusable(engines.search) : cannot(falco);
  if (falco !== undefined && reason === undefined) return { engine: falco };
  if (choice === "falco") throw falco === undefined ? noFalco(engines.search) : cannotDo(reason ?? "");
  const note = reason === undefined ? {} : { note: `the embedded engine was used: ${reason}` };
  return { engine: engines.embedded(engineVersion), ...note };
}

/** The Falco binary, for what nothing else can do. Fails with FALCO_NOT_FOUND. */
export function requireFalco({ falco, search }: Engines): FalcoEngine {
  if (falco === undefined) throw noFalco(search);
  return falco;
}

/** Why a binary that stands where Falco is looked for is not used; undefined where none stands there. */
function unusable({ refused }: FalcoSearch): string | undefined {
  const first = refused.find(({ reason }) => reason !== "missing");
  return first && `${JSON.stringify(first.path)} is not used: ${first.detail}`;
}

function cannotDo(reason: string): FalcoSkillsError {
  return new FalcoSkillsError("REPLAY_FALCO_CANNOT", reason, { fix: "Use engine embedded or auto." });
}
