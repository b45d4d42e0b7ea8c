/** Kinds of secrets with how their paths look; the first that fits counts. Every pattern takes linear time. */
const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["password hashes", /^\/etc\/(?:g?shadow|master\.passwd|security\/opasswd)(?:-|\.[a-z]+|~)?$/],
  ["privilege rules", /^\/etc\/(?:sudoers$|sudoers\.d\/|doas\.conf$)/],
  ["kerberos keys", /^\/etc\/krb5\.keytab$|^\/tmp\/krb5cc_/],
  ["ssh keys", /\/\.ssh\/(?!known_hosts|config$)[^/]+(?<!\.pub)$|^\/etc\/ssh\/ssh_host_[a-z0-9]+_key$/],
  [
    "cloud credentials",
    /\/\.aws\/(?:credentials|config|sso\/|cli\/)|\/\.azure\/|\/\.config\/(?:gcloud|doctl)\/|\/\.oci\/|\/\.boto$/,
  ],
  [
    "kubernetes credentials",
    /\/secrets\/(?:kubernetes\.io|eks\.amazonaws\.com|azure)\/|\/\.kube\/config$|^\/etc\/kubernetes\/(?:[^/]+\.conf$|pki\/.*\.key$)|^\/var\/lib\/kubelet\/(?:pki\/|kubeconfig)/,
  ],
  ["orchestrator secrets", /^\/(?:var\/)?run\/secrets\//],
  ["registry credentials", /\/\.docker\/config\.json$|\/\.dockercfg$|\/containers\/auth\.json$/],
  ["process environment", /^\/proc\/(?:[0-9]+|self|thread-self)\/(?:task\/[0-9]+\/)?environ$/],
  ["process memory", /^\/proc\/(?:(?:[0-9]+|self|thread-self)\/(?:task\/[0-9]+\/)?mem|kcore)$|^\/dev\/k?mem$/],
  [
    "tokens and passwords",
    /\/\.(?:netrc|pgpass|my\.cnf|npmrc|pypirc|git-credentials|vault-token|env)$|\/\.terraform\.d\/credentials|\/\.config\/(?:gh\/hosts\.yml|hub)$/,
  ],
  ["private keys", /\/[^/]*\.(?:key|p12|pfx|jks|keytab)$|\/privkey[0-9]*\.pem$|^\/etc\/ssl\/private\//],
  ["keyrings", /\/\.gnupg\/|\/\.password-store\/|\/keyrings\/[^/]+\.keyring$/],
  ["browser secrets", /\/(?:logins\.json|key[34]\.db|cookies\.sqlite|Login Data|Cookies)$/],
  ["shell history", /\/\.(?:bash|zsh|sh|ash|python|mysql|psql)_history$/],
];

/** Longer paths than the kernel takes are cut before they are compared. */
const MAX_PATH = 4_096;

/** The kind of secret that stands at a path; undefined for any other path. */
export function sensitiveKind(path: string): string | undefined {
  const text = path.slice(0, MAX_PATH);
  return KINDS.find(([, pattern]) => pattern.test(text))?.[0];
}
