import { secretName } from "./secret-names.ts";

/** Every expression is anchored at a literal or at the start of a run, so that its time grows with the text alone. */
const TOKEN_SHAPES = new RegExp(
  [
    "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])",
    "gh[pousr]_[A-Za-z0-9]{20,255}",
    "github_pat_[A-Za-z0-9_]{20,255}",
    "glpat-[A-Za-z0-9_-]{16,255}",
    "xox[abeoprs]-[A-Za-z0-9-]{10,255}",
    "xapp-[A-Za-z0-9-]{10,255}",
    "[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}",
    "sk-[A-Za-z0-9_-]{20,255}",
    "AIza[A-Za-z0-9_-]{35}",
    "ya29\\.[A-Za-z0-9_-]{20,2048}",
    "npm_[A-Za-z0-9]{36}",
    "pypi-[A-Za-z0-9_-]{32,512}",
    "hf_[A-Za-z0-9]{30,64}",
    "do[opr]_v1_[a-f0-9]{64}",
    "hvs\\.[A-Za-z0-9_-]{20,255}",
    "AGE-SECRET-KEY-1[A-Z0-9]{20,80}",
    "eyJ[A-Za-z0-9_-]{8,8192}\\.[A-Za-z0-9_-]{8,8192}\\.[A-Za-z0-9_-]{0,8192}",
  ]
    .map((shape) => `(?<![A-Za-z0-9_-])${shape}`)
    .join("|"),
  "g",
);
const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g;
const BEARER = /\b(bearer\s{1,4})[A-Za-z0-9+/=._~-]{8,}/gi;
const URL_PASSWORD = /(:\/\/[^\s/:@?#]{0,128}:)[^\s/@]{1,512}(?=@)/g;
const URL_TOKEN = /(:\/\/)[^\s/:@?#]{16,512}(?=@)/g;
const SLACK_HOOK = /(hooks\.slack\.com\/(?:services|workflows)\/)[A-Za-z0-9/_-]{8,255}/g;
const COMMAND_PASSWORD =
  /(\s(?:-u|--user)[ =][^\s:"']{1,64}:|\bmysql[a-z]{0,8}\s(?:[^\n]{0,200}?\s)??-p|\bsshpass\s-p\s?)[^\s"']{1,256}/g;
const NAME_AND_SIGN = /(?<![\w.-])([\w.-]{1,64})(["']?\s{0,2}[=:]\s{0,2})/g;
const FLAG = /(?<![\w.-])(--?[A-Za-z][\w-]{1,63})\s{1,2}(?=[^\s-])/g;
const VALUE = /"(?:[^"\\\n]|\\.){0,8192}"|'[^'\n]{0,8192}'|["'][^\n]{1,8192}|[^\s"',;&|]{1,8192}/y;
const REST_OF_LINE = /[^\n"']{1,8192}/y;
const LONG_RUN = /[A-Za-z0-9+_-]{32,}={0,2}/g;
const HARMLESS_VALUE = /^["']?(?:\[redacted|\$\{?\w+\}?["']?$|true["']?$|false["']?$|null["']?$|["']?$)/;

/**
 * The text without what looks like a secret, each replaced by `[redacted:kind]`: private keys, bearer tokens, well-known
 * token shapes, passwords in URLs, `NAME=value`, `name: value` and `--name value` under a secret's name, long runs that
 * look random. Linear in the text. What nobody would recognise as a secret stays.
 */
export function redactText(text: string): string {
  // No secret that is recognised is shorter, unless a name, a flag or a word stands before it.
  if (text.length < 8 || (text.length < 15 && !/[=: -]/.test(text))) return text;
  let clean = text;
  if (clean.includes("PRIVATE KEY")) clean = clean.replace(PRIVATE_KEY, "[redacted:private-key]");
  if (/bearer/i.test(clean)) clean = clean.replace(BEARER, "$1[redacted:bearer]");
  clean = clean.replace(TOKEN_SHAPES, "[redacted:token]");
  if (clean.includes("://")) {
    clean = clean.replace(URL_PASSWORD, "$1[redacted:url]").replace(URL_TOKEN, "$1[redacted:url]");
  }
  if (clean.includes("hooks.slack.com")) clean = clean.replace(SLACK_HOOK, "$1[redacted:url]");
  if (/[=:]/.test(clean)) clean = redactNamed(clean, NAME_AND_SIGN);
  if (clean.includes("-")) clean = redactNamed(clean, FLAG).replace(COMMAND_PASSWORD, "$1[redacted:named]");
  if (clean.length >= 32) clean = clean.replace(LONG_RUN, (run) => (looksRandom(run) ? "[redacted:random]" : run));
  return clean;
}

// The value is not part of the match: in `env=TOKEN=x` the value of the first name holds the second.
function redactNamed(text: string, names: RegExp): string {
  let clean = "";
  let copied = 0;
  names.lastIndex = 0;
  for (let match = names.exec(text); match !== null; match = names.exec(text)) {
    const name = secretName(match[1] ?? "");
    if (name === undefined) continue;
    const value = name.wholeLine ? REST_OF_LINE : VALUE;
    value.lastIndex = names.lastIndex;
    const found = value.exec(text)?.[0];
    if (found === undefined || HARMLESS_VALUE.test(found)) continue;
    clean += `${text.slice(copied, names.lastIndex)}[redacted:named]`;
    copied = names.lastIndex + found.length;
    names.lastIndex = copied;
  }
  return copied === 0 ? text : clean + text.slice(copied);
}

// Digests are hexadecimal and names are of one case; keys mix cases and digits and spread over the alphabet.
function looksRandom(run: string): boolean {
  if (!/[a-z]/.test(run) || !/[A-Z]/.test(run) || !/\d/.test(run)) return false;
  const counts = new Map<string, number>();
  for (const character of run) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / run.length) * Math.log2(count / run.length);
  return bits >= 4.2;
}
