import fc from "fast-check";
import { expect, test } from "vitest";
import { sensitiveKind } from "../../../src/investigate/capture/sensitive-paths.ts";

test.each([
  ["/etc/shadow", "password hashes"],
  ["/etc/shadow-", "password hashes"],
  ["/etc/gshadow", "password hashes"],
  ["/etc/sudoers", "privilege rules"],
  ["/etc/sudoers.d/90-cloud-init", "privilege rules"],
  ["/root/.ssh/id_ed25519", "ssh keys"],
  ["/home/a/.ssh/authorized_keys", "ssh keys"],
  ["/etc/ssh/ssh_host_rsa_key", "ssh keys"],
  ["/root/.aws/credentials", "cloud credentials"],
  ["/root/.config/gcloud/credentials.db", "cloud credentials"],
  ["/var/run/secrets/kubernetes.io/serviceaccount/token", "kubernetes credentials"],
  ["/run/secrets/db_password", "orchestrator secrets"],
  ["/etc/kubernetes/admin.conf", "kubernetes credentials"],
  ["/root/.docker/config.json", "registry credentials"],
  ["/proc/1/environ", "process environment"],
  ["/proc/self/task/7/environ", "process environment"],
  ["/proc/77/mem", "process memory"],
  ["/proc/kcore", "process memory"],
  ["/srv/app/.env", "tokens and passwords"],
  ["/etc/letsencrypt/live/a/privkey.pem", "private keys"],
  ["/root/.bash_history", "shell history"],
  ["/etc/passwd", undefined],
  ["/etc/ssh/ssh_host_rsa_key.pub", undefined],
  ["/root/.ssh/known_hosts", undefined],
  ["/root/.ssh/id_rsa.pub", undefined],
  ["/etc/pam.d/sshd", undefined],
  ["/proc/1/status", undefined],
  ["/proc/1", undefined],
  ["/home/a/shadow", undefined],
  ["", undefined],
])("%s: %s", (path, kind) => {
  expect(sensitiveKind(path)).toBe(kind);
});

test("any text is answered", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (path) => void sensitiveKind(path)));
  expect(sensitiveKind(`/${"/.aws/".repeat(200_000)}x`)).toBeUndefined();
});
