import { posix } from "node:path";

/** What the arguments of a Falco say of its configuration. */
export interface FalcoArguments {
  readonly configPath: string;
  readonly rulePaths: readonly string[];
  /** key=value of -o, in order. */
  readonly options: readonly string[];
  readonly disabledSources: readonly string[];
  readonly enabledSources: readonly string[];
  /** It prints something, or replays a capture, and ends. */
  readonly once: boolean;
}

const DEFAULT_CONFIG = "/etc/falco/falco.yaml";

/** Short options that take a value, those that older versions had included. */
const SHORT_WITH_VALUE = "cdDeklMmnoPprsStTVw";
const LONG_WITH_VALUE = new Set([
  "cri",
  "disable-source",
  "enable-source",
  "format",
  "gvisor-config",
  "gvisor-root",
  "k8s-api",
  "k8s-node",
  "k8s-api-cert",
  "mesos-api",
  "option",
  "pidfile",
  "plugin-info",
  "print",
  "snaplen",
  "validate",
]);
const SHORT_ONCE = "ehiLlV";
const LONG_ONCE = new Set([
  "config-schema",
  "dry-run",
  "help",
  "list",
  "list-events",
  "list-plugins",
  "list-syscall-events",
  "page-size",
  "plugin-info",
  "rule-schema",
  "support",
  "validate",
  "version",
]);

/**
 * Arguments (without the program's name) as Falco's option parser takes them: short options may be joined and carry their
 * value, long ones take it behind `=` or as the next argument. Relative paths are joined to the process's folder.
 * Source: falco userspace/falco/app/options.cpp @13074749.
 */
export function readArguments(args: readonly string[], folder: string): FalcoArguments {
  const values: (readonly [name: string, value: string])[] = [];
  const flags = new Set<string>();
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word === "--") break;
    const long = /^--([A-Za-z0-9][-\w.]+)(?:=(.*))?$/s.exec(word);
    if (long !== null) {
      const [, name = "", value] = long;
      flags.add(name);
      if (value !== undefined) values.push([name, value]);
      else if (LONG_WITH_VALUE.has(name)) values.push([name, args[++at] ?? ""]);
      continue;
    }
    if (!/^-[A-Za-z]/.test(word)) continue;
    for (let place = 1; place < word.length; place += 1) {
      const letter = word[place] ?? "";
      flags.add(letter);
      if (!SHORT_WITH_VALUE.includes(letter)) continue;
      const joined = word.slice(place + 1);
      values.push([letter, joined === "" ? (args[++at] ?? "") : joined]);
      break;
    }
  }
  const all = (...names: string[]) => values.filter(([name]) => names.includes(name)).map(([, value]) => value);
  const inFolder = (path: string) => posix.resolve(folder, path);
  const options = all("o", "option");
  const isOnce = [...flags].some((flag) => (flag.length === 1 ? SHORT_ONCE.includes(flag) : LONG_ONCE.has(flag)));
  return {
    configPath: inFolder(all("c").at(-1) ?? DEFAULT_CONFIG),
    rulePaths: all("r").map(inFolder),
    options,
    disabledSources: all("disable-source"),
    enabledSources: all("enable-source"),
    once: isOnce || options.some((option) => /^engine\.kind=\s*replay\s*$/.test(option)),
  };
}
