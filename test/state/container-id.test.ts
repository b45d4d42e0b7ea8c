import { expect, test } from "vitest";
import { containerOf } from "../../src/state/container-id.ts";

const ID = "3f1c9a7be2d04455667788990011223344556677889900112233445566778899";
const SHORT = "3f1c9a7be2d0";

test.each([
  ["docker", `/docker/${ID}`],
  ["docker under systemd", `/system.slice/docker-${ID}.scope`],
  ["podman", `/machine.slice/libpod-${ID}.scope`],
  ["podman inside its scope", `/user.slice/libpod-${ID}.scope/container`],
  ["podman's payload", `/machine.slice/libpod-payload-${ID}`],
  ["cri-o", `/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope`],
  ["containerd in Kubernetes", `/kubepods.slice/kubepods-burstable.slice/cri-containerd-${ID}.scope`],
  ["containerd with systemd's cgroup driver", `/system.slice/kubepods-pod1.slice:cri-containerd:${ID}`],
  ["nerdctl", `/system.slice/nerdctl-${ID}.scope`],
])("%s: the first twelve digits of the id", (_, path) => {
  expect(containerOf(path)).toEqual({ id: SHORT });
});

test.each([
  ["ctr", "/default/web", { id: "web" }],
  // Any two words are taken for a namespace and an id of ctr before the others are asked.
  ["lxc in a folder of its own", "/lxc/builder", { id: "builder" }],
  ["lxc 4", "/lxc.payload.builder", { id: "builder", type: "lxc" }],
  ["libvirt", "/machine.slice/machine-lxc\\x2ddb.scope", { id: "db", type: "libvirt-lxc" }],
  ["bpm", "/bpm-router", { id: "router", type: "bpm" }],
])("%s", (_, path, expected) => {
  expect(containerOf(path)).toEqual(expected);
});

test.each([
  ["the root", "/"],
  ["a service", "/system.slice/sshd.service"],
  ["a session", "/user.slice/user-1000.slice/session-3.scope"],
  ["an id that is a digit short", `/docker-${ID.slice(1)}.scope`],
  ["a path longer than the kernel makes", `/docker/${"x/".repeat(3000)}${ID}`],
])("%s is the host", (_, path) => {
  expect(containerOf(path)).toBeUndefined();
});
