/** Texts of small rule items for tests: keys given replace the usual ones, `undefined` leaves a key out. */
export function ruleText(keys: Readonly<Record<string, string | undefined>> = {}): string {
  const all = { desc: "d", condition: "evt.type = open", output: "o %proc.name", priority: "INFO", ...keys };
  const { rule = "r", ...others } = all as Record<string, string | undefined>;
  const lines = Object.entries(others).flatMap(([key, value]) => (value === undefined ? [] : [`  ${key}: ${value}`]));
  return `- rule: ${rule}\n${lines.join("\n")}\n`;
}

export function file(text: string, name = "a.yaml"): { name: string; text: string } {
  return { name, text };
}
