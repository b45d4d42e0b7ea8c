import type { JsonField, JsonSource } from "./json-event.ts";
import { countAt, type Json, listAt, stringAt, valueAt } from "./json-value.ts";

/** What a payload lacks is an empty text to this plugin, never an absent field. */
const text =
  (...path: readonly string[]): JsonField =>
  (event) =>
    stringAt(event, ...path) ?? "";

const repository = (event: Json): string => stringAt(event, "repository", "html_url") ?? "";

const changedFiles =
  (key: string): JsonField =>
  (event) =>
    (listAt(event, "commits") ?? []).flatMap((commit) => listAt(commit, key) ?? []).join(",");

/** What the plugin found in the commits of a push and put into the event: one text a match. */
function secrets(event: Json, show: (match: Json, file: Json) => string): string | undefined {
  return listAt(event, "files")
    ?.flatMap((file) => (listAt(file, "matches") ?? []).map((match) => show(match, file)))
    .join(",");
}

const lineOf = (match: Json): string => String(countAt(match, "line") ?? 0);

/**
 * Webhook messages of GitHub (source github), read as the github plugin reads them: with `webhook_type` for the kind of
 * message, and with what it found in commits and workflows, where it was added.
 * Source: falcosecurity/plugins plugins/github @0b3cbd8d.
 */
export const GITHUB: JsonSource = {
  name: "github",
  plugin: "github",
  recognizes: (event) =>
    stringAt(event, "webhook_type") !== undefined ||
    (stringAt(event, "sender", "login") !== undefined && valueAt(event, "repository", "html_url") !== undefined),
  timeOf: (event) => stringAt(event, "head_commit", "timestamp") ?? stringAt(event, "repository", "updated_at"),
  fields: {
    "github.type": text("webhook_type"),
    "github.action": text("action"),
    "github.user": text("sender", "login"),
    "github.repo": repository,
    "github.repo.url": repository,
    "github.repo.name": (event) => repository(event).replace(/^https:\/\/github\.com\//, ""),
    "github.repo.description": text("repository", "description"),
    "github.org": text("organization", "login"),
    "github.owner": text("repository", "owner", "login"),
    "github.repo.public": (event) => String(valueAt(event, "repository", "private") !== true),
    "github.collaborator.name": text("member", "login"),
    "github.collaborator.role": text("changes", "permission", "to"),
    "github.webhook.id": (event) => String(countAt(event, "hook", "id") ?? 0),
    "github.webhook.type": text("hook", "type"),
    "github.commit.added": changedFiles("added"),
    "github.commit.modified": changedFiles("modified"),
    "github.commit.removed": changedFiles("removed"),
    "github.diff.has_secrets": (event) => {
      const files = listAt(event, "files");
      return files === undefined ? "" : String(files.some((file) => (listAt(file, "matches") ?? []).length > 0));
    },
    "github.diff.committed_secrets.desc": (event) => secrets(event, (match) => stringAt(match, "desc") ?? ""),
    "github.diff.committed_secrets.files": (event) => secrets(event, (_match, file) => stringAt(file, "name") ?? ""),
    "github.diff.committed_secrets.lines": (event) => secrets(event, lineOf),
    "github.diff.committed_secrets.links": (event) =>
      secrets(event, (match, file) => {
        const commit = stringAt(event, "head_commit", "id") ?? "";
        return `${repository(event)}/blob/${commit}/${stringAt(file, "name") ?? ""}/#L${lineOf(match)}`;
      }) ?? "",
    "github.workflow.has_miners": (event) => {
      const found = listAt(event, "workflow_miner_detections", "matches");
      return found && String(found.length > 0);
    },
    "github.workflow.miners.type": (event) => {
      const found = listAt(event, "workflow_miner_detections", "matches");
      return found && [...new Set(found.map((match) => stringAt(match, "type") ?? ""))].join(",");
    },
    "github.workflow.filename": text("workflow", "path"),
  },
};
