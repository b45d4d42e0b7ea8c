import { parseTimeBound } from "../alert/time.ts";
import { nowNs } from "./ambient.ts";
import { buildCompliance } from "./build-compliance.ts";
import { buildServices } from "./build-services.ts";
import { printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { homeFolder } from "./settings.ts";

interface ControlFlags {
  readonly home?: string;
  readonly json?: boolean;
  readonly since?: string;
  readonly framework?: string;
}

/** Which evidence is held for controls and how fresh it is; without names those for which there is something. */
export async function showControls(names: readonly string[], flags: ControlFlags): Promise<void> {
  const { services, close } = await buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });
  try {
    const { answers, warnings } = await buildCompliance(services, undefined).controls({
      names,
      ...(flags.framework === undefined ? {} : { framework: flags.framework }),
      ...(flags.since === undefined ? {} : { sinceMs: Number(parseTimeBound(flags.since, nowNs()) / 1_000_000n) }),
    });
    const shown =
      names.length > 0 ? answers : answers.filter(({ evidence, items }) => evidence.length + items.length > 0);
    if (flags.json === true) return printJson({ controls: shown, warnings });
    for (const warning of warnings) printLine(`warning: ${warning}`);
    if (shown.length === 0) return printLine("no evidence is held for any control");
    printTable(
      ["control", "state", "newest", "artefacts", "why"],
      shown.map(({ mapping, state, newestAt, evidence, why }) => [
        `${mapping.framework} ${mapping.control}`,
        state,
        newestAt?.slice(0, 10) ?? "",
        String(evidence.length),
        why,
      ]),
    );
    if (names.length > 0) {
      for (const { id, kind, name, ageDays } of shown.flatMap(({ evidence }) => evidence)) {
        printLine(`${id}  ${kind}  ${ageDays} days  ${JSON.stringify(name)}`);
      }
    }
    printLine("States are about the evidence; whether a control is met is for people to judge.");
  } finally {
    await close();
  }
}
