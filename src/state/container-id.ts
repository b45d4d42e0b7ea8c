/** Prefix before and suffix behind a container's id at the end of a cgroup path, in the order they are tried. */
type Layout = readonly [prefix: string, suffix: string];

const PODMAN: readonly Layout[] = [
  ["/libpod-", ".scope"],
  ["/libpod-", ".scope/container"],
  ["/libpod-", ""],
  ["/libpod-payload-", ".scope"],
  ["/libpod-payload-", ".scope/container"],
  ["/libpod-payload-", ""],
];
const DOCKER: readonly Layout[] = [
  ["/", ""],
  ["/docker-", ".scope"],
];
const CRI: readonly Layout[] = [
  ["/", ""],
  ["/crio-", ""],
  ["/cri-containerd-", ".scope"],
  ["/crio-", ".scope"],
  [":cri-containerd:", ""],
  ["/docker-", ".scope"],
  ["/nerdctl-", ".scope"],
];

const FULL_ID_LENGTH = 64;
const SHORT_ID_LENGTH = 12;
const NO_HEX = /[^0-9a-fA-F]/;
/** Longest cgroup path that is looked at; the kernel's own limit is lower. */
const MAX_PATH_LENGTH = 4096;

/** A container as its cgroup names it: its short id, and its type where only that type has such paths. */
export interface CgroupContainer {
  readonly id: string;
  readonly type?: string;
}

/** The container that a cgroup path names, undefined for the host (matchers of the container plugin 0.7.1). */
export function containerOf(cgroup: string): CgroupContainer | undefined {
  if (cgroup.length > MAX_PATH_LENGTH) return undefined;
  const id = runcId(cgroup, PODMAN) ?? runcId(cgroup, DOCKER) ?? runcId(cgroup, CRI) ?? containerdId(cgroup);
  if (id !== undefined) return { id };
  return typed(lxcId(cgroup), "lxc") ?? typed(libvirtId(cgroup), "libvirt-lxc") ?? typed(bpmId(cgroup), "bpm");
}

function typed(id: string | undefined, type: string): CgroupContainer | undefined {
  return id === undefined ? undefined : { id, type };
}

function runcId(cgroup: string, layouts: readonly Layout[]): string | undefined {
  for (const [prefix, suffix] of layouts) {
    const between = idBetween(cgroup, prefix, suffix);
    if (between && between.length === FULL_ID_LENGTH && hexFrom(cgroup, between.start)) {
      return cgroup.slice(between.start, between.start + SHORT_ID_LENGTH);
    }
  }
  return undefined;
}

/** Everything from the id on is hexadecimal, or the first character that is not stands beyond an id's length. */
function hexFrom(cgroup: string, start: number): boolean {
  const odd = cgroup.slice(start).search(NO_HEX);
  return odd < 0 || odd + start >= FULL_ID_LENGTH;
}

function idBetween(cgroup: string, prefix: string, suffix: string): { start: number; length: number } | undefined {
  const at = cgroup.lastIndexOf(prefix);
  if (at < 0) return undefined;
  const start = at + prefix.length;
  const end = suffix === "" ? cgroup.length : cgroup.lastIndexOf(suffix);
  return end < start ? undefined : { start, length: end - start };
}

/** Containers made by ctr: `/namespace/id`, where the namespace is any word and the id not a systemd unit. */
function containerdId(cgroup: string): string | undefined {
  const namespace = /\/[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*\//.exec(cgroup)?.[0];
  if (namespace === undefined || /\.(?:service|slice|scope)$/.test(cgroup)) return undefined;
  const between = idBetween(cgroup, namespace, "");
  if (!between || between.length === 0 || between.length > FULL_ID_LENGTH) return undefined;
  return cgroup.slice(between.start, between.start + SHORT_ID_LENGTH);
}

function lxcId(cgroup: string): string | undefined {
  for (const mark of ["/lxc/", "/lxc.payload/", "/lxc.payload."]) {
    const at = cgroup.indexOf(mark);
    if (at >= 0) return cgroup.slice(at + mark.length).split("/")[0];
  }
  return undefined;
}

function libvirtId(cgroup: string): string | undefined {
  const dotted = cgroup.indexOf(".libvirt-lxc");
  const slash = cgroup.lastIndexOf("/");
  if (dotted >= 0 && dotted === cgroup.length - ".libvirt-lxc".length && slash >= 0) {
    return cgroup.slice(slash + 1, dotted);
  }
  const mark = "-lxc\\x2";
  const at = cgroup.indexOf(mark);
  if (at >= 0) {
    const ending = cgroup.includes(".scope/libvirt") ? ".scope/libvirt" : ".scope";
    const end = cgroup.indexOf(ending);
    if (end >= 0 && end === cgroup.length - ending.length) return cgroup.slice(at + mark.length + 1, end);
  }
  const legacy = cgroup.indexOf("/libvirt/lxc/");
  return legacy < 0 ? undefined : cgroup.slice(legacy + "/libvirt/lxc/".length);
}

function bpmId(cgroup: string): string | undefined {
  const at = cgroup.indexOf("bpm-");
  if (at < 0) return undefined;
  const id = cgroup.slice(at + 4).split(".scope")[0] ?? "";
  return /^[A-Za-z0-9._-]+$/.test(id) ? id : undefined;
}
