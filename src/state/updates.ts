import { EVENT_TYPES } from "../event/event-types.ts";
import { paramU8, paramU16 } from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import { keepEnter, keepEnterIfFilled } from "./enter-event.ts";
import * as connections from "./update-connections.ts";
import type { Update } from "./update-context.ts";
import * as files from "./update-files.ts";
import * as process from "./update-process.ts";
import * as sockets from "./update-sockets.ts";
import * as thread from "./update-thread.ts";
import * as users from "./update-users.ts";

/** What changes the state, by event type (libs `sinsp_parser::process_event` @48dfd53c). */
const ROWS: readonly (readonly [types: readonly number[], update: Update])[] = [
  [[2, 58, 306, 326, 292], keepEnterIfFilled],
  [[330, 22], keepEnter],
  [[7, 117, 113, 121, 33, 35, 53, 55], sockets.readFrom],
  [[9, 119, 115, 123, 29, 31, 49, 51], sockets.writeTo],
  [[3, 59, 307, 327, 337], files.openFile],
  [[285, 241], thread.changeNamespace],
  [[405], files.openMemfd],
  [[223, 225, 227, 335], process.cloneThread],
  [[409], files.openPidfd],
  [[407], files.takeFd],
  [[293, 331], process.executeProgram],
  [[186], process.exitThread],
  [[61, 393], files.openPipe],
  [[19], sockets.openSocket],
  [[21], sockets.bindSocket],
  [[23], connections.connectSocket],
  [[247, 389], connections.acceptSocket],
  [[5], files.closeFile],
  [[451], files.closeRange],
  [[151], files.controlFile],
  [[63], files.openNameless(FdType.EVENT)],
  [[397], files.openNameless(FdType.EVENT, (event) => paramU16(event, 1))],
  [[95, 93], files.changeFolder],
  [[97], files.changeFolderByFd],
  [[367, 363, 365], files.duplicate],
  [[127], files.openNameless(FdType.SIGNALFD)],
  [[399], files.openNameless(FdType.SIGNALFD, (event) => paramU16(event, 1))],
  [[137], files.openNameless(FdType.TIMERFD, (event) => paramU8(event, 2))],
  [[139], files.openNameless(FdType.INOTIFY)],
  [[395], files.openNameless(FdType.INOTIFY, (event) => paramU16(event, 1))],
  [[369], files.openNameless(FdType.BPF)],
  [[321], files.openNameless(FdType.USERFAULTFD)],
  [[339], files.openNameless(FdType.IO_URING)],
  [[375], files.openNameless(FdType.EVENTPOLL)],
  [[377], files.openNameless(FdType.EVENTPOLL, files.epollFlags)],
  [[141, 143], files.limitFiles],
  [[145], files.limitFilesOf],
  [[43], sockets.openSocketPair],
  [[152], thread.noteSwitch],
  [[159, 161, 163, 165], thread.noteMemory],
  [[193, 427], thread.setUser(2)],
  [[199], thread.setUser(1)],
  [[195, 429], thread.setGroup(2)],
  [[201], thread.setGroup(1)],
  [[267], files.changeRoot],
  [[275], thread.setSession],
  [[353], thread.setCapabilities],
  [[354], users.addUser],
  [[356], users.removeUser],
  [[358], users.addGroup],
  [[360], users.removeGroup],
  [[401], thread.controlProcess],
];

/** The update of each event type; undefined for the types that leave the state as it is. */
export const UPDATES: readonly (Update | undefined)[] = EVENT_TYPES.map(
  ({ id }) => ROWS.find(([types]) => types.includes(id))?.[1],
);
