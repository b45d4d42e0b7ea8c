/**
 * Fields of the json plugin, which reads any event whose payload is JSON (falcosecurity/plugins plugins/json @0b3cbd8d), and
 * of Falco for coding agents (source coding_agent), a row a field as field-row.ts reads them.
 */
export const JSON_ROWS: readonly string[] = [
  "json.value CHARBUF rk a ? value at a JSON pointer: json.value[/user/name]",
  "json.obj CHARBUF - a ? whole event as JSON text",
  "json.rawtime CHARBUF - p ? time of the event in nanoseconds since 1970",
  "jevt.value CHARBUF rk a ? older name of json.value",
  "jevt.obj CHARBUF - a ? older name of json.obj",
  "jevt.rawtime CHARBUF - p ? older name of json.rawtime",
];

export const CODING_AGENT_ROWS: readonly string[] = [
  "correlation.id CHARBUF - p ? id that joins the events of one tool use",
  "agent.name CHARBUF - p ? name of the coding agent",
  "agent.os CHARBUF - p ? operating system the agent runs on",
  "agent.pid UINT64 - p ? process id of the agent",
  "agent.hook_event_name CHARBUF - p ? hook that reported, for example PreToolUse",
  "agent.session_id CHARBUF - p ? id of the agent's session",
  "agent.permission_mode CHARBUF - p ? how the agent asks for permission",
  "agent.transcript_path CHARBUF - p ? file with the session's transcript",
  "agent.model CHARBUF - p ? model the agent uses",
  "agent.turn_id CHARBUF - p ? id of the turn in the session",
  "agent.cwd CHARBUF - a ? folder the agent works in, as given",
  "agent.real_cwd CHARBUF - a ? folder the agent works in, links resolved",
  "tool.use_id CHARBUF - p ? id of the tool use",
  "tool.name CHARBUF - a ? tool that the agent wants to use",
  "tool.input CHARBUF - a ? input of the tool as JSON",
  "tool.input_command CHARBUF - a ? command line that the tool would run",
  "tool.file_path CHARBUF - a ? file that the tool would touch, as given",
  "tool.real_file_path CHARBUF - a ? file that the tool would touch, links resolved",
  "tool.patch_op CHARBUF - a ? what a patch does to the file",
];
