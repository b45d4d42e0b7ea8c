import fc from "fast-check";
import { expect, test } from "vitest";
import { lookUpField } from "../../src/fields/look-up-field.ts";

test.each([
  ["proc.name", "CHARBUF"],
  ["proc.aname[2]", "CHARBUF"],
  ["proc.aname[ +2]", "CHARBUF"],
  ["proc.env[PATH]", "CHARBUF"],
  ["proc.env[]", "CHARBUF"],
  ["proc.apid[-1]", "INT64"],
  ["evt.arg[0]", "CHARBUF"],
  ["evt.arg.fd", "CHARBUF"],
  ["evt.rawarg.fd", "FD"],
  ["evt.rawarg.res", "ERRNO"],
  ["evt.rawarg.flags", "FLAGS32"],
  ["evt.around[1000]", "UINT64"],
  ["evt.type.is.open", "UINT32"],
  ["evt.abspath", "CHARBUF"],
  ["evt.abspath.dst", "CHARBUF"],
  ["evt.dir", "CHARBUF"],
  ["evt.latency.quantized", "UINT64"],
  ["thread.cgroup.cpu_acct", "CHARBUF"],
  ["thread.cgroups", "CHARBUF"],
  ["fd.types[3]", "CHARBUF"],
  ["fd.snet", "IPNET"],
  ["util.cnt", "UINT64"],
  ["container.mount[/etc]", "CHARBUF"],
  ["container.privileged", "BOOL"],
] as const)("%s is a field of type %s", (text, type) => {
  expect(lookUpField(text, "syscall")).toMatchObject({ kind: "found", field: { type } });
});

test.each([
  ["proc.nam", undefined],
  ["proc.namee", undefined],
  ["proc.name[0]", undefined],
  ["proc.aname[x]", undefined],
  ["evt.arg.flagsx", undefined],
  ["evt.arg.flags[0]", undefined],
  ["evt.type.is.nosuch", undefined],
  ["thread.cgroup.cpu2", undefined],
  ["container.idx", undefined],
  ["ka.verb", undefined],
  ["evt.arg", "filter syntax error: evt.arg"],
  ["evt.argument", "filter syntax error: evt.argument"],
  ["evt.arg.nosuch", "unknown event argument nosuch"],
  ["evt.arg[x]", "x is not a valid number"],
  ["evt.rawarg[0]", "evt.arg fields must be expressed explicitly"],
  ["evt.around", "filter syntax error: evt.around"],
  ["evt.around.x", "wrong syntax for evt.around"],
  ["evt.type.is", "filter syntax error: evt.type.is"],
  ["thread.cgroup", "filter syntax error: thread.cgroup"],
  ["fd.types[x]", "x is not a valid number"],
  ["arg.x", "filter error: proc.arg filter not implemented yet"],
  ["container.mount", "filter 'container.mount': container.mount requires an argument but none provided"],
  ["container.mountx", "filter 'container.mountx': container.mount requires an argument but none provided"],
  [
    "container.id[0]",
    "filter 'container.id[0]': container.id does not allow nor require an argument but one is provided: 0",
  ],
  ["container.label[a b]", "filter 'container.label[a': container.label has unbalanced argument brackets"],
] as const)("%s is refused with %s", (text, message) => {
  const expected = message === undefined ? { kind: "unknown" } : { kind: "refused", message };
  expect(lookUpField(text, "syscall")).toEqual(expected);
});

test.each([
  ["ka.req.pod.containers.image[0]", undefined],
  [
    "ka.req.pod.containers.image[x]",
    "filter ka.req.pod.containers.image[x] ka.req.pod.containers.image has an invalid index argument not composed only by digits: x",
  ],
  [
    "ka.req.pod.containers.image[01]",
    "filter ka.req.pod.containers.image[01] ka.req.pod.containers.image has an invalid index argument starting with 0: 01",
  ],
  [
    "ka.req.pod.containers.image[99999999999999999999]",
    "filter ka.req.pod.containers.image[99999999999999999999] ka.req.pod.containers.image has an invalid index argument not representable on 64 bit: 99999999999999999999",
  ],
] as const)("an index of a plugin's field is a plain number: %s", (text, message) => {
  const found = lookUpField(text, "k8s_audit");
  expect(found.kind === "refused" ? found.message : undefined).toBe(message);
});

test("no text makes the look-up fail", () => {
  const word = fc.constantFrom(
    "evt.arg",
    "proc.aname",
    "container.mount",
    "fd.types",
    "thread.cgroup",
    "[",
    "]",
    ".",
    "arg",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string())), (words) => {
      expect(["found", "unknown", "refused"]).toContain(lookUpField(words.join(""), "syscall").kind);
    }),
  );
});
