/** What can be asked of a capture. */
export const CAPTURE_QUESTIONS = [
  "process_tree",
  "executions",
  "files",
  "files_written",
  "sensitive_reads",
  "connections",
  "users",
  "containers",
  "events",
  "around",
  "process",
] as const;
export type CaptureQuestion = (typeof CAPTURE_QUESTIONS)[number];
