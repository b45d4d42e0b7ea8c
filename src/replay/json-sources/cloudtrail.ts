import type { JsonField, JsonSource } from "./json-event.ts";
import { countAt, type Json, listAt, stringAt, textOf, valueAt } from "./json-value.ts";

const text =
  (...path: readonly (string | number)[]): JsonField =>
  (event) =>
    stringAt(event, ...path);

/** Any value at a path as text, objects as JSON. */
const json =
  (...path: readonly string[]): JsonField =>
  (event) => {
    const value = valueAt(event, ...path);
    return value === null ? undefined : textOf(value);
  };

const request = (name: string): JsonField => text("requestParameters", name);

/** Who called, by the kind of identity; for an assumed role the role. */
function userOf(event: Json): string | undefined {
  switch (stringAt(event, "userIdentity", "type")) {
    case "Root":
    case "IAMUser":
      return stringAt(event, "userIdentity", "userName");
    case "AWSService":
      return stringAt(event, "userIdentity", "invokedBy");
    case "AssumedRole":
      return stringAt(event, "userIdentity", "sessionContext", "sessionIssuer", "userName") ?? "AssumedRole";
    case "AWSAccount":
      return "AWSAccount";
    case "FederatedUser":
      return "FederatedUser";
    default:
      return undefined;
  }
}

/** The session's name is the last part of an assumed role's principal. */
function originalUserOf(event: Json): string | undefined {
  if (stringAt(event, "userIdentity", "type") !== "AssumedRole") return userOf(event);
  return stringAt(event, "userIdentity", "principalId")?.split(":")[1] ?? userOf(event);
}

/** First words of calls that change something, for events that do not say it themselves. */
const CHANGING =
  /^(?:Activate|Add|Admin|Assign|Associate|Attach|Cancel|Close|Create|Delete|Deregister|Destroy|Detach|Disable|Disassociate|Enable|Initialize|Modify|Open|Purchase|Put|Reboot|Register|Remove|Run|Set|Start|Stop|Suspend|Terminate|Unassign|Unlink|Update|Upgrade|Wipe)/;

function readOnlyOf(event: Json): string | undefined {
  const said = valueAt(event, "readOnly");
  if (said !== undefined) return String(said === true);
  const name = stringAt(event, "eventName");
  return name === undefined ? undefined : String(!CHANGING.test(name));
}

function uriOf(event: Json): string | undefined {
  const bucket = stringAt(event, "requestParameters", "bucketName");
  const key = stringAt(event, "requestParameters", "key");
  return bucket === undefined || key === undefined ? undefined : `s3://${bucket}/${key}`;
}

const bytesOf =
  (...ways: readonly ("In" | "Out")[]): JsonField =>
  (event) => {
    const counts = ways.map((way) => countAt(event, "additionalEventData", `bytesTransferred${way}`));
    const known = counts.filter((count) => count !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
  };

/** 1 for the calls named, nothing for all others. */
const countsCall =
  (...names: readonly string[]): JsonField =>
  (event) =>
    names.includes(stringAt(event, "eventName") ?? "") ? 1 : undefined;

/** One line that says who did what from where, as the plugin shows events. */
function infoOf(event: Json): string {
  const user = userOf(event);
  const address = stringAt(event, "sourceIPAddress");
  const name = stringAt(event, "eventName");
  if (user === undefined) return "<invalid cloudtrail event: userIdentity field missing>";
  if (address === undefined) return "<invalid cloudtrail event: eventSource field missing>";
  if (name === undefined) return "<invalid cloudtrail event: eventName field missing>";
  const failed = stringAt(event, "errorCode") === undefined ? "" : "!";
  const way = readOnlyOf(event) === "false" ? "→" : "←";
  const who = user === address ? user : `${user} via ${address}`;
  const size = bytesOf("In", "Out")(event, undefined);
  const bucket = stringAt(event, "requestParameters", "bucketName");
  const key = stringAt(event, "requestParameters", "key");
  const host = stringAt(event, "requestParameters", "Host");
  const uri = uriOf(event);
  const about =
    uri !== undefined
      ? ` URI=${uri}`
      : bucket !== undefined
        ? ` Bucket=${bucket}`
        : key !== undefined
          ? ` Key=${key}`
          : host !== undefined
            ? ` Host=${host}`
            : "";
  return `${who} ${failed}${way} ${name}${size === undefined ? "" : ` Size=${size}`}${about}`;
}

function instanceName(event: Json): string | undefined {
  const items = listAt(event, "requestParameters", "tagSpecificationSet", "items") ?? [];
  const tags = items
    .filter((item) => stringAt(item, "resourceType") === "instance")
    .flatMap((item) => listAt(item, "tags") ?? []);
  return stringAt(tags.findLast((tag) => stringAt(tag, "key") === "Name") ?? null, "value") || undefined;
}

function imagesOf(event: Json, argument: string | undefined): readonly string[] | undefined {
  const items = listAt(event, "responseElements", "instancesSet", "items") ?? [];
  const images = items.map((item) => stringAt(item, "imageId")).filter((image) => image !== undefined);
  const chosen = argument === undefined ? images : images.slice(Number(argument), Number(argument) + 1);
  return chosen.length === 0 ? undefined : chosen;
}

/**
 * Events of AWS CloudTrail (source aws_cloudtrail), read as the cloudtrail plugin reads them.
 * Source: falcosecurity/plugins plugins/cloudtrail @0b3cbd8d.
 */
export const CLOUDTRAIL: JsonSource = {
  name: "aws_cloudtrail",
  plugin: "cloudtrail",
  recognizes: (event) => stringAt(event, "eventSource") !== undefined && stringAt(event, "eventName") !== undefined,
  timeOf: (event) => stringAt(event, "eventTime"),
  fields: {
    "ct.id": text("eventID"),
    "ct.error": text("errorCode"),
    "ct.errormessage": text("errorMessage"),
    "ct.time": text("eventTime"),
    "ct.src": text("eventSource"),
    "ct.shortsrc": (event) => stringAt(event, "eventSource")?.replace(/(?<=.)\.amazonaws\.com$/, ""),
    "ct.name": text("eventName"),
    "ct.user": userOf,
    "ct.originaluser": originalUserOf,
    "ct.user.accountid": text("userIdentity", "accountId"),
    "ct.user.identitytype": text("userIdentity", "type"),
    "ct.user.principalid": text("userIdentity", "principalId"),
    "ct.user.arn": text("userIdentity", "arn"),
    "ct.region": text("awsRegion"),
    "ct.response.subnetid": text("responseElements", "subnetId"),
    "ct.response.reservationid": text("responseElements", "reservationId"),
    "ct.response": json("responseElements"),
    "ct.request.availabilityzone": request("availabilityZone"),
    "ct.request.cluster": request("cluster"),
    "ct.request.functionname": request("functionName"),
    "ct.request.groupname": request("groupName"),
    "ct.request.host": request("Host"),
    "ct.request.name": request("name"),
    "ct.request.policy": request("policy"),
    "ct.request.reason": request("reason"),
    "ct.request.target": request("target"),
    "ct.request.serialnumber": request("serialNumber"),
    "ct.request.servicename": request("serviceName"),
    "ct.request.subnetid": request("subnetId"),
    "ct.request.taskdefinition": request("taskDefinition"),
    "ct.request.username": request("userName"),
    "ct.request": json("requestParameters"),
    "ct.srcip": text("sourceIPAddress"),
    "ct.useragent": text("userAgent"),
    "ct.info": infoOf,
    "ct.managementevent": (event) => String(valueAt(event, "managementEvent") === true),
    "ct.readonly": readOnlyOf,
    "ct.requestid": text("requestID"),
    "ct.eventtype": text("eventType"),
    "ct.apiversion": text("apiVersion"),
    "ct.resources": json("resources"),
    "ct.recipientaccountid": text("recipientAccountId"),
    "ct.serviceeventdetails": json("serviceEventDetails"),
    "ct.sharedeventid": text("sharedEventID"),
    "ct.vpcendpointid": text("vpcEndpointId"),
    "ct.eventcategory": text("eventCategory"),
    "ct.addendum.reason": text("addendum", "reason"),
    "ct.addendum.updatedfields": json("addendum", "updatedFields"),
    "ct.addendum.originalrequestid": text("addendum", "originalRequestID"),
    "ct.addendum.originaleventid": text("addendum", "originalEventID"),
    "ct.sessioncredentialfromconsole": json("sessionCredentialFromConsole"),
    "ct.edgedevicedetails": json("edgeDeviceDetails"),
    "ct.tlsdetails.tlsversion": text("tlsDetails", "tlsVersion"),
    "ct.tlsdetails.ciphersuite": text("tlsDetails", "cipherSuite"),
    "ct.tlsdetails.clientprovidedhostheader": text("tlsDetails", "clientProvidedHostHeader"),
    "ct.additionaleventdata": json("additionalEventData"),
    "s3.uri": uriOf,
    "s3.bucket": request("bucketName"),
    "s3.key": request("key"),
    "s3.bytes": bytesOf("In", "Out"),
    "s3.bytes.in": bytesOf("In"),
    "s3.bytes.out": bytesOf("Out"),
    "s3.cnt.get": countsCall("GetObject"),
    "s3.cnt.put": countsCall("PutObject"),
    "s3.cnt.other": countsCall("GetObject", "PutObject"),
    "ec2.name": instanceName,
    "ec2.imageid": (event) => imagesOf(event, "0")?.[0],
    "ec2.imageids": imagesOf,
    "ecr.repository": request("repositoryName"),
    "ecr.imagetag": request("imageTag"),
    "iam.role": request("roleName"),
    "iam.policy": request("policyName"),
  },
};
