import type { FalcoFieldClass } from "./falco-binary.ts";
import { isObject, type JsonObject } from "./read-document.ts";

/** The classes of `--list --format json`; undefined where the document has none. */
export function readFieldClasses(document: JsonObject | undefined): readonly FalcoFieldClass[] | undefined {
  const classes = document?.fieldclasses;
  if (!Array.isArray(classes)) return undefined;
  return classes.filter(isObject).map(({ name, event_sources: sources, fields }) => ({
    name: textOf(name) ?? "",
    sources: Array.isArray(sources) ? sources.map(String) : [],
    fields: (Array.isArray(fields) ? fields : []).filter(isObject).flatMap((field) => {
      const [fieldName, type, description] = [textOf(field.name), textOf(field.type), textOf(field.desc)];
      if (fieldName === undefined) return [];
      return [
        {
          name: fieldName,
          ...(type === undefined ? {} : { type }),
          ...(description === undefined ? {} : { description }),
        },
      ];
    }),
  }));
}

/** The names of `--list -N`, one a line, as one class; undefined where there is none. */
export function readFieldNames(text: string): readonly FalcoFieldClass[] | undefined {
  const names = text.split("\n").filter((line) => /^[a-z][\w.]{0,200}$/.test(line));
  return names.length === 0 ? undefined : [{ name: "", sources: [], fields: names.map((name) => ({ name })) }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
