import type { ScapEvent } from "../event/event.ts";
import { paramText } from "../event/read-param.ts";
import type { CaptureState } from "./capture-state.ts";
import type { Container, Mount } from "./containers.ts";
import { exact, type FieldMaker, type FieldReader, type FieldTable, type FieldValue, indexOf } from "./field-reader.ts";

const SHORT_ID_LENGTH = 12;
const CONTAINER_EVENTS = [228, 272, 324];
const ASYNC_EVENT = 402;

/** Fields that the container plugin once had and still knows, without a value. */
const GONE = [
  "container.healthcheck",
  "container.liveness_probe",
  "container.readiness_probe",
  "proc.is_container_healthcheck",
  "proc.is_container_liveness_probe",
  "proc.is_container_readiness_probe",
  ...["rc", "svc", "rs", "deployment"].flatMap((kind) => [`k8s.${kind}.name`, `k8s.${kind}.id`, `k8s.${kind}.labels`]),
  "k8s.ns.id",
  "k8s.ns.labels",
];
const GONE_WITH_ARGUMENT = ["rc", "svc", "rs", "deployment", "ns"].map((kind) => `k8s.${kind}.label`);

/** Fields of the container that the thread runs in, as the container plugin 0.7.1 gives them. */
export function containerFields(state: CaptureState): FieldTable {
  const of = (read: (container: Container) => FieldValue | undefined): FieldReader => {
    return (event) => {
      const container = containerOf(state, event);
      return container && read(container);
    };
  };
  const label = (key: string) => of(({ labels }) => labels.get(key));
  const sandbox = (container: Container) => sandboxOf(state, container);
  return {
    plain: {
      "container.id": (event) => containerOf(state, event)?.id ?? state.threads.find(event.tid)?.containerId,
      "container.full_id": of(({ fullId }) => fullId),
      "container.name": of(({ name }) => name),
      "container.image": of(({ image }) => image),
      "container.image.id": of(({ imageId }) => imageId),
      "container.image.repository": of(({ imageRepository }) => imageRepository),
      "container.image.tag": of(({ imageTag }) => imageTag),
      "container.image.digest": of(({ imageDigest }) => imageDigest),
      "container.type": of(({ type }) => type),
      "container.privileged": of(({ isPrivileged }) => isPrivileged),
      "container.mounts": of(({ mounts }) => mounts.map(mountText).join(",")),
      "container.start_ts": (event) => startOf(state, event, (start) => start),
      "container.duration": (event) => startOf(state, event, (start) => BigInt.asUintN(64, event.timeNs - start)),
      "container.ip": of(({ ip }) => ip),
      "container.cni.json": of(({ cniJson }) => cniJson),
      "container.host_pid": of(({ hostPid }) => hostPid),
      "container.host_network": of(({ hostNetwork }) => hostNetwork),
      "container.host_ipc": of(({ hostIpc }) => hostIpc),
      "container.labels": of(({ labels }) => labelsText(labels)),
      "k8s.pod.name": label("io.kubernetes.pod.name"),
      "k8s.ns.name": label("io.kubernetes.pod.namespace"),
      "k8s.pod.id": label("io.kubernetes.pod.uid"),
      "k8s.pod.uid": label("io.kubernetes.pod.uid"),
      "k8s.pod.sandbox_id": of(({ podSandboxId }) => podSandboxId.slice(0, SHORT_ID_LENGTH)),
      "k8s.pod.full_sandbox_id": of(({ podSandboxId }) => podSandboxId),
      "k8s.pod.labels": of((container) => labelsText((sandbox(container) ?? container).podSandboxLabels)),
      "k8s.pod.ip": of((container) => (container.cniJson === "" ? sandbox(container)?.ip : container.ip)),
      "k8s.pod.cni.json": of((container) =>
        container.cniJson === "" ? sandbox(container)?.cniJson : container.cniJson,
      ),
      ...Object.fromEntries(GONE.map((name) => [name, () => undefined])),
    },
    made: {
      ...mountFields(of),
      "container.label": (argument) => label(argument ?? ""),
      "k8s.pod.label": (argument) =>
        of((container) => {
          const key = argument ?? "";
          return sandbox(container)?.podSandboxLabels.get(key) ?? container.podSandboxLabels.get(key);
        }),
      ...Object.fromEntries(GONE_WITH_ARGUMENT.map((name): [string, FieldMaker] => [name, () => () => undefined])),
    },
  };
}

/** The container of the event's thread; of a container event, the one it tells of. */
function containerOf(state: CaptureState, event: ScapEvent): Container | undefined {
  if (isContainerEvent(event) && state.containers.last?.eventNumber === event.number) {
    return state.containers.last.container;
  }
  const thread = state.threads.find(event.tid);
  return thread && state.containers.get(thread.containerId);
}

function isContainerEvent(event: ScapEvent): boolean {
  if (event.type !== ASYNC_EVENT) return CONTAINER_EVENTS.includes(event.type);
  const name = paramText(event, 1);
  return name === "container" || name === "container_removed";
}

/** The pod's own container, where this one does not carry the pod's network. */
function sandboxOf({ containers }: CaptureState, { cniJson, podSandboxId }: Container): Container | undefined {
  return cniJson === "" ? containers.get(podSandboxId.slice(0, SHORT_ID_LENGTH)) : undefined;
}

function startOf(
  state: CaptureState,
  event: ScapEvent,
  read: (startNs: bigint) => bigint,
): number | bigint | undefined {
  if (isContainerEvent(event) && state.containers.last?.eventNumber === event.number) return undefined;
  const start = state.threads.find(event.tid)?.pidNamespaceStartNs ?? 0n;
  return start === 0n ? undefined : exact(read(start));
}

function mountText({ source, destination, mode, isWritable, propagation }: Mount): string {
  return `${source}:${destination}:${mode}:${isWritable}:${propagation}`;
}

/** `key:value, key:value` without what Kubernetes keeps for itself. */
function labelsText(labels: ReadonlyMap<string, string>): string {
  return [...labels]
    .filter(([key]) => !key.startsWith("annotation.") && !key.startsWith("io.kubernetes."))
    .map(([key, value]) => (value === "" ? key : `${key}:${value}`))
    .join(", ");
}

/** One mount, by index, or by its source (for `.source` by its destination), where `*` stands for anything. */
function mountFields(
  of: (read: (container: Container) => FieldValue | undefined) => FieldReader,
): Record<string, FieldMaker> {
  const maker =
    (read: (mount: Mount) => string, by: (mount: Mount) => string): FieldMaker =>
    (argument) => {
      const index = indexOf(argument);
      const isWanted = index === undefined ? pathMatcher(argument ?? "") : undefined;
      return of(({ mounts }) => {
        const mount = isWanted ? mounts.find((candidate) => isWanted(by(candidate))) : mounts[index ?? -1];
        return mount && read(mount);
      });
    };
  const source = ({ source }: Mount) => source;
  return {
    "container.mount": maker(mountText, source),
    "container.mount.source": maker(source, ({ destination }) => destination),
    "container.mount.dest": maker(({ destination }) => destination, source),
    "container.mount.mode": maker(({ mode }) => mode, source),
    "container.mount.rdwr": maker(({ isWritable }) => String(isWritable), source),
    "container.mount.propagation": maker(({ propagation }) => propagation, source),
  };
}

/** True for paths that hold the pattern's pieces between `*` in their order: never slower than the path is long. */
function pathMatcher(pattern: string): (path: string) => boolean {
  const pieces = pattern.split("*").filter((piece) => piece !== "");
  return (path) => {
    let from = 0;
    for (const piece of pieces) {
      const at = path.indexOf(piece, from);
      if (at < 0) return false;
      from = at + piece.length;
    }
    return true;
  };
}
