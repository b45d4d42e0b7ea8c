import type { ScapEvent } from "../event/event.ts";
import type { CaptureState } from "./capture-state.ts";
import type { FieldReader, FieldTable, FieldValue } from "./field-reader.ts";
import { NO_ID, type Thread } from "./thread.ts";

const UNKNOWN = "<NA>";

/** Fields of the user and the group that the thread runs as, and of the one who logged in. */
export function userFields(state: CaptureState): FieldTable {
  const { users } = state;
  const of = (read: (thread: Thread) => FieldValue): FieldReader => {
    return (event: ScapEvent) => {
      const thread = state.threadOf(event);
      return thread && read(thread);
    };
  };
  const userOf = ({ containerId, uid }: Thread) => users.user(containerId, uid);
  return {
    plain: {
      "user.uid": of(({ uid }) => uid),
      "user.name": of((thread) => userOf(thread)?.name ?? (thread.uid === 0 ? "root" : UNKNOWN)),
      "user.homedir": of((thread) => userOf(thread)?.home ?? (thread.uid === 0 ? "/root" : UNKNOWN)),
      "user.shell": of((thread) => userOf(thread)?.shell ?? UNKNOWN),
      "user.loginuid": of(({ loginUid }) => (loginUid === NO_ID ? -1 : loginUid)),
      "user.loginname": of(
        ({ containerId, loginUid }) => users.user(containerId, loginUid)?.name ?? (loginUid === 0 ? "root" : UNKNOWN),
      ),
      "group.gid": of(({ gid }) => gid),
      "group.name": of(({ containerId, gid }) => users.groupName(containerId, gid) ?? (gid === 0 ? "root" : UNKNOWN)),
    },
  };
}
