/**
 * Fields of the gcpaudit plugin (source gcp_auditlog; falcosecurity/plugins plugins/gcpaudit @0b3cbd8d), a row a field as
 * field-row.ts reads them.
 */
export const GCP_AUDIT_ROWS: readonly string[] = [
  "gcp.user CHARBUF - p ? principal that acted",
  "gcp.callerIP CHARBUF - p ? address of the caller",
  "gcp.userAgent CHARBUF - a ? user agent that the caller claims",
  "gcp.authorizationInfo CHARBUF - p ? permissions checked, as JSON",
  "gcp.serviceName CHARBUF - p ? API that was called",
  "gcp.policyDelta CHARBUF - a ? change of an access policy, as JSON",
  "gcp.request CHARBUF - a ? request as JSON",
  "gcp.methodName CHARBUF - p ? method that was called",
  "gcp.cloudfunctions.function CHARBUF - a ? name of the cloud function",
  "gcp.cloudsql.databaseId CHARBUF - a ? id of the SQL database",
  "gcp.compute.instanceId CHARBUF - p ? id of the instance",
  "gcp.compute.networkId CHARBUF - p ? id of the network",
  "gcp.compute.subnetwork CHARBUF - a ? name of the subnetwork",
  "gcp.compute.subnetworkId CHARBUF - p ? id of the subnetwork",
  "gcp.dns.zone CHARBUF - a ? DNS zone",
  "gcp.iam.serviceAccount CHARBUF - a ? service account",
  "gcp.iam.serviceAccountId CHARBUF - p ? id of the service account",
  "gcp.location CHARBUF - p ? region or zone",
  "gcp.logging.sink CHARBUF - a ? log sink",
  "gcp.projectId CHARBUF - p ? id of the project",
  "gcp.resourceName CHARBUF - a ? name of the resource",
  "gcp.resourceType CHARBUF - p ? type of the resource",
  "gcp.resourceLabels CHARBUF - a ? labels of the resource, as JSON",
  "gcp.storage.bucket CHARBUF - a ? storage bucket",
  "gcp.time CHARBUF - p ? time of the event, RFC 3339",
];
