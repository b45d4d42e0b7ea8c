import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FIELD_CLASSES } from "../../../src/fields/field-catalogue.ts";
import { jsonFields } from "../../../src/replay/json-sources/json-fields.ts";
import type { Json } from "../../../src/replay/json-sources/json-value.ts";
import { JSON_SOURCES, sourceNamed, sourceOf } from "../../../src/replay/json-sources/sources.ts";

/** Fields that never have a value, here as with the plugin, and those that need a plugin's configuration or memory. */
const NEVER = [
  "ka.sourceips",
  "ct.request.documentname",
  "okta.org",
  "okta.mfa.failure.countlast",
  "okta.mfa.deny.countlast",
];

describe.each(JSON_SOURCES)("$name", (source) => {
  const rows = FIELD_CLASSES.find(({ plugin }) => plugin === source.plugin)?.fields ?? [];

  test("every field of the plugin is read, and no other", () => {
    const names = rows.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(Object.keys(source.fields).sort()).toEqual(names.filter((name) => !NEVER.includes(name)).sort());
  });

  test("values have the type that the field has, whatever the event holds", () => {
    const readers = rows.map((row) => ({ row, read: jsonFields(source).reader({ name: row.name, argument: "0" }) }));
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const event = { number: 1, timeNs: 0n, value: JSON.parse(text) as Json };
        for (const { row, read } of readers) {
          const value = read(event);
          if (value === undefined) continue;
          const items = row.isList ? (value as unknown[]) : [value];
          expect(Array.isArray(items), row.name).toBe(true);
          for (const item of items) expect(typeof item, row.name).toBe(row.type === "UINT64" ? "number" : "string");
        }
      }),
      { numRuns: 60 },
    );
  });
});

const POD: Json = {
  kind: "Event",
  auditID: "7c1d",
  stage: "ResponseComplete",
  requestURI: "/api/v1/namespaces/shop/pods?fieldManager=kubectl&dryRun=All",
  verb: "create",
  user: { username: "jane", groups: ["dev", "system:authenticated"] },
  objectRef: { resource: "pods", namespace: "shop", name: "web" },
  responseStatus: { code: 201 },
  responseObject: { metadata: { name: "web-1" } },
  requestObject: {
    spec: {
      hostNetwork: true,
      containers: [
        {
          name: "web",
          image: "registry.example.com:5000/shop/web:1.2",
          command: ["sh", "-c"],
          ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 443 }],
          securityContext: { privileged: true, runAsUser: 1000, capabilities: { add: ["SYS_ADMIN"] } },
        },
        { name: "side", image: "nginx", ports: [], securityContext: {} },
      ],
      volumes: [{ name: "host", hostPath: { path: "/etc" } }],
    },
  },
  annotations: { "authorization.k8s.io/decision": "allow" },
  stageTimestamp: "2026-11-22T10:00:00.123456Z",
};

const BINDING: Json = {
  auditID: "1",
  requestObject: {
    roleRef: { name: "cluster-admin" },
    subjects: [
      { kind: "User", name: "eve" },
      { kind: "ServiceAccount", name: "ci", namespace: "build" },
      { kind: "Group", name: "ops" },
    ],
    rules: [{ verbs: ["get", "*"], apiGroups: [""] }, { verbs: ["list"] }],
  },
};

const LOGIN: Json = {
  eventVersion: "1.08",
  userIdentity: {
    type: "AssumedRole",
    principalId: "AROA1:mallory",
    accountId: "111122223333",
    sessionContext: { sessionIssuer: { userName: "admin-role" } },
  },
  eventTime: "2026-11-22T09:12:13Z",
  eventSource: "s3.amazonaws.com",
  eventName: "PutObject",
  awsRegion: "eu-central-1",
  sourceIPAddress: "203.0.113.9",
  requestParameters: { bucketName: "secrets", key: "a/b.txt" },
  additionalEventData: { bytesTransferredIn: 33, bytesTransferredOut: 2 },
  errorCode: "AccessDenied",
  managementEvent: false,
};

const PUSH: Json = {
  webhook_type: "push",
  sender: { login: "octo" },
  repository: { html_url: "https://github.com/acme/site", private: true, owner: { login: "acme" } },
  commits: [{ added: ["a.txt", "b.txt"] }, { added: ["c.txt"] }],
  head_commit: { id: "abc", timestamp: "2026-11-22T09:00:00+01:00" },
  files: [{ name: "b.txt", matches: [{ desc: "AWS key", line: 7 }] }],
};

const GCP: Json = {
  timestamp: "2026-11-22T08:00:00Z",
  protoPayload: {
    serviceName: "storage.googleapis.com",
    methodName: "storage.setIamPermissions",
    authenticationInfo: { principalEmail: "eve@example.com" },
    requestMetadata: { callerIp: "198.51.100.7" },
    serviceData: { policyDelta: { bindingDeltas: [{ action: "ADD", role: "roles/owner" }] } },
  },
  resource: { type: "gcs_bucket", labels: { bucket_name: "backups", location: "eu", project_id: "p1" } },
};

const OKTA: Json = {
  eventType: "user.session.start",
  published: "2026-11-22T07:00:00.000Z",
  actor: { id: "1", type: "User", alternateId: "eve@example.com", displayName: "Eve" },
  client: { ipAddress: "198.51.100.8", geographicalContext: { city: "Bonn", geolocation: { lat: 50.7, lon: 7.1 } } },
  outcome: { result: "FAILURE", reason: "INVALID_CREDENTIALS" },
  securityContext: { asNumber: 64500, isProxy: false },
  debugContext: { debugData: { requestUri: "/app/office365/sso/saml" } },
  target: [
    { type: "User", displayName: "Bob", id: "2" },
    { type: "AppInstance", displayName: "Office" },
  ],
};

test.each<[string, Json, string, string | undefined, unknown]>([
  ["k8s_audit", POD, "ka.uri.param", "dryRun", "All"],
  ["k8s_audit", POD, "ka.user.groups", undefined, ["dev", "system:authenticated"]],
  ["k8s_audit", POD, "ka.target.pod.name", undefined, "web-1"],
  ["k8s_audit", POD, "ka.response.code", undefined, "201"],
  ["k8s_audit", POD, "ka.req.pod.host_network", undefined, "true"],
  ["k8s_audit", POD, "ka.req.pod.host_pid", undefined, undefined],
  ["k8s_audit", POD, "ka.req.pod.containers.image", undefined, ["registry.example.com:5000/shop/web:1.2", "nginx"]],
  ["k8s_audit", POD, "ka.req.pod.containers.image", "1", ["nginx"]],
  ["k8s_audit", POD, "ka.req.pod.containers.image", "2", undefined],
  ["k8s_audit", POD, "ka.req.pod.containers.image.repository", undefined, ["registry.example.com", "nginx"]],
  ["k8s_audit", POD, "ka.req.pod.containers.privileged", undefined, ["true"]],
  ["k8s_audit", POD, "ka.req.container.privileged", undefined, "true"],
  ["k8s_audit", POD, "ka.req.pod.containers.run_as_user", undefined, undefined],
  ["k8s_audit", POD, "ka.req.pod.containers.run_as_user", "0", ["1000"]],
  ["k8s_audit", POD, "ka.req.pod.containers.eff_run_as_user", undefined, ["0", "0"]],
  ["k8s_audit", POD, "ka.req.pod.containers.host_port", undefined, ["8080", "443"]],
  ["k8s_audit", POD, "ka.req.pod.containers.add_capabilities", "0", ['["SYS_ADMIN"]']],
  ["k8s_audit", POD, "ka.req.pod.containers.command", undefined, ["sh", "-c"]],
  ["k8s_audit", POD, "ka.req.pod.volumes.hostpath", undefined, ["/etc"]],
  ["k8s_audit", POD, "ka.req.volume.hostpath", "/et*", "true"],
  ["k8s_audit", POD, "ka.req.pod.volumes.volume_type", undefined, ["hostPath"]],
  ["k8s_audit", POD, "ka.sourceips", undefined, undefined],
  ["k8s_audit", BINDING, "ka.req.binding.role", undefined, "cluster-admin"],
  ["k8s_audit", BINDING, "ka.req.binding.subjects.user_names", undefined, ["eve"]],
  ["k8s_audit", BINDING, "ka.req.binding.subjects.serviceaccount_ns_names", undefined, ["build:ci"]],
  ["k8s_audit", BINDING, "ka.req.role.rules.verbs", undefined, ["get", "*", "list"]],
  ["k8s_audit", BINDING, "ka.req.role.rules.verbs", "1", ["list"]],
  ["aws_cloudtrail", LOGIN, "ct.user", undefined, "admin-role"],
  ["aws_cloudtrail", LOGIN, "ct.originaluser", undefined, "mallory"],
  ["aws_cloudtrail", LOGIN, "ct.shortsrc", undefined, "s3"],
  ["aws_cloudtrail", LOGIN, "ct.readonly", undefined, "false"],
  ["aws_cloudtrail", LOGIN, "ct.managementevent", undefined, "false"],
  ["aws_cloudtrail", LOGIN, "s3.bytes", undefined, 35],
  ["aws_cloudtrail", LOGIN, "s3.cnt.get", undefined, undefined],
  [
    "aws_cloudtrail",
    LOGIN,
    "ct.info",
    undefined,
    "admin-role via 203.0.113.9 !→ PutObject Size=35 URI=s3://secrets/a/b.txt",
  ],
  ["aws_cloudtrail", LOGIN, "evt.plugininfo", undefined, expect.stringContaining("PutObject")],
  ["github", PUSH, "github.repo.name", undefined, "acme/site"],
  ["github", PUSH, "github.repo.public", undefined, "false"],
  ["github", PUSH, "github.action", undefined, ""],
  ["github", PUSH, "github.commit.added", undefined, "a.txt,b.txt,c.txt"],
  ["github", PUSH, "github.diff.has_secrets", undefined, "true"],
  ["github", PUSH, "github.diff.committed_secrets.links", undefined, "https://github.com/acme/site/blob/abc/b.txt/#L7"],
  ["github", PUSH, "github.workflow.has_miners", undefined, undefined],
  ["gcp_auditlog", GCP, "gcp.user", undefined, "eve@example.com"],
  ["gcp_auditlog", GCP, "gcp.storage.bucket", undefined, "backups"],
  ["gcp_auditlog", GCP, "gcp.policyDelta", undefined, '[{"action":"ADD","role":"roles/owner"}]'],
  ["gcp_auditlog", GCP, "gcp.location", undefined, "eu"],
  ["okta", OKTA, "okta.app", undefined, "office365"],
  ["okta", OKTA, "okta.security.asnumber", undefined, 64500],
  ["okta", OKTA, "okta.security.isproxy", undefined, "false"],
  ["okta", OKTA, "okta.client.geo.lat", undefined, "50.700000"],
  ["okta", OKTA, "okta.target.user.name", undefined, "Bob"],
  ["okta", OKTA, "okta.targets.displayName", "1", "Office"],
  ["okta", OKTA, "json.value", "/target/0/id", "2"],
  ["okta", OKTA, "jevt.value", "/nothing/here", undefined],
  ["okta", OKTA, "evt.source", undefined, "okta"],
  ["okta", OKTA, "constructor", undefined, undefined],
])("%s %j %s[%s]", (name, value, field, argument, expected) => {
  const source = sourceNamed(name);
  if (source === undefined) throw new Error(name);
  expect(sourceOf(value)).toBe(source);
  const reader = jsonFields(source).reader({ name: field, ...(argument === undefined ? {} : { argument }) });
  expect(reader({ number: 1, timeNs: 0n, value })).toEqual(expected);
});
