/** Types of field values, by the names Falco's listing uses. DYNAMIC is the type of the argument that evt.rawarg names. */
export type FieldType =
  | "CHARBUF"
  | "BYTEBUF"
  | "BOOL"
  | "INT16"
  | "INT32"
  | "INT64"
  | "UINT32"
  | "UINT64"
  | "RELTIME"
  | "ABSTIME"
  | "PORT"
  | "IPADDR"
  | "IPNET"
  | "DOUBLE"
  | "DYNAMIC";

/**
 * Who decides what the value says. attacker: the watched workload or whoever talks to it, so the text is never to be
 * trusted; platform: the people and programs that run the system; kernel: the kernel or the engine itself.
 */
export type Controller = "attacker" | "platform" | "kernel";

export interface FieldRow {
  readonly name: string;
  readonly type: FieldType;
  /** Several values of `type` at once: only `in`, `intersects` and `exists` apply. */
  readonly isList: boolean;
  readonly argument: "none" | "optional" | "required";
  /** What a plugin's field takes in brackets; empty where it takes none or the engine reads it in its own way. */
  readonly argumentKinds: readonly ("index" | "key")[];
  readonly isDeprecated: boolean;
  /** Conditions only: as output it is always `<NA>`. */
  readonly isFilterOnly: boolean;
  /** May stand in `val()` and be compared with another field. */
  readonly allowsRightHand: boolean;
  readonly allowsTransformers: boolean;
  /** Known to the engine but left out of its listings. */
  readonly isHidden: boolean;
  /** How numbers are printed in outputs. */
  readonly format: "plain" | "padded" | "hex";
  readonly controller: Controller;
  /** Engine (minor of 0.x) of the first Falco release that has it; undefined where unknown. */
  readonly sinceEngine: number | undefined;
  readonly description: string;
}

/** Letters that rows give their traits with. */
const TRAITS = {
  l: { isList: true },
  o: { argument: "optional" },
  r: { argument: "required" },
  i: { argumentKinds: ["index"] },
  k: { argumentKinds: ["key"] },
  b: { argumentKinds: ["index", "key"] },
  d: { isDeprecated: true },
  f: { isFilterOnly: true },
  x: { allowsRightHand: false },
  t: { allowsTransformers: false },
  h: { isHidden: true },
  p: { format: "padded" },
  e: { format: "hex" },
} as const satisfies Record<string, Partial<FieldRow>>;

const CONTROLLERS: Readonly<Record<string, Controller>> = { a: "attacker", p: "platform", k: "kernel" };

/**
 * The field of one row `name TYPE traits controller engine description`: traits are letters of TRAITS or `-`, the
 * controller is a, p or k, the engine a number or `?`.
 */
export function parseFieldRow(row: string): FieldRow {
  const [name = "", type, traits = "", controller = "", engine, ...description] = row.split(" ");
  const field = {
    name,
    type: type as FieldType,
    isList: false,
    argument: "none",
    argumentKinds: [],
    isDeprecated: false,
    isFilterOnly: false,
    allowsRightHand: true,
    allowsTransformers: true,
    isHidden: false,
    format: "plain",
    controller: CONTROLLERS[controller] ?? "attacker",
    sinceEngine: engine === "?" ? undefined : Number(engine),
    description: description.join(" "),
  } as const;
  const given = [...traits].filter((letter) => letter !== "-").map((letter) => TRAITS[letter as keyof typeof TRAITS]);
  return Object.freeze(Object.assign({}, field, ...given) as FieldRow);
}
