import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES } from "../event/event-types.ts";
import { hasParam, paramI64, paramText, returnValue } from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import type { CaptureState } from "./capture-state.ts";
import { STATE_V4, STATE_V6 } from "./descriptor.ts";
import type { FieldMaker, FieldReader, FieldTable } from "./field-reader.ts";
import { asFolder, resolvePath } from "./path.ts";
import { addressText } from "./socket-address.ts";
import { AT_FDCWD, folderOf } from "./update-files.ts";

/** Parameters that hold the paths of a call; FD for the path of its descriptor. */
interface PathParams {
  readonly path?: string;
  readonly source?: string;
  readonly target?: string;
}

const FD = "descriptor";

/** Calls with paths, by event type (libs `sinsp_filter_check_fspath::create_fspath_checks` @48dfd53c). */
const CALLS: Readonly<Record<number, PathParams>> = {
  277: { path: "path" },
  305: { path: "path" },
  279: { path: "path" },
  301: { path: "path" },
  303: { path: "name" },
  3: { path: "name" },
  307: { path: "name" },
  327: { path: "name" },
  313: { path: "filename" },
  315: { path: "filename" },
  317: { path: FD },
  379: { path: "path" },
  381: { path: "path" },
  383: { path: FD },
  385: { path: "pathname" },
  191: { path: "special" },
  175: { source: "oldpath", target: "newpath" },
  177: { source: "oldpath", target: "newpath" },
  319: { source: "oldpath", target: "newpath" },
  309: { source: "newpath", target: "oldpath" },
  311: { source: "newpath", target: "oldpath" },
  179: { source: "linkpath", target: "target" },
  181: { source: "linkpath", target: "target" },
  257: { source: "dev", target: "dir" },
  387: { path: "name" },
  391: { path: "name" },
};

const OPENS = [3, 307, 327];
/** Calls whose descriptor is the folder that a relative path starts from. */
const FROM_DESCRIPTOR = [419, 385, 313, 305, 303, 417];
const SYMLINKAT = 181;
const RENAMEAT2 = 319;

type Role = keyof PathParams;

/** Paths of successful calls, as given and made absolute. */
export function pathFields(state: CaptureState): FieldTable {
  const raw = (role: Role) => (event: ScapEvent) => rawPath(state, event, role);
  const absolute = (role: Role): FieldReader => {
    return (event) => {
      const path = rawPath(state, event, role);
      return path === undefined ? undefined : absolutePath(state, event, role, path);
    };
  };
  return {
    plain: {
      "fs.path.name": absolute("path"),
      "fs.path.nameraw": raw("path"),
      "fs.path.source": absolute("source"),
      "fs.path.sourceraw": raw("source"),
      "fs.path.target": absolute("target"),
      "fs.path.targetraw": raw("target"),
      ...pollFields(state),
    },
    made: { "evt.abspath": abspathMaker(state) },
  };
}

function rawPath(state: CaptureState, event: ScapEvent, role: Role): string | undefined {
  const call = CALLS[event.type];
  const param = call?.[role];
  if (param === undefined || !hasSucceeded(event)) return undefined;
  if (param === FD) return state.descriptor?.name ?? "";
  const place = EVENT_TYPES[event.type]?.params.findIndex(({ name }) => name === param) ?? -1;
  return place < 0 ? undefined : paramText(event, place);
}

/** libs asks opens for any descriptor but -1, so an open that failed for another reason counts. */
function hasSucceeded(event: ScapEvent): boolean {
  return OPENS.includes(event.type) ? paramI64(event, 0) !== -1 : returnValue(event) === 0;
}

function absolutePath(state: CaptureState, event: ScapEvent, role: Role, path: string): string | undefined {
  const thread = state.threadOf(event);
  if (!thread) return undefined;
  if (path[0] === "/") return resolvePath("", path);
  if (event.type === 307 || event.type === 327) return resolvePath("", state.descriptor?.name ?? "<UNKNOWN>");
  if (FROM_DESCRIPTOR.includes(event.type)) return resolvePath(descriptorFolder(state), path);
  if (event.type === SYMLINKAT) return resolvePath(role === "source" ? descriptorFolder(state) : "<UNKNOWN>", path);
  if (event.type === RENAMEAT2) {
    return resolvePath(folderOf(thread, path, paramI64(event, role === "target" ? 3 : 1)), path);
  }
  return resolvePath(thread.workingFolder, path);
}

function descriptorFolder({ descriptor }: CaptureState): string {
  if (descriptor?.type !== FdType.DIRECTORY) return "<UNKNOWN>";
  return descriptor.name === "" ? "" : asFolder(descriptor.name);
}

/** Folder and path parameters of the calls that evt.abspath knows; the second pair is that of `.dst`. */
const ABSPATH: Readonly<Record<number, readonly (readonly [folder: string, path: string])[]>> = {
  177: [
    ["olddirfd", "oldpath"],
    ["newdirfd", "newpath"],
  ],
  319: [
    ["olddirfd", "oldpath"],
    ["newdirfd", "newpath"],
  ],
  181: [["linkdirfd", "linkpath"]],
  307: [["dirfd", "name"]],
  327: [["dirfd", "name"]],
  311: [
    ["olddir", "oldpath"],
    ["newdir", "newpath"],
  ],
  303: [["dirfd", "name"]],
  305: [["dirfd", "path"]],
  313: [["dirfd", "filename"]],
  385: [["dirfd", "pathname"]],
};

const OPEN_BY_HANDLE = 337;

function abspathMaker(state: CaptureState): FieldMaker {
  return (argument) => {
    const second = argument === "dst" ? 1 : 0;
    return (event) => {
      const { thread } = state;
      if (!thread) return undefined;
      if (event.type === OPEN_BY_HANDLE) {
        return returnValue(event) > 0 ? resolvePath("", paramText(event, 3)) : undefined;
      }
      const pairs = ABSPATH[event.type];
      const pair = pairs?.[pairs.length > 1 ? second : 0];
      const params = EVENT_TYPES[event.type]?.params ?? [];
      const [folder = -1, name = -1] = pair?.map((wanted) => params.findIndex((param) => param.name === wanted)) ?? [];
      if (folder < 0 || name < 0 || !hasParam(event, folder) || !hasParam(event, name)) return undefined;
      const path = paramText(event, name);
      const fd = paramI64(event, folder);
      if (path[0] === "/") return resolvePath(".", path);
      if (fd === AT_FDCWD) return resolvePath(thread.workingFolder, path);
      const base = thread.fd(fd);
      return resolvePath(base ? asFolder(base.name) : "<UNKNOWN>/", path);
    };
  };
}

const POLLS = [81, 255];

/** Descriptors of a poll, comma-separated. */
function pollFields(state: CaptureState): Record<string, FieldReader> {
  const reader =
    (read: (fd: number) => string | undefined): FieldReader =>
    (event) => {
      if (!POLLS.includes(event.type) || !state.threadOf(event) || event.paramLength(1) < 2) return undefined;
      const at = event.paramStart(1);
      const count = Math.min(event.bytes.readUInt16LE(at), Math.floor((event.paramLength(1) - 2) / 10));
      const parts: string[] = [];
      for (let i = 0; i < count; i++) {
        const value = read(Number(event.bytes.readBigInt64LE(at + 2 + i * 10)));
        if (value !== undefined) parts.push(value);
      }
      const text = parts.join(",");
      return text === "" ? undefined : text;
    };
  const end = (part: "sourceIp" | "destinationIp" | "sourcePort" | "destinationPort") => (fd: number) => {
    const descriptor = state.thread?.fd(fd);
    if (descriptor?.type !== FdType.IPV4 && descriptor?.type !== FdType.IPV6) return undefined;
    const layout = descriptor.type === FdType.IPV4 ? STATE_V4 : STATE_V6;
    const { socket } = descriptor;
    if (part.endsWith("Port")) return String(socket.readUInt16LE(layout[part]));
    return addressText(socket, layout[part], layout.width);
  };
  return {
    "fdlist.nums": reader((fd) => String(fd)),
    "fdlist.names": reader((fd) => {
      const name = state.thread?.fd(fd)?.name ?? "";
      return name === "" ? "<NA>" : name;
    }),
    "fdlist.cips": reader(end("sourceIp")),
    "fdlist.sips": reader(end("destinationIp")),
    "fdlist.cports": reader(end("sourcePort")),
    "fdlist.sports": reader(end("destinationPort")),
  };
}
