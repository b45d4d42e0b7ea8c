import picocolors from "picocolors";

/** Colours only where a person looks: a terminal, and neither NO_COLOR nor a dumb one. */
export const colors = picocolors.createColors(process.stdout.isTTY === true && picocolors.isColorSupported);

export function printLine(line = ""): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  const plain = (_key: string, item: unknown) => (typeof item === "bigint" ? item.toString() : item);
  process.stdout.write(`${JSON.stringify(value, plain, 2)}\n`);
}
