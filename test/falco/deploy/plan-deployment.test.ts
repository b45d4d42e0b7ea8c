import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeploymentRequest } from "../../../src/falco/deploy/deployment.ts";
import { type DeployPlace, deployPlace, macroFile, rule } from "./deploy-place.ts";

let at: DeployPlace;

beforeEach(() => {
  at = deployPlace({ "a.yaml": rule("A"), "b.yaml": rule("B") });
});
afterEach(() => at.close());

const write = (files: Record<string, string>) => Object.entries(files).map(([name, text]) => ({ name, text }));

describe("a plan", () => {
  test("names every file with its hashes, what it means, and what engines and lints say", async () => {
    const plan = await at.plan({
      write: write({ "a.yaml": rule("A", "bash", " and user.uid = 0"), "c.yaml": rule("C", "docker-entrypoint") }),
      remove: ["b.yaml"],
    });
    expect(plan.changes.map(({ action, name }) => [action, name])).toEqual([
      ["add", "c.yaml"],
      ["replace", "a.yaml"],
      ["remove", "b.yaml"],
    ]);
    expect(plan.changes[1]).toMatchObject({ before: { bytes: rule("A").length }, after: { bytes: 140 } });
    expect(plan.diff.rules.map(({ rule: name, change }) => [name, change])).toEqual([
      ["A", "weakened"],
      ["C", "added"],
      ["B", "removed"],
    ]);
    expect(plan.newLints.map(({ code }) => code)).toContain("LINT_COMM_TOO_LONG");
    expect(plan.loads.after.map(({ path }) => path)).toEqual([join(at.folder, "a.yaml"), join(at.folder, "c.yaml")]);
    expect(plan).toMatchObject({ fit: true, wasOk: true, switching: "checked", watchSeconds: 30 });
    expect(plan.verdicts).toEqual([{ engine: "embedded", ok: true, errors: [] }]);
    expect(await at.deployments.get(plan.id)).toEqual(plan);
  });

  test("changes nothing in the folder", async () => {
    const before = at.files();
    await at.plan({ write: write({ "c.yaml": rule("C") }), remove: ["a.yaml"] });
    expect(at.files()).toEqual(before);
    expect(at.names()).toEqual(["a.yaml", "b.yaml"]);
  });

  test("has another digest for another plan", async () => {
    const wanted = { write: write({ "c.yaml": rule("C") }) };
    expect((await at.plan(wanted)).digest).not.toBe((await at.plan(wanted)).digest);
  });

  test("measures the whole set that Falco loads, in its order, folders that do not exist left out", async () => {
    const main = join(at.place, "falco_rules.yaml");
    writeFileSync(main, macroFile("shells"));
    const plan = await at.plan({
      rulesFiles: [main, join(at.place, "gone.yaml"), at.folder],
      write: write({ "0.yaml": rule("0", "bash", " and shells") }),
    });
    expect(plan.loads.after.map(({ path }) => path.slice(at.place.length))).toEqual([
      "/falco_rules.yaml",
      "/rules.d/0.yaml",
      "/rules.d/a.yaml",
      "/rules.d/b.yaml",
    ]);
    expect(plan.fit).toBe(true);
  });

  test("replaces a single file that is listed by itself", async () => {
    const plan = await at.plan({
      rulesFiles: [join(at.folder, "b.yaml"), join(at.folder, "a.yaml")],
      write: write({ "a.yaml": rule("A2") }),
    });
    expect(plan).toMatchObject({ switching: "oneRename", fit: true });
    expect(plan.diff.rules.map(({ rule: name, change }) => [name, change])).toEqual([
      ["A2", "added"],
      ["A", "removed"],
    ]);
  });

  test("of rules that do not load is not fit, and says why", async () => {
    const plan = await at.plan({ write: write({ "c.yaml": rule("C", "bash", " and no_such_macro") }) });
    expect(plan.fit).toBe(false);
    expect(plan.verdicts[0]?.errors.join()).toContain("no_such_macro");
  });

  test("that would leave no rules is not fit", async () => {
    expect(await at.plan({ remove: ["a.yaml", "b.yaml"] })).toMatchObject({ fit: false });
  });

  test("takes the real Falco's word over the embedded engine's", async () => {
    const broken = write({ "c.yaml": rule("C", "bash", " and no_such_macro") });
    const request = { folder: at.folder, reason: "x", write: broken };
    const says = (ok: boolean) => at.with({ validate: async () => ({ engine: "falco 0.44.0", ok, errors: ["no"] }) });
    const plan = await says(true).plan(request);
    expect(plan.fit).toBe(true);
    expect(plan.warnings).toContain("the embedded engine refuses what Falco loads");
    expect((await says(false).plan({ ...request, write: write({ "c.yaml": rule("C") }) })).fit).toBe(false);
  });

  test("hands both whole sets to the port that counts alerts", async () => {
    const seen: string[][] = [];
    const deployments = at.with({
      impact: async (before, after) => {
        seen.push(...[before, after].map((files) => files.map(({ text }) => text)));
        return { basis: "1 capture", gained: [{ rule: "C", count: 3 }], lost: [], notes: ["no network events"] };
      },
    });
    const plan = await deployments.plan({ folder: at.folder, reason: "x", write: write({ "c.yaml": rule("C") }) });
    expect(seen).toEqual([
      [rule("A"), rule("B")],
      [rule("A"), rule("B"), rule("C")],
    ]);
    const { lines } = await deployments.describe(plan);
    expect(lines).toEqual(expect.arrayContaining(["Alerts on 1 capture:", '  +3 "C"', "  no network events"]));
  });

  test("reads as a person needs it", async () => {
    const plan = await at.plan({
      write: write({ "a.yaml": rule("A", "zsh"), "c.yaml": rule("C") }),
      reason: "zsh is what we use",
    });
    const { title, lines } = await at.deployments.describe(plan);
    expect(title).toBe(`change rules in ${at.folder}: 1 added, 1 replaced, 0 removed`);
    expect(lines).toEqual(
      expect.arrayContaining([
        "Reason: zsh is what we use",
        `  add c.yaml, ${rule("C").length} bytes`,
        `    to   ${plan.changes[0]?.after?.sha256}`,
        `    from ${plan.changes[1]?.before?.sha256}`,
        "  embedded: loads",
        "Rules (2 changed, 1 unchanged):",
        "-   condition: evt.type = execve and proc.name = bash",
        "+   condition: evt.type = execve and proc.name = zsh",
        "+ - rule: C",
      ]),
    );
    const ours = lines.filter((line) => !line.includes(at.place));
    expect(ours.filter((line) => line.length > 80)).toEqual([]);
  });

  test("tells of names to remove that are not there, which may be mistyped", async () => {
    const request = { write: write({ "c.yaml": rule("C") }), remove: ["d.yaml", "b.yaml"] };
    expect((await at.plan(request)).warnings).toContain('to be removed and not there: "d.yaml"');
    await expect(at.plan({ remove: ["d.yaml"] })).rejects.toThrow('; to be removed and not there: "d.yaml"');
  });

  test("says nothing of the meaning of a set that does not load", async () => {
    const plan = await at.plan({ write: write({ "c.yaml": "- rule: C\n" }) });
    const { lines } = await at.deployments.describe(plan);
    expect(lines).toContain("  not compared, since the new set does not load");
    expect(lines.join("\n")).not.toContain("no rule means anything else");
  });
});

describe("the order of a switch", () => {
  test.each([
    {
      why: "a macro comes before the rule that uses it",
      have: { "a.yaml": rule("A") },
      write: { "x.yaml": rule("X", "bash", " and m"), "m.yaml": macroFile("m") },
      remove: [],
      order: ["m.yaml", "x.yaml"],
      switching: "checked",
    },
    {
      why: "a macro goes after the rule that used it",
      have: { "0.yaml": macroFile("m"), "a.yaml": rule("A"), "z.yaml": rule("Z", "bash", " and m") },
      write: { "z.yaml": rule("Z") },
      remove: ["0.yaml"],
      order: ["z.yaml", "0.yaml"],
      switching: "checked",
    },
    {
      why: "a macro that moves from one file to a later one is in both for a moment",
      have: { "a.yaml": macroFile("m"), "z.yaml": rule("Z", "bash", " and m") },
      write: { "b.yaml": macroFile("m") },
      remove: ["a.yaml"],
      order: ["b.yaml", "a.yaml"],
      switching: "checked",
    },
    {
      why: "each file needs the other's new text: no order works",
      have: { "0.yaml": macroFile("m"), "1.yaml": rule("Z", "bash", " and m") },
      write: { "0.yaml": macroFile("n"), "1.yaml": rule("Z", "bash", " and n") },
      remove: [],
      order: ["0.yaml", "1.yaml"],
      switching: "unchecked",
    },
  ])("$why", async ({ have, write: files, remove, order, switching }) => {
    const place = deployPlace(have as Record<string, string>);
    try {
      const plan = await place.plan({ write: write(files as Record<string, string>), remove });
      expect(plan.fit).toBe(true);
      expect({ order: plan.changes.map(({ name }) => name), switching: plan.switching }).toEqual({ order, switching });
    } finally {
      place.close();
    }
  });
});

describe("a request is refused", () => {
  const ok = { write: [{ name: "c.yaml", text: rule("C") }] };
  test.each<{ why: string; request: Partial<DeploymentRequest>; code: string }>([
    ...[
      "../c.yaml",
      "sub/c.yaml",
      ".c.yaml",
      "C.yaml",
      "c.txt",
      "c.yaml\n",
      "c\0.yaml",
      "",
      `${"c".repeat(120)}.yaml`,
    ].map((name) => ({
      why: `file name ${JSON.stringify(name)}`,
      request: { write: [{ name, text: "" }] },
      code: "DEPLOY_FILE_NAME",
    })),
    { why: "a name to remove leads out", request: { remove: ["../../etc/passwd.yaml"] }, code: "DEPLOY_FILE_NAME" },
    { why: "nothing named", request: {}, code: "INVALID_ARGUMENT" },
    { why: "written and removed", request: { ...ok, remove: ["c.yaml"] }, code: "INVALID_ARGUMENT" },
    { why: "no reason", request: { ...ok, reason: " " }, code: "INVALID_ARGUMENT" },
    { why: "no time to watch", request: { ...ok, watchSeconds: 0 }, code: "INVALID_ARGUMENT" },
    { why: "relative folder", request: { ...ok, folder: "rules.d" }, code: "DEPLOY_FOLDER_UNSAFE" },
    { why: "folder with dots", request: { ...ok, folder: "/etc/../etc/falco" }, code: "DEPLOY_FOLDER_UNSAFE" },
    { why: "no such folder", request: { ...ok, folder: "/nowhere/rules.d" }, code: "FILE_NOT_FOUND" },
    { why: "Falco reads elsewhere", request: { ...ok, rulesFiles: ["/etc/falco/rules.d"] }, code: "DEPLOY_NOT_LOADED" },
    { why: "all there", request: { write: [{ name: "a.yaml", text: rule("A") }] }, code: "DEPLOY_NOTHING_TO_DO" },
    { why: "gone already", request: { remove: ["z.yaml"] }, code: "DEPLOY_NOTHING_TO_DO" },
  ])("$why", async ({ request, code }) => {
    await expect(at.plan(request)).rejects.toMatchObject({ code });
  });

  test.each([
    { why: "a link", code: "DEPLOY_FOLDER_UNSAFE", spoil: () => link("rules.d") },
    { why: "below a link", code: "DEPLOY_FOLDER_UNSAFE", spoil: () => link("", "rules.d") },
    { why: "a file", code: "DEPLOY_FOLDER_UNSAFE", spoil: () => swap(() => writeFileSync(at.folder, "")) },
    { why: "open to all", code: "DEPLOY_FOLDER_UNSAFE", spoil: () => chmodSync(at.folder, 0o777) },
    { why: "in a folder open to all", code: "DEPLOY_FOLDER_UNSAFE", spoil: () => chmodSync(at.place, 0o777) },
  ])("the folder is $why", async ({ code, spoil }) => {
    const folder = spoil() ?? at.folder;
    await expect(at.plan({ ...ok, folder })).rejects.toMatchObject({ code });
  });

  test.each([
    { why: "a link", make: (path: string) => symlinkSync("/etc/passwd", path) },
    { why: "a folder", make: (path: string) => mkdirSync(path) },
  ])("the file to replace is $why", async ({ make }) => {
    make(join(at.folder, "c.yaml"));
    await expect(at.plan(ok)).rejects.toMatchObject({ code: "DEPLOY_FILE_NAME" });
  });

  function link(which: string, below = ""): string {
    const name = join(at.place, "way");
    symlinkSync(join(at.place, which), name);
    return join(name, below);
  }

  function swap(make: () => void): undefined {
    renameSync(at.folder, `${at.folder}.old`);
    make();
  }
});
