import type { JsonField, JsonSource } from "./json-event.ts";
import { countAt, type Json, listAt, stringAt, textOf, valueAt } from "./json-value.ts";

const text =
  (...path: readonly (string | number)[]): JsonField =>
  (event) => {
    const value = valueAt(event, ...path);
    return value === null ? undefined : textOf(value);
  };

const debug = (key: string): JsonField => text("debugContext", "debugData", key);
const principal = (key: string): JsonField => text("debugContext", "debugData", "originalPrincipal", key);

/** A fact of the first thing of a kind that was acted on: User, UserGroup, AppInstance. */
const target =
  (kind: string, key: string): JsonField =>
  (event) => {
    const found = (listAt(event, "target") ?? []).find((item) => stringAt(item, "type") === kind);
    return found === undefined ? undefined : stringAt(found, key);
  };

function targetNames(event: Json, argument: string | undefined): string | undefined {
  const names = (listAt(event, "target") ?? []).map((item) => stringAt(item, "displayName") ?? "");
  return argument === undefined ? names.join(",") || undefined : names[Number(argument)];
}

/** Coordinates as the plugin prints them. */
const coordinate = (event: Json): string | undefined => {
  const value = valueAt(event, "client", "geographicalContext", "geolocation", "lat");
  return typeof value === "number" ? value.toFixed(6) : undefined;
};

/**
 * System log events of Okta (source okta), read as the okta plugin reads them. The organization stands in the plugin's
 * configuration, and counts of failed and refused second factors need its memory over time: all three are absent.
 * Source: falcosecurity/plugins plugins/okta @0b3cbd8d.
 */
export const OKTA: JsonSource = {
  name: "okta",
  plugin: "okta",
  recognizes: (event) => stringAt(event, "eventType") !== undefined && stringAt(event, "published") !== undefined,
  timeOf: (event) => stringAt(event, "published"),
  fields: {
    "okta.app": (event) =>
      /\/app\/([^/]+)\//.exec(stringAt(event, "debugContext", "debugData", "requestUri") ?? "")?.[1],
    "okta.behaviors": debug("behaviors"),
    "okta.evt.type": text("eventType"),
    "okta.evt.legacytype": text("legacyEventType"),
    "okta.severity": text("severity"),
    "okta.message": text("displayMessage"),
    "okta.published": text("published"),
    "okta.logonlysecuritydata": debug("logOnlySecurityData"),
    "okta.actor.id": text("actor", "id"),
    "okta.actor.Type": text("actor", "type"),
    "okta.actor.alternateid": text("actor", "alternateId"),
    "okta.actor.name": text("actor", "displayName"),
    "okta.client.zone": text("client", "zone"),
    "okta.client.ip": text("client", "ipAddress"),
    "okta.client.device": text("client", "device"),
    "okta.client.id": text("client", "id"),
    "okta.client.geo.city": text("client", "geographicalContext", "city"),
    "okta.client.geo.state": text("client", "geographicalContext", "state"),
    "okta.client.geo.country": text("client", "geographicalContext", "country"),
    "okta.client.geo.postalcode": text("client", "geographicalContext", "postalCode"),
    "okta.client.geo.lat": coordinate,
    // The plugin looks for a key that Okta does not send.
    "okta.client.geo.lon": () => (0).toFixed(6),
    "okta.useragent.os": text("client", "userAgent", "os"),
    "okta.useragent.browser": text("client", "userAgent", "browser"),
    "okta.useragent.raw": text("client", "userAgent", "rawUserAgent"),
    "okta.result": text("outcome", "result"),
    "okta.reason": text("outcome", "reason"),
    "okta.transaction.id": text("transaction", "id"),
    "okta.transaction.type": text("transaction", "type"),
    "okta.requesturi": debug("requestUri"),
    "okta.principal.id": principal("id"),
    "okta.principal.alternateid": principal("alternateId"),
    "okta.principal.type": principal("type"),
    "okta.principal.name": principal("displayName"),
    "okta.authentication.step": text("authenticationContext", "authenticationStep"),
    "okta.authentication.sessionid": text("authenticationContext", "externalSessionId"),
    "okta.authentication.provider": text("authenticationContext", "authenticationProvider"),
    "okta.authentication.credentialprovider": text("authenticationContext", "credentialProvider"),
    "okta.security.asnumber": (event) => countAt(event, "securityContext", "asNumber"),
    "okta.security.asorg": text("securityContext", "asOrg"),
    "okta.security.isp": text("securityContext", "isp"),
    "okta.security.domain": text("securityContext", "domain"),
    "okta.security.isproxy": text("securityContext", "isProxy"),
    "okta.target.user.id": target("User", "id"),
    "okta.target.user.alternateid": target("User", "alternateId"),
    "okta.target.user.name": target("User", "displayName"),
    "okta.target.group.id": target("UserGroup", "id"),
    "okta.target.group.alternateid": target("UserGroup", "alternateId"),
    "okta.target.group.name": target("UserGroup", "displayName"),
    "okta.target.app.alternateid": target("AppInstance", "alternateId"),
    "okta.targets.displayName": targetNames,
  },
};
