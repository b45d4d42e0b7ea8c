import type { OutputLine } from "./split-lines.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Collects stdout as text. Nothing is dropped: the limit on output ends the process before memory fills. */
export function textReader(): { readonly take: (line: OutputLine) => true; readonly text: () => string } {
  const lines: string[] = [];
  return {
    take({ bytes }) {
      lines.push(bytes.toString("utf8"));
      return true;
    },
    text: () => lines.join("\n"),
  };
}

/**
 * The JSON object in a text: the whole text, or the first line, or the part from the first line that starts with a brace to
 * the last that ends with one, since libraries of a plugin may print beside it. Undefined where there is none.
 */
export function jsonIn(text: string): JsonObject | undefined {
  const whole = objectOf(text);
  if (whole !== undefined) return whole;
  const from = /^\{/m.exec(text)?.index;
  if (from === undefined) return undefined;
  const lineEnd = text.indexOf("\n", from);
  const until = text.lastIndexOf("}");
  return objectOf(text.slice(from, lineEnd === -1 ? undefined : lineEnd)) ?? objectOf(text.slice(from, until + 1));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
