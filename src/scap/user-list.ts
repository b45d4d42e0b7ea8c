import type { Cursor } from "../bytes/cursor.ts";
import { skipTo } from "./interface-list.ts";

interface UserEntry {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

interface GroupEntry {
  readonly gid: number;
  readonly name: string;
}

export interface UserList {
  readonly users: readonly UserEntry[];
  readonly groups: readonly GroupEntry[];
}

/** User list: entries of users (type 0) and groups (any other type); since version 2 each begins with its length. */
export function readUsers(cursor: Cursor, version: number): UserList {
  const users: UserEntry[] = [];
  const groups: GroupEntry[] = [];
  while (cursor.left >= 4) {
    const begin = cursor.offset;
    const length = version === 2 ? cursor.u32("length of a user entry") : 0;
    if (cursor.u8("type of a user entry") === 0) {
      users.push({
        uid: cursor.u32("user id"),
        gid: cursor.u32("group id"),
        name: cursor.shortText("user name"),
        home: cursor.shortText("home folder"),
        shell: cursor.shortText("login shell"),
      });
    } else {
      groups.push({ gid: cursor.u32("group id"), name: cursor.shortText("group name") });
    }
    if (length !== 0) skipTo(cursor, begin + length, "user entry");
  }
  return { users, groups };
}
