import { visible } from "../text/visible.ts";

const LONGEST_SHOWN = 80;

/** Text from a skill as it may stand in a message: in quotes, at most 80 characters, hidden ones spelled out. */
export function quote(text: string): string {
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  return `"${visible(shown).replaceAll('"', '\\"')}"`;
}
