/** A user as the capture's lists and events describe it. */
export interface User {
  uid: number;
  gid: number;
  name: string;
  home: string;
  shell: string;
}

/** Entries that are kept; a forged capture cannot add without end. */
const MAX_ENTRIES = 100_000;

/**
 * Users and groups of the host by id. Containers have their own, which a capture cannot tell: libs reads them from the
 * running container's files, so at replay only `root` is known there (libs `sinsp_usergroup_manager` @48dfd53c).
 */
export class Users {
  readonly #users = new Map<number, User>();
  readonly #groups = new Map<number, string>();

  user(containerId: string, uid: number): User | undefined {
    return containerId === "" ? this.#users.get(uid) : undefined;
  }

  groupName(containerId: string, gid: number): string | undefined {
    return containerId === "" ? this.#groups.get(gid) : undefined;
  }

  addUser(user: User): void {
    if (isRemote(user.name)) return;
    if (this.#users.size < MAX_ENTRIES || this.#users.has(user.uid)) this.#users.set(user.uid, user);
  }

  addGroup(gid: number, name: string): void {
    if (isRemote(name)) return;
    if (this.#groups.size < MAX_ENTRIES || this.#groups.has(gid)) this.#groups.set(gid, name);
  }

  removeUser(uid: number): void {
    this.#users.delete(uid);
  }

  removeGroup(gid: number): void {
    this.#groups.delete(gid);
  }

  /** Notes that a thread of the host runs as these; only root needs no list to have a name. */
  meet(containerId: string, uid: number, gid: number): void {
    if (containerId !== "") return;
    if (uid === 0 && !this.#users.has(0)) {
      this.#users.set(0, { uid, gid, name: "root", home: "/root", shell: "<NA>" });
    }
    if (gid === 0 && !this.#groups.has(0)) this.#groups.set(0, "root");
  }
}

/** Entries that stand for a directory service, not for a user. */
function isRemote(name: string): boolean {
  return name[0] === "+" || name[0] === "-";
}
