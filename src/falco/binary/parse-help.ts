/** Options that `falco --help` lists, with their dashes, sorted: "-V" and "--validate", "--list". */
export function parseHelp(text: string): readonly string[] {
  const options = new Set<string>();
  for (const line of text.split("\n")) {
    // Descriptions are indented further than any option.
    const match = /^ {1,8}(-[A-Za-z](?=[ ,]|$))?(?:, )?(--[a-z][a-z-]{0,40})?/.exec(line);
    for (const option of [match?.[1], match?.[2]]) if (option !== undefined) options.add(option);
  }
  return [...options].sort();
}
