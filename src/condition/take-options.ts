/**
 * The options on a command line as getopt(3) takes them: `["-n", "-tvalue"]` with `nt:` gives `["n", "t", "value"]`.
 * Scanning ends at `--` and at the first word that is no option; long options are skipped; an unknown letter gives `?`,
 * a missing value an empty text. With a letter asked for only the last value of that option is given, its own letter where
 * it takes none, and undefined where it does not stand there.
 * Source: libs userspace/libsinsp/sinsp_filtercheck_multivalue_transformer.cpp @48dfd53c.
 */
export function takeOptions(
  words: readonly string[],
  options: string,
  letter: string | undefined,
): string | readonly string[] | undefined {
  const known = readOptions(options);
  const results: string[] = [];
  let chosen: string | undefined;
  const emit = (name: string, value?: string): void => {
    if (letter !== undefined) chosen = value ?? name;
    else results.push(...(value === undefined ? [name] : [name, value]));
  };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--") break;
    if (word.startsWith("--")) continue;
    if (word.length < 2 || !word.startsWith("-")) break;
    for (let index = 1; index < word.length; index += 1) {
      const option = word.charAt(index);
      const takesValue = option === ":" ? undefined : known.get(option);
      if (takesValue === undefined) {
        if (letter === undefined) results.push("?");
        continue;
      }
      const wanted = letter === undefined || letter === option;
      if (!takesValue) {
        if (wanted) emit(option);
        continue;
      }
      const inWord = index + 1 < word.length;
      if (!inWord) at += 1;
      const value = inWord ? word.slice(index + 1) : words[at];
      if (wanted && value === undefined) emit("");
      else if (wanted) emit(option, value);
      break;
    }
  }
  return letter === undefined ? results : chosen;
}

/** Option letters with whether each takes a value. */
function readOptions(options: string): ReadonlyMap<string, boolean> {
  const known = new Map<string, boolean>();
  for (let at = options.startsWith(":") ? 1 : 0; at < options.length; at += 1) {
    const letter = options.charAt(at);
    if (letter === ":") continue;
    const takesValue = options[at + 1] === ":";
    known.set(letter, takesValue || known.get(letter) === true);
    if (takesValue) at += 1;
  }
  return known;
}
