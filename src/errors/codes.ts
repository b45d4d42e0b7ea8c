/**
 * Every code a person or a program can meet, with what it means: one row a code, grouped by the folder that raises it.
 * A row is the whole contract; the wording of each failure lives beside the code that raises it.
 */
export const ERROR_CODES = {
  // everywhere
  INTERNAL: "a defect of ours; details are on stderr, never in the answer",
  INVALID_ARGUMENT: "an argument has the wrong type, an unknown key or a value outside its limits",
  CANCELLED: "the caller cancelled the work",

  // files and home
  PATH_OUTSIDE_ROOTS: "a path resolves to a place that the server was not given",
  FILE_NOT_FOUND: "no file or folder is at that path",
  FILE_UNREADABLE: "the file exists but may not be read",
  FILE_NOT_REGULAR: "the path is a FIFO, device, socket or something else that is no plain file",
  FILE_TOO_LARGE: "the file is larger than the limit for its kind",
  DISK_FULL: "the disk that holds home has no room",
  HOME_NOT_WRITABLE: "the home folder cannot be created or written",

  // bytes, scap, state
  CAPTURE_FOREIGN: "the file is no Falco capture: its first block is not a capture's section header",
  CAPTURE_UNSUPPORTED: "the capture is of another byte order or of a format version this reader does not know",
  CAPTURE_TRUNCATED: "the capture ends in the middle of a block, as one that was cut or is still being written does",
  CAPTURE_DAMAGED: "a block of the capture contradicts itself, or the packed data does not unpack",
  CAPTURE_TOO_LARGE: "a block of the capture is larger than the limit",
  CAPTURE_EMPTY: "the capture holds no event",

  // alert, store
  INVALID_TIME: "a time is neither RFC 3339, unix seconds nor relative to now, or lies outside the years 1970 to 2261",
  STORE_DRIVER_MISSING: "no SQLite driver works on this Node",
  STORE_DAMAGED: "a file of the alert store is damaged",
  STORE_VERSION: "a file of the alert store was written by a newer version",
  STORE_BUSY: "another process kept the alert store locked for too long",
  STORE_FAILED: "the disk or the database failed in a way that none of the other codes names",
  STORE_CLOSED: "the alert store was closed before the call",
  STORE_READ_ONLY: "something would be written to an alert store that was opened for reading",
  CURSOR_MISMATCH: "a cursor belongs to another query or is no cursor at all",
  TOO_MANY_GROUPS: "a summary has more groups or time buckets than can be counted in memory",

  // ingest
  INGEST_BINARY_FILE: "the file holds no text: a capture, an archive or another binary",
  INGEST_UTF16: "the file is UTF-16; Falco writes UTF-8",
  INGEST_GZIP_DAMAGED: "a gzip file is cut or corrupt; what came before the fault is stored",
  INGEST_TOO_MANY_FILES: "the folders hold more files than one import takes",
  INGEST_TAIL_GONE: "a followed file was rotated away and no file beside it holds what had not been read",
  INGEST_QUARANTINE_UNUSABLE: "the quarantine file cannot be written",
  INGEST_LISTEN_FAILED: "the webhook cannot listen at that address",
  INGEST_TOKEN_REQUIRED: "the webhook would be reachable from other machines without a token",
  INGEST_ALERT_REJECTED: "nothing in the posted body is a Falco alert",
  INGEST_UNAUTHORIZED: "the request carries no token or a wrong one",
  INGEST_REQUEST_FOREIGN: "the request was sent by a web page or names another host",
  INGEST_NO_SUCH_PATH: "the webhook has no such path",
  INGEST_METHOD: "the path does not take that method",
  INGEST_BODY_TOO_LARGE: "the posted body is larger than the limit",
  INGEST_CONTENT_TYPE: "the posted body is of a type or encoding that holds no Falco JSON",
  INGEST_RATE_LIMITED: "more requests arrive than the webhook takes",
  INGEST_OVERLOADED: "more alerts wait for the store than the webhook holds",

  // condition, fields, rules
  CONDITION_NOT_COMPILED: "a condition has an error, so it cannot be run on events; the message is the engine's",
  RULES_SET_NOT_FOUND: "no rule set of that name, or no version with that digest, was loaded",
  RULES_SET_NAME: "the name of a rule set is not made of lower-case letters, digits, dots, dashes and underscores",
  RULES_SET_DAMAGED: "a stored rule set cannot be read, or a file of it no longer has the hash it was stored with",
  RULES_NO_FILES: "none of the named files and folders holds a rule file that Falco would read",
  RULES_TOO_MANY_FILES: "more rule files are named than one rule set takes",
  RULES_FILE_NOT_TEXT: "a rule file is not UTF-8 text",
  RULES_UNKNOWN_LINT: "no lint has that name",
  RULE_NOT_FOUND: "no loaded rule set has a rule of that name",

  // replay, falco
  REPLAY_EVENTS_UNREADABLE: "a file, or a part of it, holds no JSON events",
  REPLAY_SOURCE_UNKNOWN: "JSON events are of no source whose fields are known here",
  REPLAY_RULES_BROKEN: "Falco would not start with this rule set, so it is not run either",
  REPLAY_NO_FALCO: "a run was asked of the Falco binary, which this version does not drive",
  RULE_TESTS_MALFORMED: "a file of rule tests has a key, a value or a form that is not known",
  RULE_EVENT_NOT_FOUND: "the input has no event of that number",

  // skills
  SKILL_NOT_FOUND: "no skill of the catalogue has that name",
  SKILL_MANIFEST_MISSING: "the folder has no SKILL.md",
  SKILL_FRONTMATTER: "the front matter of SKILL.md is missing or is no plain YAML mapping",
  SKILL_FRONTMATTER_KEY: "the front matter has a key or a value that the Agent Skills format does not know",
  SKILL_NAME: "the skill's name is malformed or differs from its folder's name",
  SKILL_DESCRIPTION: "the description is missing, empty or longer than 1024 characters",
  SKILL_BODY_LONG: "SKILL.md is longer than an agent should have to read at once",
  SKILL_TOO_LARGE: "the skill's files are larger than 16 MiB together",
  SKILL_TOO_MANY_FILES: "the skill has more than 512 files",
  SKILL_TOO_DEEP: "the skill nests folders deeper than the limit",
  SKILL_SYMLINK: "the skill holds or is a symbolic link",
  SKILL_FILE_KIND: "the skill holds something that is neither file nor folder",
  SKILL_HIDDEN_FILE: "the skill holds a file or folder whose name starts with a dot",
  SKILL_FILE_NAME: "a file name in the skill could mislead a reader or break on another system",
  SKILL_FILE_NOT_FOUND: "the skill has no file at that path",
  SKILL_FILE_UNREADABLE: "a file or folder of the skill cannot be read",
  SKILL_FILE_CHANGED: "a file of the skill no longer has the hash it was checked with",
  SKILL_CHECKLIST: "checklist.yaml is malformed or refers to something it does not define",
  SKILL_NAME_SHIPPED: "an added skill bears the name of a shipped one",
  SKILL_EXISTS: "a skill of that name was added before",
  SKILL_ADD_FAILED: "the skill could not be copied into home; nothing of it was kept",
  SKILL_ADD_INTERRUPTED: "a replacement of an added skill was cut off; the next addition puts the old one back",

  // audit
  AUDIT_UNWRITABLE: "the audit trail could not be written: no room, no permission or no such place",
  AUDIT_BUSY: "another process holds the audit trail longer than the waiting time",
  AUDIT_DAMAGED: "the audit trail does not continue what was recorded or signed before, so nothing is added to it",
  AUDIT_FOREIGN_OWNER: "a process of another container or machine is using the same audit trail",
  AUDIT_KEY_UNUSABLE: "the key that signs the audit trail is missing, unreadable, of another trail or open to others",
  AUDIT_CLOSED: "the audit trail was closed before this record",
  AUDIT_HEAD_UNREADABLE: "a known head is neither a signed note nor a receipt nor a line of size and root",

  // compliance
  CHECKLIST_NOT_FOUND: "no checklist has that id",
  CHECKLIST_DAMAGED: "the checklist's file has no readable first line",
  CHECKLIST_ITEM_UNKNOWN: "the checklist has no item of that id",
  CHECKLIST_ITEM_AUTOMATIC: "the item is decided by a test, never by hand",
  CHECKLIST_REASON_REQUIRED: "the state needs a reason",
  CHECKLIST_FULL: "the checklist's file has reached its size limit",
  EVIDENCE_NOT_FOUND: "no evidence has that id",
  EVIDENCE_DAMAGED: "the manifest of a piece of evidence is missing, unreadable or was changed",
  EVIDENCE_TOO_LARGE: "an artefact is larger than evidence may be",
  CONTROL_UNKNOWN: "no control of that name is in the mapping pack",
  ATTEST_NOT_A_PERSON: "an attestation needs a person at a terminal, or is about an item that only a test decides",
  EXPORT_EMPTY: "nothing in the trail or the evidence belongs to what was to be exported",
  EXPORT_OUT_EXISTS: "the place an export would be written to exists already",
  EXPORT_TRAIL_UNUSABLE: "the audit trail is not the one that was signed, so no package can be made of it",

  // mcp, cli
  ALERT_NOT_FOUND: "no stored alert has that id",
  UNKNOWN_FIELD: "neither Falco nor any stored alert has an output field of that name",
  SKILL_WITHOUT_CHECKLIST: "the skill has no checklist to make",
  SKILL_FILE_NOT_TEXT: "the file of the skill is not UTF-8 text",
  TOOL_WITHHELD: "the tool exists, but a flag of the server's start withholds it",
  RESULT_TOO_LARGE: "the answer does not fit the size limit even after cutting",
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERROR_CODES;
