/**
 * Fields of the github plugin (source github; falcosecurity/plugins plugins/github @0b3cbd8d), a row a field as
 * field-row.ts reads them.
 */
export const GITHUB_ROWS: readonly string[] = [
  "github.type CHARBUF - p ? kind of message, for example push or star",
  "github.action CHARBUF - p ? what happened to the thing the kind names, for example created",
  "github.user CHARBUF - p ? account that caused the event",
  "github.repo CHARBUF d p ? old name of github.repo.url",
  "github.repo.url CHARBUF - p ? address of the repository",
  "github.repo.name CHARBUF - p ? name of the repository",
  "github.repo.description CHARBUF - a ? description of the repository",
  "github.org CHARBUF - p ? organization of the repository",
  "github.owner CHARBUF - p ? owner of the repository",
  "github.repo.public CHARBUF - p ? true for a public repository",
  "github.collaborator.name CHARBUF - a ? account added or removed",
  "github.collaborator.role CHARBUF - p ? role of the account added or removed",
  "github.webhook.id CHARBUF - p ? id of a new webhook",
  "github.webhook.type CHARBUF - p ? type of a new webhook",
  "github.commit.added CHARBUF - a ? files added by the commits, with commas",
  "github.commit.modified CHARBUF - a ? files changed by the commits, with commas",
  "github.commit.removed CHARBUF - a ? files removed by the commits, with commas",
  "github.diff.has_secrets CHARBUF - a ? true when a pushed commit holds a secret",
  "github.diff.committed_secrets.desc CHARBUF - a ? kinds of the secrets, with commas",
  "github.diff.committed_secrets.files CHARBUF - a ? files of the secrets, with commas",
  "github.diff.committed_secrets.lines CHARBUF - a ? lines of the secrets, with commas",
  "github.diff.committed_secrets.links CHARBUF - a ? links to the secrets, with commas",
  "github.workflow.has_miners CHARBUF - a ? true when the workflow's file names a miner",
  "github.workflow.miners.type CHARBUF - a ? kinds of the miners, with commas",
  "github.workflow.filename CHARBUF - a ? file of the workflow",
];
