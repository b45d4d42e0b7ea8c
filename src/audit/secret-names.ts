const SECRET_ENDINGS = [
  "password",
  "passwd",
  "passphrase",
  "passcode",
  "pwd",
  "secret",
  "token",
  "apikey",
  "accesskey",
  "accesskeyid",
  "secretkey",
  "privatekey",
  "encryptionkey",
  "signingkey",
  "accountkey",
  "sharedkey",
  "authkey",
  "authorization",
  "cookie",
  "credential",
  "connectionstring",
  "clientassertion",
  "secretstring",
];

/** Names whose value runs to the end of the line. */
const WHOLE_LINE = ["authorization", "cookie"];

/**
 * How a value under this name must be treated: undefined when it is no secret. Case, `_`, `-`, `.`, blanks and quotes do
 * not count, and neither does a plural; what a name ends with decides, so that `DB_PASSWORD` is one and `password_policy`
 * is none.
 */
export function secretName(name: string): { readonly plural: boolean; readonly wholeLine: boolean } | undefined {
  if (name.length > 128) return undefined;
  const plain = name.toLowerCase().replace(/[_\-. "']/g, "");
  const singular = plain.endsWith("s") && !plain.endsWith("ss") ? plain.slice(0, -1) : plain;
  if (!SECRET_ENDINGS.some((ending) => singular.endsWith(ending))) return undefined;
  return { plural: singular !== plain, wholeLine: WHOLE_LINE.some((ending) => singular.endsWith(ending)) };
}
