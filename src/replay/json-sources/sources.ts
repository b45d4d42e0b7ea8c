import { CLOUDTRAIL } from "./cloudtrail.ts";
import { GCP_AUDIT } from "./gcp-audit.ts";
import { GITHUB } from "./github.ts";
import type { JsonSource } from "./json-event.ts";
import type { Json } from "./json-value.ts";
import { K8S_AUDIT } from "./k8s-audit.ts";
import { OKTA } from "./okta.ts";

/** The plugin sources whose events can be read from JSON. */
export const JSON_SOURCES: readonly JsonSource[] = [K8S_AUDIT, CLOUDTRAIL, GCP_AUDIT, OKTA, GITHUB];

/** The source of a name; undefined for one that is not read here. */
export function sourceNamed(name: string): JsonSource | undefined {
  return JSON_SOURCES.find((source) => source.name === name);
}

/** The source that an event's shape tells; undefined where none knows it. */
export function sourceOf(value: Json): JsonSource | undefined {
  return JSON_SOURCES.find((source) => source.recognizes(value));
}
