import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { addSkill } from "../skills/add-skill.ts";
import { checkSkill } from "../skills/check-skill.ts";
import type { SkillProblem } from "../skills/skill.ts";
import { findSkill, readSkillFile } from "../skills/skill-catalog.ts";
import { visibleLines } from "../text/visible.ts";
import { COMMAND_LINE } from "./ambient.ts";
import { buildServices } from "./build-services.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { homeFolder } from "./settings.ts";

interface Flags {
  readonly home?: string;
  readonly json?: boolean;
  readonly replace?: boolean;
}

const build = (flags: Flags) => buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });

export async function listSkills(flags: Flags): Promise<void> {
  const { services, close } = await build(flags);
  const { skills, faults } = await services.skills();
  await close();
  if (flags.json === true) {
    return printJson({
      skills: skills.map(({ checklist, ...skill }) => ({ ...skill, checklist_items: checklist?.items.length ?? 0 })),
      faults,
    });
  }
  printTable(
    ["skill", "origin", "files", "what for"],
    skills.map(({ name, origin, files, description }) => [
      name,
      origin,
      String(files.length),
      firstSentence(description),
    ]),
  );
  for (const fault of faults) printProblem(`refused ${fault.folder}`, fault);
}

export async function showSkill(name: string, file: string | undefined, flags: Flags): Promise<void> {
  const { services, close } = await build(flags);
  const skill = findSkill(await services.skills(), name);
  await close();
  if (file !== undefined) {
    const text = new TextDecoder().decode(await readSkillFile(skill, file));
    process.stdout.write(process.stdout.isTTY === true ? visibleLines(text) : text);
    return;
  }
  if (flags.json === true) return printJson(skill);
  printLine(`${colors.bold(skill.name)} (${skill.origin})`);
  printLine(skill.description);
  printLine(`digest ${skill.digest}`);
  printLine(`folder ${skill.folder}`);
  printLine(`checklist ${skill.checklist?.items.length ?? 0} items`);
  printLine();
  printTable(
    ["file", "bytes", "sha256"],
    skill.files.map(({ path, sizeBytes, sha256 }) => [path, String(sizeBytes), sha256]),
  );
  for (const warning of skill.warnings) printProblem("warning", warning);
}

export async function checkSkillFolder(folder: string, flags: Flags): Promise<void> {
  const report = await checkSkill(resolve(folder));
  if (flags.json === true)
    printJson({ faults: report.faults, warnings: report.warnings, digest: report.skill?.digest });
  else {
    for (const fault of report.faults) printProblem("fault", fault);
    for (const warning of report.warnings) printProblem("warning", warning);
    printLine(
      report.skill === undefined
        ? colors.red(`${report.faults.length} faults: this folder would not be added`)
        : colors.green(
            `${report.skill.name} is well formed: ${report.skill.files.length} files, ${report.skill.digest}`,
          ),
    );
  }
  if (report.skill === undefined) process.exitCode = 1;
}

export async function addSkillFolder(folder: string, flags: Flags): Promise<void> {
  const { services, skillHome, close } = await build(flags);
  try {
    const shipped = (await services.skills()).skills
      .filter(({ origin }) => origin === "shipped")
      .map(({ name }) => name);
    const skill = await addSkill(resolve(folder), {
      skillsFolder: skillHome,
      shippedNames: shipped,
      replace: flags.replace === true,
      newId: () => randomUUID().slice(0, 8),
    });
    await services.audit.append({
      type: "skill.added",
      session: COMMAND_LINE,
      skill: { slug: skill.name, sha256: skill.digest.replace("sha256:", "") },
      details: { from: resolve(folder), replaced: flags.replace === true },
    });
    printLine(`${colors.green("added")} ${skill.name}: ${skill.files.length} files, ${skill.digest}`);
  } finally {
    await close();
  }
}

function printProblem(kind: string, { code, message, where }: SkillProblem): void {
  printLine(visibleLines(`${kind}: ${code}: ${message}${where === undefined ? "" : ` (${where})`}`));
}

/** A description says what and when in several sentences; a list has room for one. */
const firstSentence = (text: string): string => /^.*?\.(?= |$)/s.exec(text)?.[0] ?? text;
