export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What stands at a path of keys and list positions; undefined where the path leads nowhere. */
export function valueAt(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let here = value;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return undefined;
    if (Array.isArray(here)) {
      here = typeof key === "number" || /^\d{1,9}$/.test(key) ? (here as readonly Json[])[Number(key)] : undefined;
    } else {
      here = Object.hasOwn(here, key) ? (here as Readonly<Record<string, Json>>)[key] : undefined;
    }
  }
  return here;
}

/** A text as it is, any other value as compact JSON; undefined for nothing. */
export function textOf(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The value when it is a text, else undefined. */
export function stringAt(value: Json | undefined, ...path: readonly (string | number)[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** The items of the list at a path; undefined where there is none. */
export function listAt(value: Json | undefined, ...path: readonly (string | number)[]): readonly Json[] | undefined {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : undefined;
}

/** The whole number at a path, not below zero; undefined for anything else. */
export function countAt(value: Json | undefined, ...path: readonly (string | number)[]): number | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "number" && Number.isFinite(found) && found >= 0 ? Math.trunc(found) : undefined;
}
