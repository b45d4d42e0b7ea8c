import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { LINT_CODES, LINTS } from "../../../src/rules/lint/lint-codes.ts";
import { findLint } from "../../../src/rules/lint/lint-rule-set.ts";
import { skippedFile } from "../../../src/rules/lint/skipped-file.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";
import { codesOf, lint, rule } from "./lint-texts.ts";

/** The smallest files that have each fault, and the same mended. */
const CASES: readonly { code: string; faulty: readonly string[]; mended: readonly string[] }[] = [
  {
    code: "LINT_UNDEFINED_LIST",
    faulty: [
      `- list: shell_binaries\n  items: [sh]\n${rule("a", "evt.type=execve and proc.name in (shell_binarie)")}${rule("b", "evt.type=execve and proc.name in (shell_binaries, x)")}`,
    ],
    mended: [
      `- list: shell_binaries\n  items: [sh]\n${rule("a", "evt.type=execve and proc.name in (shell_binaries)")}`,
    ],
  },
  {
    code: "LINT_UNDEFINED_LIST",
    faulty: [rule("a", "evt.type=execve and proc.name in my_tools_list")],
    mended: [rule("a", 'evt.type=execve and proc.name in ("my_tools_list")')],
  },
  {
    code: "LINT_UNDEFINED_LIST",
    faulty: [`- list: all\n  items: [sh, net_tools_list]\n${rule("a", "evt.type=execve and proc.name in (all)")}`],
    mended: [
      `- list: net_tools_list\n  items: [nc]\n- list: all\n  items: [sh, net_tools_list]\n${rule("a", "evt.type=execve and proc.name in (all)")}`,
    ],
  },
  {
    code: "LINT_LIST_NOT_EXPANDED",
    faulty: [
      `- list: a\n  items: [x1]\n- list: b\n  items: [a]\n- list: c\n  items: [b]\n${rule("r", "evt.type=execve and proc.name in (c)")}`,
    ],
    mended: [`- list: a\n  items: [x1]\n- list: c\n  items: [a]\n${rule("r", "evt.type=execve and proc.name in (c)")}`],
  },
  {
    code: "LINT_LIST_NOT_EXPANDED",
    faulty: [
      `- list: c\n  items: [later]\n- list: later\n  items: [x1]\n${rule("r", "evt.type=execve and proc.name in (c, later)")}`,
    ],
    mended: [
      `- list: later\n  items: [x1]\n- list: c\n  items: [later]\n${rule("r", "evt.type=execve and proc.name in (c)")}`,
    ],
  },
  {
    code: "LINT_LIST_REWRITES_TEXT",
    faulty: [`- list: curl\n  items: [wget]\n${rule("r", 'evt.type=execve and proc.cmdline contains "run curl now"')}`],
    mended: [
      `- list: downloaders\n  items: [wget]\n${rule("r", 'evt.type=execve and proc.cmdline contains "run curl now" or evt.type=execve and proc.name in (downloaders)')}`,
    ],
  },
  {
    code: "LINT_LIST_REWRITES_TEXT",
    faulty: [`- list: curl\n  items: [wget]\n${rule("r", "evt.type=execve and proc.name=curl")}`],
    mended: [
      `- list: curl\n  items: [wget]\n${rule("r", 'evt.type=execve and proc.name="curl" or evt.type=execve and proc.name in (curl)')}`,
    ],
  },
  {
    code: "LINT_LIST_ITEM_CORRUPTS",
    faulty: [`- list: names\n  items: ["a,b"]\n${rule("r", "evt.type=execve and proc.name in (names)")}`],
    mended: [
      `- list: names\n  items: ['"a,b"', "two words"]\n${rule("r", "evt.type=execve and proc.name in (names)")}`,
    ],
  },
  {
    code: "LINT_APPEND_PRECEDENCE",
    faulty: [
      rule("r", "evt.type=open or evt.type=close"),
      "- rule: r\n  condition: and proc.name=x\n  override:\n    condition: append\n",
    ],
    mended: [
      rule("r", "(evt.type=open or evt.type=close)"),
      "- rule: r\n  condition: and proc.name=x\n  override:\n    condition: append\n",
    ],
  },
  {
    code: "LINT_APPEND_PRECEDENCE",
    faulty: [
      `- macro: m\n  condition: evt.type=open or evt.type=close\n${rule("r", "m")}`,
      "- macro: m\n  condition: and proc.name=x\n  override: {condition: append}\n",
    ],
    mended: [
      `- macro: m\n  condition: evt.type=open or evt.type=close\n${rule("r", "m")}`,
      "- macro: m\n  condition: or proc.name=x\n  override: {condition: append}\n",
    ],
  },
  {
    code: "LINT_NEVER_MATCHES",
    faulty: [`- macro: exec\n  condition: (evt.type in (execve, execveat))\n${rule("r", "exec and evt.type = open")}`],
    mended: [`- macro: exec\n  condition: (evt.type in (execve, execveat))\n${rule("r", "exec or evt.type = open")}`],
  },
  {
    code: "LINT_FIELD_NEVER_SET",
    faulty: [rule("r", "evt.type=execve and fd.name startswith /etc")],
    mended: [rule("r", "evt.type=openat and fd.name startswith /etc")],
  },
  {
    code: "LINT_FIELD_NEVER_SET",
    faulty: [
      rule("r", "evt.type in (open, execve) and (proc.name=x or (evt.type=execve and evt.arg.name contains y))"),
    ],
    mended: [rule("r", "evt.type in (open, execve) and (proc.name=x or (evt.type=open and evt.arg.name contains y))")],
  },
  {
    code: "LINT_SHADOWED",
    faulty: [rule("wide", "evt.type=execve") + rule("narrow", "evt.type=execve and proc.name=nginx")],
    mended: [rule("narrow", "evt.type=execve and proc.name=nginx") + rule("wide", "evt.type=execve")],
  },
  {
    code: "LINT_COMM_TOO_LONG",
    faulty: [rule("r", "evt.type=execve and proc.pname in (sh, docker-entrypoint)")],
    mended: [rule("r", "evt.type=execve and proc.pname in (sh, docker-entrypoi)")],
  },
  {
    code: "LINT_WILDCARD_LITERAL",
    faulty: [rule("r", "evt.type=open and fd.name = /etc/*")],
    mended: [rule("r", "evt.type=open and fd.name glob /etc/*")],
  },
  {
    code: "LINT_ABSENT_NOT_EQUAL",
    faulty: [rule("r", "evt.type=open and container.image.repository != nginx")],
    mended: [rule("r", "evt.type=open and not container.image.repository = nginx")],
  },
  {
    code: "LINT_ANCESTOR_NOT_EQUAL",
    faulty: [rule("r", "evt.type=open and proc.aname != sshd")],
    mended: [rule("r", "evt.type=open and not proc.aname = sshd and proc.aname[2] != x")],
  },
  {
    code: "LINT_OPERATOR_NEVER_MATCHES",
    faulty: [rule("r", "evt.type=connect and fd.ip in (10.0.0.1, 10.0.0.2)")],
    mended: [rule("r", "evt.type=connect and (fd.ip = 10.0.0.1 or fd.ip = 10.0.0.2)")],
  },
  {
    code: "LINT_OPERATOR_NEVER_MATCHES",
    faulty: [rule("r", "evt.type=open and proc.apid in (1)")],
    mended: [rule("r", "evt.type=open and proc.apid[5] in (1)")],
  },
  {
    code: "LINT_OPERATOR_FIRST_VALUE_ONLY",
    faulty: [rule("r", "evt.type=connect and fd.net in (10.0.0.0/8, 192.168.0.0/16)")],
    mended: [rule("r", "evt.type=connect and fd.snet in (10.0.0.0/8, 192.168.0.0/16) and fd.net in (10.0.0.0/8)")],
  },
  {
    code: "LINT_OPERATOR_STOPS_FALCO",
    faulty: [rule("r", "evt.type=connect and fd.port intersects (22, 2222)")],
    mended: [rule("r", "evt.type=connect and fd.port in (22, 2222)")],
  },
  {
    code: "LINT_REDEFINED_MACRO",
    faulty: [`- macro: m\n  condition: evt.type=open\n${rule("r", "m")}`, "- macro: m\n  condition: evt.type=close\n"],
    mended: [
      `- macro: m\n  condition: evt.type=open\n${rule("r", "m")}`,
      "- macro: m\n  condition: (evt.type = open)\n",
    ],
  },
  {
    code: "LINT_REDEFINED_LIST",
    faulty: [
      `- list: l\n  items: [a, b]\n${rule("r", "evt.type=open and proc.name in (l)")}`,
      "- list: l\n  items: [a]\n",
    ],
    mended: [
      `- list: l\n  items: [a, b]\n${rule("r", "evt.type=open and proc.name in (l)")}`,
      "- list: l\n  items: [b, a]\n",
    ],
  },
  {
    code: "LINT_DEPRECATED_FIELD",
    faulty: [rule("r", "evt.type=open and evt.dir=<")],
    mended: [rule("r", "evt.type=open")],
  },
  {
    code: "LINT_DEPRECATED_FIELD",
    faulty: [rule("r", "evt.type=open").replace("%user.name", "%user.name %container.info")],
    mended: [rule("r", "evt.type=open")],
  },
  {
    code: "LINT_ATTACK_TAG",
    faulty: [rule("r", "evt.type=open").replace("mitre_execution", "mitre_execute")],
    mended: [rule("r", "evt.type=open")],
  },
  {
    code: "LINT_ATTACK_TACTIC",
    faulty: [rule("r", "evt.type=open").replace("T1059", "T1565")],
    mended: [rule("r", "evt.type=open")],
  },
  {
    code: "LINT_COMPLIANCE_TAG",
    faulty: [rule("r", "evt.type=open").replace("T1059", "PCI_DSS_10.2.5")],
    mended: [rule("r", "evt.type=open").replace("T1059", "PCI_DSS_11.5.2")],
  },
  {
    code: "LINT_OUTPUT_LACKS",
    faulty: [rule("r", "evt.type=open").replace("%user.name", "").replace("%proc.pname", "")],
    mended: [rule("r", "evt.type=open")],
  },
];

describe("every lint", () => {
  test.each(CASES.map((row) => [row.code, row.faulty.join(""), row] as const))(
    "%s %#",
    (code, _text, { faulty, mended }) => {
      expect(codesOf(...faulty)).toEqual([code]);
      expect(codesOf(...mended)).toEqual([]);
    },
  );

  test("has a case here", () => {
    const tested = new Set([...CASES.map(({ code }) => code), "LINT_FILE_SKIPPED"]);
    expect(LINT_CODES.filter((code) => !tested.has(code))).toEqual([]);
  });

  test("is in the documents with its severity", () => {
    const text = readFileSync(resolve(import.meta.dirname, "../../../docs/rules.md"), "utf8");
    const rows = [...text.matchAll(/^\| `(LINT_[A-Z_]+)` +\| (error|warning|note) +\|/gm)].map(([, code, severity]) => [
      code,
      severity,
    ]);
    expect(rows).toEqual(LINT_CODES.map((code) => [code, LINTS[code].severity]));
  });

  test("has a reason, an example and the same mended", () => {
    for (const row of Object.values(LINTS)) {
      expect(row.reason).toMatch(/^[^a-z].*\.$/s);
      expect(row.example).not.toBe(row.mended);
    }
  });
});

describe("what is said", () => {
  test.each([
    [
      "LINT_COMM_TOO_LONG",
      rule("r", "evt.type=execve and proc.pname = docker-entrypoint"),
      "proc.pname never holds docker-entrypoint: that is 17 bytes, and the kernel keeps 15",
      "Write docker-entrypoi, or compare proc.exepath.",
    ],
    [
      "LINT_NEVER_MATCHES",
      rule("r", "evt.type=execve and proc.name=a and evt.type = open"),
      '"evt.type = execve" and "evt.type = open" exclude each other',
      "Join the alternatives with or, make two rules of it, or remove one of the clauses.",
    ],
    [
      "LINT_WILDCARD_LITERAL",
      rule("r", "evt.type=open and fd.name in (/etc/*)"),
      "in takes the * of /etc/* as a plain character",
      "Write fd.name startswith /etc/.",
    ],
    [
      "LINT_DEPRECATED_FIELD",
      rule("r", "evt.type=open and evt.dir=>"),
      "evt.dir = > matches nothing any more: Falco sees only the end of calls",
      "Remove the check, and compare what the call returned instead.",
    ],
    [
      "LINT_ATTACK_TAG",
      rule("r", "evt.type=open").replace("mitre_execution", "mitre_execute"),
      'tag "mitre_execute" names no tactic of ATT&CK enterprise',
      "Write mitre_execution.",
    ],
    [
      "LINT_OUTPUT_LACKS",
      rule("r", "evt.type=open").replace("%user.name", ""),
      "the output does not name the user",
      "Add user=%user.name to the output.",
    ],
  ])("%s", (code, text, message, fix) => {
    expect(lint([text]).findings).toMatchObject([{ code, message, fix }]);
  });

  test("how many rules a redefinition changes", () => {
    const stock = `- macro: m\n  condition: evt.type=open\n${rule("a", "m")}${rule("b", "m and proc.name=x")}${rule("c", "evt.type=close")}`;
    const { findings } = lint([stock, "- macro: m\n  condition: evt.type=creat\n"], { off: ["LINT_SHADOWED"] });
    expect(findings.map(({ message }) => message)).toEqual([
      'macro m of 1.yaml:1 gets another meaning; this file\'s redefinitions change 2 rules of earlier files, among them "a"',
    ]);
  });

  test("the place is the place in the file, inside folded text and inside macros too", () => {
    const text = `- macro: m\n  condition: >\n    evt.type=execve\n    and proc.name=docker-entrypoint\n${rule("r", "m")}`;
    expect(lint([text]).findings).toMatchObject([
      {
        code: "LINT_COMM_TOO_LONG",
        file: "1.yaml",
        line: 4,
        column: 19,
        within: ['macro "m"'],
        frame: " |     and proc.name=docker-entrypoint\n |                   ^^^^^^^^^^^^^^^^^",
      },
    ]);
  });

  test("a fault in a list is told once, at the list", () => {
    const text = `- list: l\n  items: [sh, docker-entrypoint]\n${rule("a", "evt.type=execve and proc.name in (l)")}${rule("b", "evt.type=open and proc.name in (l)")}`;
    expect(lint([text]).findings.map(({ code, line, column }) => [code, line, column])).toEqual([
      ["LINT_COMM_TOO_LONG", 2, 15],
    ]);
  });
});

describe("nothing is said of", () => {
  test.each([
    ["a rule that is switched off on purpose", "evt.type=open and evt.num=0"],
    ["the opposite of a switch", "evt.type=open and evt.num=0 and not evt.num=0"],
    ["a mount that is not there", "evt.type=open and container.mount.dest[/etc] != N/A"],
    ["an empty list for users to fill", "evt.type=open and proc.name in ()"],
    ["event names that look like lists' names", "evt.type in (process_vm_readv, process_vm_writev)"],
    ["names in quotes", 'evt.type=open and proc.name in ("some_tools_list")'],
    ["a negated check of a field that the event lacks", "evt.type=execve and not fd.name startswith /etc"],
    ["a glob", "evt.type=open and fd.name glob /etc/*/x and proc.cmdline contains *"],
    ["a field that may be absent, compared on purpose", "evt.type=open and container.image.repository exists"],
  ])("%s", (_what, condition) => {
    expect(codesOf(rule("r", condition))).toEqual([]);
  });

  test("a rule that does not run, be it shadowed", () => {
    expect(
      codesOf(
        rule("wide", "evt.type=execve") + rule("narrow", "evt.type=execve and proc.name=x", "  enabled: false\n"),
      ),
    ).toEqual([]);
  });

  test("the rules that are shipped", () => {
    const name = resolve(
      import.meta.dirname,
      "../../../skills/performing-cloud-native-forensics-with-falco/rules/container-forensics.yaml",
    );
    const { findings } = lint([readFileSync(name, "utf8")]);
    expect(findings.filter(({ severity }) => severity !== "note")).toEqual([]);
  });
});

describe("sets that are made to be slow", () => {
  test("macros that double each other", () => {
    const macros = Array.from({ length: 15 }, (_, at) =>
      at === 0
        ? "- macro: m0\n  condition: (proc.name=a)\n"
        : `- macro: m${at}\n  condition: (m${at - 1} or not m${at - 1} and proc.pname=x${at})\n`,
    );
    expect(codesOf(`${macros.join("")}${rule("r", "evt.type=open and m14")}`)).toEqual([]);
  });

  test("pairs of rules beyond the bound are left out, and that is said", () => {
    const rules = Array.from({ length: 220 }, (_, at) =>
      rule(`r${at}`, `evt.type=open and fd.num > ${at} and fd.num < ${at + 5}`),
    );
    const { leftOut } = lint([rules.join("")]);
    expect(leftOut).toEqual(["4090 pairs of rules were not looked at for LINT_SHADOWED"]);
  });
});

describe("switching lints off", () => {
  const faulty = rule("r", "evt.type=execve and proc.name=docker-entrypoint");
  test.each([
    ["above the item", `- list: unused\n  items: [a]\n# lint-off LINT_COMM_TOO_LONG\n${faulty}`, 1],
    ["in the item", faulty.replace("  desc: d", "  desc: d # lint-off LINT_SHADOWED, LINT_COMM_TOO_LONG"), 1],
    ["for the file", `# lint-off-file all\n${faulty}`, 1],
    ["for another item", `# lint-off all\n${rule("first", "evt.type=open")}${faulty}`, 0],
    ["another lint", `# lint-off LINT_SHADOWED\n${faulty}`, 0],
    ["a word that is no lint", `# lint-off everything\n${faulty}`, 0],
  ])("by a comment %s", (_where, text, suppressed) => {
    const report = lint([text]);
    expect(report.suppressed).toBe(suppressed);
    expect(report.findings.map(({ code }) => code)).toEqual(suppressed === 1 ? [] : ["LINT_COMM_TOO_LONG"]);
  });

  test("by an option", () => {
    expect(lint([faulty], { off: ["LINT_COMM_TOO_LONG"] })).toMatchObject({ findings: [], suppressed: 0 });
    expect(findLint("comm-too-long")).toBe("LINT_COMM_TOO_LONG");
    expect(findLint("LINT_NOTHING")).toBeUndefined();
  });
});

test("a skipped file is a finding of its own", () => {
  expect(skippedFile({ path: "rules.txt", reason: "its name does not end in .yaml or .yml" })).toMatchObject({
    code: "LINT_FILE_SKIPPED",
    message: 'Falco does not read "rules.txt": its name does not end in .yaml or .yml',
    line: 1,
  });
});

test("rules with errors are linted as far as they load", () => {
  const files = [
    {
      name: "x.yaml",
      text: `${rule("broken", "evt.type=")}${rule("r", "evt.type=execve and proc.name=docker-entrypoint")}`,
    },
  ];
  const { ok, ruleSet } = loadRules(files);
  expect(ok).toBe(false);
  expect(ruleSet.rules.map(({ name }) => name)).toEqual(["r"]);
});
