import { expect, test } from "vitest";
import { EVENT_NAMES, EVENT_TYPES, EventFlag, eventTypesByName, isEventName } from "../../src/event/event-types.ts";
import { nativeSyscallName } from "../../src/event/native-syscalls.ts";
import { SYSCALL_NAMES } from "../../src/event/syscall-names.ts";

test.each([
  { name: "open", types: [2, 3] },
  { name: "execve", types: [12, 13, 154, 155, 172, 173, 214, 215, 230, 231, 282, 283, 288, 289, 292, 293] },
  { name: "sync", types: [0, 1] },
  { name: "asyncevent", types: [402] },
  { name: "opennn", types: [] },
] as const)("$name stands for types $types", ({ name, types }) => {
  expect(eventTypesByName(name)).toEqual(types);
  expect(isEventName(name)).toBe(types.length > 0);
});

test("the list of names is sorted, free of repeats, and each of them selects events", () => {
  expect(EVENT_NAMES).toHaveLength(465);
  expect([...new Set(EVENT_NAMES)].sort()).toEqual(EVENT_NAMES);
  expect(EVENT_NAMES.filter((name) => eventTypesByName(name).length === 0)).toEqual([]);
});

test("a type's number is its index and enter types have even numbers", () => {
  expect(EVENT_TYPES).toHaveLength(454);
  expect(EVENT_TYPES.filter(({ id }, index) => id !== index)).toEqual([]);
  expect(EVENT_TYPES.filter(({ id, enter, name }) => name !== "NA" && enter !== (id % 2 === 0))).toEqual([]);
});

test("every flag set parses, every relative path names the folder it starts from, every dynamic type has variants", () => {
  const params = EVENT_TYPES.flatMap((type) => type.params.map((param) => ({ type, param })));
  expect(params.filter(({ param }) => /FLAGS|MODE/.test(param.type) && param.flags.length === 0)).toEqual([]);
  expect(params.flatMap(({ param }) => param.flags).filter(({ value }) => !Number.isInteger(value))).toEqual([]);
  expect(
    params.filter(
      ({ type, param }) =>
        (param.type === "FSRELPATH") !== (type.params[param.folderParam ?? -1]?.type === "FD") ||
        (param.type === "DYN") !== (param.variants !== undefined),
    ),
  ).toEqual([]);
});

test("parameters and flags come as the driver declares them", () => {
  const open = EVENT_TYPES[3]!;
  expect(open.params.map(({ name, type, format }) => `${name} ${type} ${format}`)).toEqual([
    "fd FD dec",
    "name FSPATH na",
    "flags FLAGS32 hex",
    "mode UINT32 oct",
    "dev UINT32 hex",
    "ino UINT64 dec",
  ]);
  expect(open.params[2]!.flags).toContainEqual({ name: "O_CREAT", value: 4 });
  expect(open.flags & EventFlag.CREATES_FD).toBe(1);
});

test.each([
  [0, "read"],
  [59, "execve"],
  [101, "ptrace"],
  [231, "exit_group"],
  [334, "rseq"],
  [335, "uretprobe"],
  [338, undefined],
  [183, undefined],
  [400, undefined],
  [435, "clone3"],
  [462, "mseal"],
  [9_999, undefined],
])("the machine's call %i is %s", (number, name) => {
  expect(nativeSyscallName(number)).toBe(name);
});

test("calls by the machine's number have the names that codes have", () => {
  const names = Array.from({ length: 600 }, (_, number) => nativeSyscallName(number) ?? "read");
  expect(names.filter((name) => !SYSCALL_NAMES.includes(name))).toEqual([]);
});
