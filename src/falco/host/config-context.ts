import { type ConfigView, type FoundText, showOrigin } from "./config-view.ts";

/** What a configuration is judged by. */
export interface ConfigContext {
  /** 44 of Falco 0.44; undefined where it is not known, which counts as the newest. */
  readonly minor: number | undefined;
  /** Our webhook's address. */
  readonly webhook?: string;
  /** Alerts of an output reach this server; undefined where it is not known what this server listens to. */
  readonly reachesUs: boolean | undefined;
  /** A rule says capture: true; undefined where the rules are not known. */
  readonly rulesCapture: boolean | undefined;
}

/** `where` of a key, or of the block above it; nothing where Falco's default stands. */
export function placeOf(view: ConfigView, path: string): { readonly where?: string } {
  const origin = view.originOf(path);
  return origin === undefined ? {} : { where: showOrigin(origin) };
}

/** Whether a version knows what came with a minor version; an unknown version counts as the newest. */
export const knows = ({ minor }: ConfigContext, since: number): boolean => minor === undefined || minor >= since;

/** The text of a value that does not hang on an environment variable. */
export function known(found: FoundText | undefined): string | undefined {
  return found === undefined || found.unknown ? undefined : found.text;
}
