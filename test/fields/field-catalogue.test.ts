import { expect, test } from "vitest";
import { controllerOf, FIELD_CLASSES, fieldsOf, findField, KNOWN_SOURCES } from "../../src/fields/field-catalogue.ts";

const ROWS = FIELD_CLASSES.flatMap(({ fields }) => fields);

test.each([
  ["syscall", 294],
  ["k8s_audit", 95],
  ["aws_cloudtrail", 97],
  ["github", 49],
  ["gcp_auditlog", 49],
  ["okta", 78],
  ["coding_agent", 43],
] as const)("source %s has %i fields", (source, count) => {
  expect(fieldsOf(source)).toHaveLength(count);
});

test("a source without a catalogue has the general fields and those of JSON", () => {
  expect(fieldsOf("never_heard_of").map(({ name }) => name)).toEqual(
    expect.arrayContaining(["evt.num", "evt.source", "json.value"]),
  );
  expect(findField("proc.name", "never_heard_of")).toBeUndefined();
});

test("a name means one field within a source", () => {
  for (const source of KNOWN_SOURCES) {
    const names = fieldsOf(source).map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  }
});

test("every field says what it is in a line, and who controls it", () => {
  for (const { name, description, controller, type } of ROWS) {
    expect(name).toMatch(/^[a-z0-9]+(\.[a-zA-Z0-9_]+)+$/);
    expect(description).toMatch(/^[^ ].{4,110}(?:[^ .]|\.\.\.)$/);
    expect(["attacker", "platform", "kernel"]).toContain(controller);
    expect(type).toMatch(/^[A-Z0-9]+$/);
  }
});

test("fields that take an argument in brackets say which kind, and only those", () => {
  for (const { fields, plugin } of FIELD_CLASSES) {
    for (const { argument, argumentKinds } of fields) {
      expect(argumentKinds.length > 0).toBe(plugin !== undefined && argument !== "none");
    }
  }
});

test("only fd.types is a list among the engine's own fields", () => {
  const own = FIELD_CLASSES.filter(({ plugin }) => plugin === undefined).flatMap(({ fields }) => fields);
  expect(own.filter(({ isList }) => isList).map(({ name }) => name)).toEqual(["fd.types"]);
});

test.each([
  ["proc.name", "attacker"],
  ["proc.aname[2]", "attacker"],
  ["evt.arg.flags", "attacker"],
  ["evt.type", "kernel"],
  ["user.name", "platform"],
  ["container.label[app]", "platform"],
  ["k8s.ns.name", "platform"],
  ["ka.useragent", "attacker"],
  ["evt.num", "kernel"],
  ["no.such.field", "attacker"],
] as const)("%s is controlled by %s", (name, controller) => {
  expect(controllerOf(name)).toBe(controller);
});

test.each([
  ["thread.cgroup.cpuset", "thread.cgroup"],
  ["evt.rawarg.res", "evt.rawarg"],
  ["evt.abspath.src", "evt.abspath"],
  ["proc.env[PATH]", "proc.env"],
  ["ka.uri.param[x]", "ka.uri.param"],
] as const)("%s is the field %s", (text, name) => {
  expect(findField(text)?.name).toBe(name);
});

test.each([
  ["proc.aargs", 50],
  ["fs.path.name", 26],
  ["proc.is_exe_from_memfd", 26],
  ["container.label", undefined],
] as const)("%s is there since engine %s", (name, since) => {
  expect(findField(name)?.sinceEngine).toBe(since);
});
