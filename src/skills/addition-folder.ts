import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Working folders of additions begin with this; the catalogue never serves what begins with a dot. */
export const ADDING = ".adding-";

/** Inside a working folder: the new copy on its way in, and the old skill on its way out. */
export const INCOMING = "incoming";
export const OUTGOING = "outgoing";

export interface KeptSkill {
  readonly name: string;
  /** Where the skill lies now. */
  readonly folder: string;
}

/**
 * The skill that a replacement had moved aside when it was cut off before the new one took its place;
 * undefined when the working folder holds none or its place is taken.
 */
export async function keptSkill(skillsFolder: string, workingFolder: string): Promise<KeptSkill | undefined> {
  const outgoing = join(skillsFolder, workingFolder, OUTGOING);
  const [name] = await readdir(outgoing).catch(() => []);
  if (name === undefined) return undefined;
  const inPlace = await lstat(join(skillsFolder, name)).then(
    () => true,
    () => false,
  );
  return inPlace ? undefined : { name, folder: join(outgoing, name) };
}
