/** What is known of a container, as the container plugin's events tell it. */
export interface Container {
  readonly id: string;
  readonly fullId: string;
  readonly type: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly imageRepository: string;
  readonly imageTag: string;
  readonly imageDigest: string;
  readonly user: string;
  readonly ip: string;
  readonly cniJson: string;
  readonly isPrivileged: boolean;
  readonly hostPid: boolean;
  readonly hostNetwork: boolean;
  readonly hostIpc: boolean;
  readonly mounts: readonly Mount[];
  readonly labels: ReadonlyMap<string, string>;
  readonly podSandboxId: string;
  readonly podSandboxLabels: ReadonlyMap<string, string>;
}

export interface Mount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly isWritable: boolean;
  readonly propagation: string;
}

/** Names of container types by the number events carry (container plugin `container_type.h`). */
const TYPES: Readonly<Record<number, string>> = {
  0: "docker",
  1: "lxc",
  2: "libvirt-lxc",
  3: "mesos",
  4: "rkt",
  6: "cri",
  7: "containerd",
  8: "cri-o",
  9: "bpm",
  11: "podman",
  65534: "host",
};

const MAX_CONTAINERS = 100_000;

/** Containers by their short id; the host is the one without id. */
export class Containers {
  readonly #known = new Map<string, Container>([["", hostContainer()]]);
  /** The container of the last container event, and that event's number. */
  last: { readonly eventNumber: number; readonly container: Container } | undefined;

  get(id: string): Container | undefined {
    return this.#known.get(id);
  }

  add(container: Container): void {
    if (this.#known.size < MAX_CONTAINERS || this.#known.has(container.id)) this.#known.set(container.id, container);
  }

  remove(id: string): void {
    this.#known.delete(id);
  }

  ips(): Iterable<string> {
    return Array.from(this.#known.values(), ({ ip }) => ip);
  }
}

/** The container that an event's JSON describes; undefined where it is none. Unknown and wrong values read as empty. */
export function parseContainer(json: string): Container | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined;
  }
  const about = record(record(parsed).container);
  const text = (key: string) => asText(about[key]);
  const truth = (key: string) => about[key] === true;
  return {
    id: text("id"),
    fullId: text("full_id"),
    type: TYPES[Number(about.type ?? 65535)] ?? "",
    name: text("name"),
    image: text("image"),
    imageId: text("imageid"),
    imageRepository: text("imagerepo"),
    imageTag: text("imagetag"),
    imageDigest: text("imagedigest"),
    user: text("User"),
    ip: text("ip"),
    cniJson: text("cni_json"),
    isPrivileged: truth("privileged"),
    hostPid: truth("host_pid"),
    hostNetwork: truth("host_network"),
    hostIpc: truth("host_ipc"),
    mounts: Array.isArray(about.Mounts) ? about.Mounts.map(parseMount) : [],
    labels: textMap(about.labels),
    podSandboxId: text("pod_sandbox_id"),
    podSandboxLabels: textMap(about.pod_sandbox_labels),
  };
}

function parseMount(value: unknown): Mount {
  const mount = record(value);
  return {
    source: asText(mount.Source),
    destination: asText(mount.Destination),
    mode: asText(mount.Mode),
    isWritable: mount.RW === true,
    propagation: asText(mount.Propagation),
  };
}

/** Texts by key, keys in the order of their bytes. */
function textMap(value: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(record(value)).map(([key, text]) => [key, asText(text)] as const);
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A container of which only the id and the type are known, as its cgroup tells them. */
export function bareContainer(id: string, type: string): Container {
  const container = parseContainer("{}") as Container;
  return { ...container, id, type };
}

function hostContainer(): Container {
  return { ...bareContainer("host", "host"), fullId: "host", name: "host" };
}
