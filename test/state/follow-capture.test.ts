import { describe, expect, test } from "vitest";
import { cstring, i64, u16, u32 } from "../scap/capture-builder.ts";
import { address, clone, exit, follow, look, openat, sockaddr, tuple } from "./built-capture.ts";

const shell = { tid: 10, ptid: 1, comm: "sh", cwd: "/var/www" };
const init = { tid: 1, ptid: 0, comm: "init" };

describe("files", () => {
  test("a path is taken from the working folder, which chdir changes", async () => {
    const events = [
      openat(3, "../../etc/shadow"),
      { type: 95, params: [i64(0), cstring("/tmp/")] },
      openat(4, "x"),
      { type: 95, params: [i64(-2), cstring("/nowhere")] },
      openat(5, "/abs"),
    ];
    expect(await follow([init, shell], events, ["fd.name", "proc.cwd"])).toEqual([
      ["/etc/shadow", "/var/www/"],
      [undefined, "/tmp/"],
      ["/tmp/x", "/tmp/"],
      [undefined, "/tmp/"],
      ["/abs", "/tmp/"],
    ]);
  });

  test("a duplicate lives on when the original is closed", async () => {
    const events = [
      openat(3, "/secret"),
      { type: 363, params: [i64(7), i64(3), i64(7)] },
      { type: 5, params: [i64(0), i64(3)] },
      { type: 5, params: [i64(0), i64(3)] },
      { type: 5, params: [i64(0), i64(7)] },
    ];
    expect(await follow([init, shell], events, ["fd.num", "fd.name"])).toEqual([
      [3, "/secret"],
      [7, "/secret"],
      [3, "/secret"],
      [3, ""],
      [7, "/secret"],
    ]);
  });

  test("an open that failed leaves no descriptor", async () => {
    expect(await follow([init, shell], [openat(-13, "/etc/shadow")], ["fd.num", "fd.type", "evt.res"])).toEqual([
      [-1, undefined, "EACCES"],
    ]);
  });
});

describe("sockets", () => {
  const here = address(10, 0, 0, 5);
  const names = ["fd.name", "fd.sip", "fd.sport", "fd.cport", "fd.l4proto"];
  const udp = { type: 19, params: [i64(3), u32(2), u32(2), u32(0), u32(0)] };
  const received = (from: number, port: number) => ({
    type: 35,
    params: [i64(1), Buffer.from("a"), tuple(address(10, 0, 0, from), port, here, 53), i64(3), u32(9)],
  });

  test("each datagram that a bound socket gets tells its own two ends", async () => {
    const events = [
      udp,
      { type: 21, params: [i64(0), sockaddr(here, 53), i64(3)] },
      received(7, 700),
      received(8, 800),
    ];
    expect(await follow([init, shell], events, names)).toEqual([
      ["", undefined, undefined, undefined, "<NA>"],
      ["10.0.0.5:53", "0a000005", 53, undefined, "udp"],
      ["10.0.0.7:700->10.0.0.5:53", "0a000005", 53, 700, "udp"],
      ["10.0.0.8:800->10.0.0.5:53", "0a000005", 53, 800, "udp"],
    ]);
  });

  test("a connection's client is who called connect", async () => {
    const tcp = { type: 19, params: [i64(3), u32(2), u32(1), u32(6), u32(0)] };
    const ends = tuple(here, 40000, address(203, 0, 113, 66), 443);
    const connect = { type: 23, params: [i64(0), ends, i64(3), sockaddr(address(203, 0, 113, 66), 443)] };
    const failed = { ...connect, params: [i64(-111), ...connect.params.slice(1)] };
    const rows = await follow([init, shell], [tcp, failed, connect], [...names, "fd.is_server"]);
    expect(rows[1]?.[0]).toBe("");
    expect(rows[2]).toEqual(["10.0.0.5:40000->203.0.113.66:443", "cb007142", 443, 40000, "tcp", false]);
  });
});

describe("processes", () => {
  const names = ["proc.name", "proc.pname", "proc.aname[2]", "proc.ppid"];

  test("a child knows its parents, whichever side of clone comes first", async () => {
    const parentSide = clone({ tid: 10, result: 20, ptid: 1, comm: "sh" });
    const childSide = clone({ tid: 20, result: 0, ptid: 10, comm: "sh" });
    for (const events of [
      [parentSide, childSide, look(20)],
      [childSide, parentSide, look(20)],
    ]) {
      expect((await follow([init, shell], events, names)).at(-1)).toEqual(["sh", "sh", "init", 10]);
    }
  });

  test("orphans go to the reaper that the kernel named", async () => {
    const events = [clone({ tid: 20, result: 0, ptid: 10 }), exit(10, 1), look(20)];
    expect((await follow([init, shell], events, names)).at(-1)).toEqual(["sh", "init", undefined, 1]);
  });

  test("a process that ended is still there for its own last event, and for none after it", async () => {
    const empty = Buffer.from([0]);
    const userDeleted = { type: 356, tid: -1, params: [u32(33), u32(33), empty, empty, empty, empty] };
    const events = [look(10), exit(10), userDeleted, look(10)];
    expect((await follow([init, shell], events, ["proc.name", "proc.cmdline"])).map(([name]) => name)).toEqual([
      "sh",
      "sh",
      undefined,
      "<NA>",
    ]);
  });

  test("threads share their process's descriptors and folder", async () => {
    const CLONE_FILES_AND_THREAD = (1 << 0) | (1 << 13);
    const events = [
      clone({ tid: 11, result: 0, pid: 10, ptid: 1, flags: CLONE_FILES_AND_THREAD }),
      openat(3, "shared", 11),
      { type: 5, tid: 10, params: [i64(0), i64(3)] },
    ];
    const rows = await follow([init, shell], events, ["fd.name", "proc.pid", "thread.tid", "proc.is_main_thread"]);
    expect(rows.slice(1)).toEqual([
      ["/var/www/shared", 10, 11, undefined],
      ["/var/www/shared", 10, 10, undefined],
    ]);
  });

  test("parents that go round in a circle end", async () => {
    const ring = [
      { tid: 30, ptid: 31, comm: "a" },
      { tid: 31, ptid: 30, comm: "b" },
    ];
    const [row] = await follow(ring, [look(30)], ["proc.aname", "proc.aname[1000000]", "proc.sname"]);
    expect(row?.slice(0, 2)).toEqual([["b"], expect.stringMatching(/^[ab]$/)]);
  });

  test("the container is what the cgroups name", async () => {
    const id = "3f1c9a7be2d04455667788990011223344556677889900112233445566778899";
    const inside = { ...shell, cgroups: ["cpu=/", `memory=/system.slice/docker-${id}.scope`] };
    expect(await follow([init, inside], [look(10), look(1)], ["container.id"])).toEqual([["3f1c9a7be2d0"], ["host"]]);
  });
});

test("users of the host come and go, those of containers are not known", async () => {
  const user = (type: number, container: string) => ({
    type,
    tid: -1,
    params: [u32(33), u32(33), cstring("www"), cstring("/srv"), cstring("/bin/sh"), cstring(container)],
  });
  const ADDED = 354;
  const DELETED = 356;
  const events = [look(10), user(ADDED, "abc"), look(10), user(ADDED, ""), look(10), user(DELETED, ""), look(10)];
  const rows = await follow([init, shell], events, ["user.name", "user.homedir", "user.uid"]);
  const none = ["<NA>", "<NA>", 33];
  expect([rows[0], rows[2], rows[4], rows[6]]).toEqual([none, none, ["www", "/srv", 33], none]);
});

test("a call that the recorder did not know is named by the machine's number", async () => {
  const calls: readonly (readonly [code: number, native: number])[] = [
    [0, 435],
    [0, 183],
    [3, 435],
  ];
  const events = calls.map(([code, native]) => ({ type: 1, params: [u16(code), u16(native)] }));
  expect(await follow([init, shell], events, ["evt.type", "syscall.type"])).toEqual([
    ["clone3", "clone3"],
    ["unknown", "unknown"],
    ["read", "read"],
  ]);
});

test("arguments of all ancestors: a blank stands between a text and the next, none before the first", async () => {
  const line = [
    init,
    { tid: 2, ptid: 1, comm: "a", args: ["-c", "x"] },
    { tid: 3, ptid: 2, comm: "b" },
    { tid: 4, ptid: 3, comm: "c", args: ["y"] },
    { tid: 5, ptid: 4, comm: "d" },
    { tid: 6, ptid: 5, comm: "e" },
  ];
  expect(await follow(line, [look(6), look(5), look(2)], ["proc.aargs"])).toEqual([
    ["y  -c x "],
    ["y  -c x "],
    [undefined],
  ]);
});
