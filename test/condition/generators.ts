import fc from "fast-check";

/** Texts that look like conditions without having to be any. */
export const wildText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "proc.name",
        "fd.name",
        "evt.num",
        "evt.type",
        "macro_a",
        "and",
        "or",
        "not",
        "not(",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        "in",
        "pmatch",
        "exists",
        "contains",
        "regex",
        "oneof",
        "anyof",
        "val(",
        "tolower(",
        "join(",
        "getopt(",
        "[",
        "]",
        '"',
        "'",
        "\\",
        "\\x41",
        "\0",
        "\b",
        "\v",
        " ",
        "\n",
        "5",
        "0x1",
        "<NA>",
        "é",
        "😀",
      ),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 30 },
  )
  .map((words) => words.join(""));

const bare = fc
  .stringMatching(/^[a-z/*.<>$-]{1,8}$/)
  .filter((text) => !/^(?:and|or|not|exists|val|oneof|anyof|allof)$/.test(text));
const quoted = fc
  .string({ unit: fc.constantFrom("a", "b", " ", "=", "'", ",", "(", "é"), minLength: 1, maxLength: 6 })
  .filter((text) => /[ =']/.test(text))
  .map((text) => `"${text}"`);
const value = fc.oneof(bare, quoted);
const field = fc.constantFrom(
  "proc.name",
  "fd.name",
  "proc.aname[2]",
  "proc.env[PATH]",
  "tolower(proc.exe)",
  'concat(proc.name,"a b")',
);

const check = fc.oneof(
  fc.tuple(field, fc.constantFrom("=", "!=", "contains", "startswith", "glob"), value).map((words) => words.join(" ")),
  fc
    .tuple(field, fc.constantFrom("in", "intersects", "pmatch"), fc.array(value, { maxLength: 4 }))
    .map(([left, operator, values]) => `${left} ${operator} (${values.join(", ")})`),
  fc
    .tuple(field, fc.constantFrom("=", "endswith"), fc.constantFrom("oneof", "anyof", "allof"), fc.array(value))
    .map(([left, operator, modifier, values]) => `${left} ${operator} ${modifier} (${values.join(", ")})`),
  fc
    .tuple(fc.constantFrom("evt.num", "proc.pid"), fc.constantFrom("<", ">="), fc.integer())
    .map((words) => words.join(" ")),
  field.map((left) => `${left} exists`),
  fc.constantFrom("macro_a", "proc.name = val(proc.pname)"),
);

/** Conditions that parse. */
export const conditions: fc.Arbitrary<string> = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    check,
    fc.tuple(tie("expression"), tie("expression")).map(([left, right]) => `(${left}) and (${right})`),
    fc.tuple(tie("expression"), tie("expression")).map(([left, right]) => `(${left}) or (${right})`),
    tie("expression").map((child) => `not (${child})`),
  ),
})).expression;
