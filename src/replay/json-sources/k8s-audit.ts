import type { JsonField, JsonSource } from "./json-event.ts";
import { type Json, listAt, stringAt, textOf, valueAt } from "./json-value.ts";

type Path = readonly (string | number)[];

const text =
  (...path: Path): JsonField =>
  (event) =>
    textOf(valueAt(event, ...path));

/** All items of a list as texts; absent where it is empty. */
const texts =
  (...path: Path): JsonField =>
  (event) =>
    filled(listAt(event, ...path)?.map((item) => textOf(item) ?? ""));

const filled = (values: readonly string[] | undefined): readonly string[] | undefined =>
  values === undefined || values.length === 0 ? undefined : values;

/** The items of a list, or the one that the field's argument points at. */
function itemsAt(event: Json, argument: string | undefined, ...path: Path): readonly Json[] | undefined {
  const items = listAt(event, ...path);
  if (items === undefined || argument === undefined || !/^\d{1,9}$/.test(argument)) return items;
  const item = items[Number(argument)];
  return item === undefined ? undefined : [item];
}

/** One text an item; absent as a whole when an item lacks it, which is the plugin's way. */
function everyText(items: readonly Json[] | undefined, ...path: Path): readonly string[] | undefined {
  const values = items?.map((item) => textOf(valueAt(item, ...path)));
  return values === undefined || values.includes(undefined) ? undefined : filled(values as string[]);
}

const CONTAINERS: Path = ["requestObject", "spec", "containers"];
const VOLUMES: Path = ["requestObject", "spec", "volumes"];

const ofContainers =
  (...path: Path): JsonField =>
  (event, argument) =>
    everyText(itemsAt(event, argument, ...CONTAINERS), ...path);

const ofVolumes =
  (...path: Path): JsonField =>
  (event, argument) =>
    everyText(itemsAt(event, argument, ...VOLUMES), ...path);

/** Lists inside the items of a list, one behind the other. */
function flattened(items: readonly Json[] | undefined, ...path: Path): readonly string[] | undefined {
  return filled(items?.flatMap((item) => (listAt(item, ...path) ?? []).map((value) => textOf(value) ?? "")));
}

const ofRules =
  (key: string): JsonField =>
  (event, argument) =>
    flattened(itemsAt(event, argument, "requestObject", "rules"), key);

/** The plugin cuts at the first colon, so the port of a registry ends the name as well. */
const repository = (image: string): string => image.split(":")[0]?.split("@")[0] ?? "";

const privileged: JsonField = (event, argument) => {
  const items = itemsAt(event, argument, ...CONTAINERS);
  return filled(
    items?.map((item) => textOf(valueAt(item, "securityContext", "privileged"))).filter((value) => value !== undefined),
  );
};

const hostPorts: JsonField = (event, argument) => {
  const items = itemsAt(event, argument, ...CONTAINERS);
  if (items === undefined || items.some((item) => listAt(item, "ports") === undefined)) return undefined;
  const ports = items.flatMap((item) => listAt(item, "ports") ?? []);
  const numbers = ports.map((port) => textOf(valueAt(port, "hostPort")) ?? textOf(valueAt(port, "containerPort")));
  return filled(numbers.filter((port) => port !== undefined));
};

/** The plugin looks beside securityContext, so this is mostly the default. */
const effective =
  (key: string): JsonField =>
  (event, argument) => {
    const pod = textOf(valueAt(event, "requestObject", "spec", key)) ?? "0";
    return filled(itemsAt(event, argument, ...CONTAINERS)?.map((item) => textOf(valueAt(item, key)) ?? pod));
  };

const volumeTypes: JsonField = (event, argument) =>
  filled(
    itemsAt(event, argument, ...VOLUMES)?.flatMap((volume) =>
      typeof volume === "object" && volume !== null ? Object.keys(volume).filter((key) => key !== "name") : [],
    ),
  );

const hasHostPath: JsonField = (event, argument = "") => {
  const paths = everyText(listAt(event, ...VOLUMES), "hostPath", "path");
  if (paths === undefined) return undefined;
  const matches = (path: string): boolean =>
    path === argument || (argument.endsWith("*") && path.startsWith(argument.slice(0, -1)));
  return String(paths.some(matches));
};

const uriParameter: JsonField = (event, argument = "") => {
  const query = (stringAt(event, "requestURI") ?? "").split("?")[1];
  return query === undefined ? undefined : (new URLSearchParams(query).get(argument) ?? undefined);
};

const subjects =
  (kind: string, name: (subject: Json) => string | undefined): JsonField =>
  (event) => {
    const found = (listAt(event, "requestObject", "subjects") ?? []).filter(
      (subject) => stringAt(subject, "kind") === kind,
    );
    return filled(found.map(name).filter((value) => value !== undefined));
  };

const nameOf = (subject: Json): string | undefined => stringAt(subject, "name");

const podName: JsonField = (event) => {
  if (stringAt(event, "objectRef", "resource") !== "pods") return undefined;
  if (valueAt(event, "objectRef", "subresource") !== undefined) return stringAt(event, "objectRef", "name");
  return textOf(valueAt(event, "responseObject", "metadata", "name"));
};

/**
 * Events of the Kubernetes API server's audit log (source k8s_audit), read as the k8saudit plugin reads them.
 * Source: falcosecurity/plugins plugins/k8saudit @0b3cbd8d.
 */
export const K8S_AUDIT: JsonSource = {
  name: "k8s_audit",
  plugin: "k8saudit",
  recognizes: (event) => stringAt(event, "auditID") !== undefined,
  timeOf: (event) => stringAt(event, "stageTimestamp") ?? stringAt(event, "requestReceivedTimestamp"),
  fields: {
    "ka.auditid": text("auditID"),
    "ka.stage": text("stage"),
    "ka.auth.decision": text("annotations", "authorization.k8s.io/decision"),
    "ka.auth.reason": text("annotations", "authorization.k8s.io/reason"),
    "ka.auth.openshift.decision": text("annotations", "authentication.openshift.io/decision"),
    "ka.auth.openshift.username": text("annotations", "authentication.openshift.io/username"),
    "ka.validations.admission.policy.failure": text(
      "annotations",
      "validation.policy.admission.k8s.io/validation_failure",
    ),
    "ka.security.pod.violations": text("annotations", "pod-security.kubernetes.io/audit-violations"),
    "ka.user.name": text("user", "username"),
    "ka.user.groups": texts("user", "groups"),
    "ka.impuser.name": text("impersonatedUser", "username"),
    "ka.verb": text("verb"),
    "ka.uri": text("requestURI"),
    "ka.uri.param": uriParameter,
    "ka.target.name": text("objectRef", "name"),
    "ka.target.namespace": text("objectRef", "namespace"),
    "ka.target.resource": text("objectRef", "resource"),
    "ka.target.subresource": text("objectRef", "subresource"),
    "ka.target.pod.name": podName,
    "ka.req.binding.subjects": texts("requestObject", "subjects"),
    "ka.req.binding.subjects.user_names": subjects("User", nameOf),
    "ka.req.binding.subjects.serviceaccount_names": subjects("ServiceAccount", nameOf),
    "ka.req.binding.subjects.serviceaccount_ns_names": subjects("ServiceAccount", (subject) => {
      const [namespace, name] = [stringAt(subject, "namespace"), nameOf(subject)];
      return namespace === undefined || name === undefined ? undefined : `${namespace}:${name}`;
    }),
    "ka.req.binding.subjects.group_names": subjects("Group", nameOf),
    "ka.req.binding.role": text("requestObject", "roleRef", "name"),
    "ka.req.binding.subject.has_name": () => "true",
    "ka.req.configmap.name": text("objectRef", "name"),
    "ka.req.configmap.obj": text("requestObject", "data"),
    "ka.req.pod.containers.name": ofContainers("name"),
    "ka.req.pod.containers.args": (event, argument) => flattened(itemsAt(event, argument, ...CONTAINERS), "args"),
    "ka.req.pod.containers.command": (event, argument) => flattened(itemsAt(event, argument, ...CONTAINERS), "command"),
    "ka.req.pod.containers.image": ofContainers("image"),
    "ka.req.pod.containers.image.repository": (event, argument) =>
      everyText(itemsAt(event, argument, ...CONTAINERS), "image")?.map(repository),
    "ka.req.container.image": (event) => everyText(itemsAt(event, "0", ...CONTAINERS), "image")?.[0],
    "ka.req.container.image.repository": (event) =>
      everyText(itemsAt(event, "0", ...CONTAINERS), "image")?.map(repository)[0],
    "ka.req.pod.host_ipc": text("requestObject", "spec", "hostIPC"),
    "ka.req.pod.host_network": text("requestObject", "spec", "hostNetwork"),
    "ka.req.container.host_network": text("requestObject", "spec", "hostNetwork"),
    "ka.req.pod.host_pid": text("requestObject", "spec", "hostPID"),
    "ka.req.pod.containers.host_port": hostPorts,
    "ka.req.pod.containers.privileged": privileged,
    "ka.req.container.privileged": (event) => {
      const items = listAt(event, ...CONTAINERS);
      return items && String(items.some((item) => valueAt(item, "securityContext", "privileged") === true));
    },
    "ka.req.pod.containers.allow_privilege_escalation": ofContainers("securityContext", "allowPrivilegeEscalation"),
    "ka.req.pod.containers.read_only_fs": ofContainers("securityContext", "readOnlyRootFilesystem"),
    "ka.req.pod.run_as_user": text("requestObject", "spec", "securityContext", "runAsUser"),
    "ka.req.pod.containers.run_as_user": ofContainers("securityContext", "runAsUser"),
    "ka.req.pod.containers.eff_run_as_user": effective("runAsUser"),
    "ka.req.pod.run_as_group": text("requestObject", "spec", "securityContext", "runAsGroup"),
    "ka.req.pod.containers.run_as_group": ofContainers("securityContext", "runAsGroup"),
    "ka.req.pod.containers.eff_run_as_group": effective("runAsGroup"),
    "ka.req.pod.containers.proc_mount": ofContainers("securityContext", "procMount"),
    "ka.req.role.rules": texts("requestObject", "rules"),
    "ka.req.role.rules.apiGroups": ofRules("apiGroups"),
    "ka.req.role.rules.nonResourceURLs": ofRules("nonResourceURLs"),
    "ka.req.role.rules.verbs": ofRules("verbs"),
    "ka.req.role.rules.resources": ofRules("resources"),
    "ka.req.pod.fs_group": text("requestObject", "spec", "securityContext", "fsGroup"),
    "ka.req.pod.supplemental_groups": texts("requestObject", "spec", "securityContext", "supplementalGroups"),
    "ka.req.pod.containers.add_capabilities": ofContainers("securityContext", "capabilities", "add"),
    "ka.req.service.type": text("requestObject", "spec", "type"),
    "ka.req.service.ports": (event, argument) => everyText(itemsAt(event, argument, "requestObject", "spec", "ports")),
    "ka.req.pod.volumes.hostpath": ofVolumes("hostPath", "path"),
    "ka.req.volume.hostpath": hasHostPath,
    "ka.req.pod.volumes.flexvolume_driver": ofVolumes("flexVolume", "driver"),
    "ka.req.pod.volumes.volume_type": volumeTypes,
    "ka.resp.name": text("responseObject", "metadata", "name"),
    "ka.response.code": text("responseStatus", "code"),
    "ka.response.reason": text("responseStatus", "reason"),
    "ka.useragent": text("userAgent"),
    "ka.cluster.name": text("annotations", "cluster_name"),
  },
};
