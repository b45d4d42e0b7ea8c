import type { JsonField, JsonSource } from "./json-event.ts";
import { stringAt, textOf, valueAt } from "./json-value.ts";

const text =
  (...path: readonly string[]): JsonField =>
  (event) =>
    textOf(valueAt(event, ...path));

const payload = (...path: readonly string[]): JsonField => text("protoPayload", ...path);
const label = (name: string): JsonField => text("resource", "labels", name);

/**
 * Audit log entries of Google Cloud (source gcp_auditlog), read as the gcpaudit plugin reads them.
 * Source: falcosecurity/plugins plugins/gcpaudit @0b3cbd8d.
 */
export const GCP_AUDIT: JsonSource = {
  name: "gcp_auditlog",
  plugin: "gcpaudit",
  recognizes: (event) => typeof valueAt(event, "protoPayload") === "object",
  timeOf: (event) => stringAt(event, "timestamp"),
  fields: {
    "gcp.user": payload("authenticationInfo", "principalEmail"),
    "gcp.callerIP": payload("requestMetadata", "callerIp"),
    "gcp.userAgent": payload("requestMetadata", "callerSuppliedUserAgent"),
    "gcp.authorizationInfo": payload("authorizationInfo"),
    "gcp.serviceName": payload("serviceName"),
    "gcp.policyDelta": (event) =>
      textOf(
        valueAt(event, "protoPayload", "serviceData", "policyDelta", "bindingDeltas") ??
          valueAt(event, "protoPayload", "metadata", "policyDelta", "bindingDeltas"),
      ),
    "gcp.request": payload("request"),
    "gcp.methodName": payload("methodName"),
    "gcp.cloudfunctions.function": label("function_name"),
    "gcp.cloudsql.databaseId": label("database_id"),
    "gcp.compute.instanceId": label("instance_id"),
    "gcp.compute.networkId": label("network_id"),
    "gcp.compute.subnetwork": label("subnetwork_name"),
    "gcp.compute.subnetworkId": label("subnetwork_id"),
    "gcp.dns.zone": label("zone_name"),
    "gcp.iam.serviceAccount": label("email_id"),
    "gcp.iam.serviceAccountId": label("unique_id"),
    "gcp.location": (event) =>
      textOf(
        valueAt(event, "resource", "labels", "region") ??
          valueAt(event, "resource", "labels", "zone") ??
          valueAt(event, "resource", "labels", "location"),
      ),
    "gcp.logging.sink": label("name"),
    "gcp.projectId": label("project_id"),
    "gcp.resourceName": payload("resourceName"),
    "gcp.resourceType": text("resource", "type"),
    "gcp.resourceLabels": text("resource", "labels"),
    "gcp.storage.bucket": label("bucket_name"),
    "gcp.time": text("timestamp"),
  },
};
