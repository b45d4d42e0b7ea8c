import type { ScapEvent } from "../event/event.ts";
import { paramText, paramU32 } from "../event/read-param.ts";
import type { Update } from "./update-context.ts";

/** Users and groups as they come and go; those of containers are not known at replay, see `users.ts`. */
export const addUser: Update = ({ users }, event) => {
  if (!isOfHost(event, 5)) return;
  const uid = paramU32(event, 0);
  users.addUser({
    uid,
    gid: paramU32(event, 1),
    name: paramText(event, 2),
    home: paramText(event, 3),
    shell: paramText(event, 4),
  });
};

export const removeUser: Update = ({ users }, event) => {
  if (isOfHost(event, 5)) users.removeUser(paramU32(event, 0));
};

export const addGroup: Update = ({ users }, event) => {
  if (isOfHost(event, 2)) users.addGroup(paramU32(event, 0), paramText(event, 1));
};

export const removeGroup: Update = ({ users }, event) => {
  if (isOfHost(event, 2)) users.removeGroup(paramU32(event, 0));
};

/** The container that a user belongs to is the event's last parameter; the host has an empty one. */
function isOfHost(event: ScapEvent, param: number): boolean {
  return event.paramLength(param) <= 1;
}
