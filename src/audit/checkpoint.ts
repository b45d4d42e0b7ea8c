/** A tree head: what a checkpoint signs. */
export interface TreeHead {
  /** `falco-skills/<log uuid>`. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export function originOf(log: string): string {
  return `falco-skills/${log}`;
}

/**
 * The text of a C2SP tlog-checkpoint: origin, size and base64 root, a line each.
 *
 *     falco-skills/0190b7c2-…
 *     256
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 */
export function formatCheckpoint({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/** The head that a checkpoint's text states; undefined unless formatting it again gives the same text. */
export function parseCheckpoint(text: string): TreeHead | undefined {
  const [origin = "", size = "", root = ""] = text.split("\n");
  const head = { origin, size: Number(size), root: Buffer.from(root, "base64") };
  const right = origin !== "" && Number.isSafeInteger(head.size) && head.size >= 0 && head.root.length === 32;
  return right && formatCheckpoint(head) === text ? head : undefined;
}
