import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withFolderLock } from "../../../src/falco/deploy/folder-lock.ts";
import { type DeployPlace, deployPlace, rule } from "./deploy-place.ts";
import { bad } from "./watched-falco.ts";

const OLD = { "a.yaml": rule("A"), "b.yaml": rule("B") };
const NEW = { "a.yaml": rule("A", "zsh"), "c.yaml": rule("C") };
const REQUEST = {
  write: Object.entries(NEW).map(([name, text]) => ({ name, text })),
  remove: ["b.yaml"],
};

let at: DeployPlace;

beforeEach(() => {
  at = deployPlace(OLD);
});
afterEach(() => at.close());

const steps = (journal: readonly { readonly step: string }[]): string[] => journal.map(({ step }) => step);

describe("a deployment", () => {
  test("is validated, backed up, written, loaded, watched, confirmed and recorded", async () => {
    const outcome = await at.deploy({ ...REQUEST, watchSeconds: 40 });
    expect(at.files()).toEqual(NEW);
    expect(at.names()).toEqual(Object.keys(NEW));
    expect(outcome.state).toBe("confirmed");
    expect(steps(outcome.journal)).toEqual([
      "approved",
      "validated",
      "backed-up",
      "switching",
      "written",
      "reloaded",
      "confirmed",
    ]);
    expect(at.falco).toMatchObject({ reloads: 1, polls: 2 + 1 + 40 });
    expect(at.records.map(({ step, approvedBy }) => [step, approvedBy])).toEqual([
      ["writing", "anna"],
      ["confirmed", "anna"],
    ]);
    const [entry] = await at.deployments.list();
    expect(entry).toMatchObject({ state: "confirmed", journal: outcome.journal });
  });

  test("keeps permissions of what it replaces and lets everybody read what it adds", async () => {
    chmodSync(join(at.folder, "a.yaml"), 0o640);
    const before = process.umask(0o077);
    try {
      await at.deploy(REQUEST);
    } finally {
      process.umask(before);
    }
    expect(statSync(join(at.folder, "a.yaml")).mode & 0o777).toBe(0o640);
    expect(statSync(join(at.folder, "c.yaml")).mode & 0o777).toBe(0o644);
  });

  test("without a Falco to ask ends unconfirmed and says so", async () => {
    const alone = at.without("health", "reload");
    expect(await at.deploy(REQUEST, alone)).toMatchObject({
      state: "unconfirmed",
      why: "no running Falco could be asked",
    });
    expect(at.files()).toEqual(NEW);
  });

  test("that a Falco cannot tell of ends unconfirmed, the new files in place", async () => {
    at.falco.answer = () => ({ loadedFiles: [] });
    const outcome = await at.deploy(REQUEST);
    expect(outcome.state).toBe("unconfirmed");
    expect(outcome.why).toContain("metrics are switched off");
    expect(at.files()).toEqual(NEW);
  });

  test("makes a Falco that only notices names that come and go look again", async () => {
    const seen: number[] = [];
    const deployments = at.without("reload");
    at.falco.answer = (falco) => {
      seen.push(statSync(falco.folder).mtimeMs);
      if (falco.polls === 15) falco.reload();
      return {};
    };
    expect((await at.deploy(REQUEST, deployments)).state).toBe("confirmed");
    expect(seen[12]).toBeGreaterThan(seen[2] ?? 0);
    expect(at.names()).toEqual(Object.keys(NEW));
  });
});

describe("nothing is changed", () => {
  test.each([
    {
      why: "a file was changed since",
      code: "DEPLOY_CHANGED",
      spoil: () => appendFileSync(join(at.folder, "a.yaml"), "#\n"),
    },
    { why: "a file vanished", code: "DEPLOY_CHANGED", spoil: () => unlinkSync(join(at.folder, "b.yaml")) },
    { why: "a file came", code: "DEPLOY_CHANGED", spoil: () => writeFileSync(join(at.folder, "0.yaml"), rule("0")) },
    {
      why: "the file to add is there",
      code: "DEPLOY_CHANGED",
      spoil: () => writeFileSync(join(at.folder, "c.yaml"), NEW["c.yaml"]),
    },
    { why: "a file became a link", code: "DEPLOY_CHANGED", spoil: () => becomeLink(join(at.folder, "a.yaml")) },
    { why: "the folder became a link", code: "DEPLOY_FOLDER_UNSAFE", spoil: () => becomeLink(at.folder) },
    { why: "the folder vanished", code: "FILE_NOT_FOUND", spoil: () => rmSync(at.folder, { recursive: true }) },
    { why: "the folder was opened to all", code: "DEPLOY_FOLDER_UNSAFE", spoil: () => chmodSync(at.folder, 0o777) },
    {
      why: "the plan was changed",
      code: "APPROVAL_MISMATCH",
      spoil: (id: string) => edit(join(at.home, id, "plan.json"), "a test", "a  test"),
    },
    {
      why: "the new bytes were changed",
      code: "DEPLOY_DAMAGED",
      spoil: (id: string) => appendFileSync(join(at.home, id, "after", "c.yaml"), "#\n"),
    },
    {
      why: "the backup was changed",
      code: "DEPLOY_DAMAGED",
      spoil: (id: string) => appendFileSync(join(at.home, id, "before", "a.yaml"), "#\n"),
    },
    {
      why: "the plan is gone",
      code: "DEPLOY_NOT_FOUND",
      spoil: (id: string) => rmSync(join(at.home, id), { recursive: true }),
    },
    {
      why: "the plan leads elsewhere",
      code: "DEPLOY_DAMAGED",
      spoil: (id: string) => edit(join(at.home, id, "plan.json"), '"c.yaml"', '"../c.yaml"'),
    },
  ])("when $why", async ({ code, spoil }) => {
    const plan = await at.plan(REQUEST);
    const approval = await at.approve(plan);
    spoil(plan.id);
    const before = shown();
    await expect(at.deployments.deploy(plan.id, approval)).rejects.toMatchObject({ code });
    expect(shown()).toEqual(before);
    expect(at.falco.reloads).toBe(0);
  });

  test.each([
    { why: "nobody approved", code: "APPROVAL_WAITING", approval: async () => (await ask()).id },
    { why: "it was refused", code: "APPROVAL_REFUSED", approval: async () => refuse((await ask()).id) },
    {
      why: "another plan was approved",
      code: "APPROVAL_MISMATCH",
      approval: async () => at.approve(await at.plan(REQUEST)),
    },
    { why: "there is no such approval", code: "APPROVAL_NOT_FOUND", approval: async () => "0000" },
  ])("when $why", async ({ code, approval }) => {
    const plan = await at.plan(REQUEST);
    latest = plan.digest;
    await expect(at.deployments.deploy(plan.id, await approval())).rejects.toMatchObject({ code });
    expect(at.files()).toEqual(OLD);
    expect(await at.deployments.list()).toContainEqual(expect.objectContaining({ id: plan.id, state: "planned" }));
  });

  test("when the plan was carried out before, or the approval was used", async () => {
    const plan = await at.plan(REQUEST);
    const approval = await at.approve(plan);
    await at.deployments.deploy(plan.id, approval);
    await expect(at.deployments.deploy(plan.id, approval)).rejects.toMatchObject({ code: "DEPLOY_DONE" });
    await expect(at.approvals.take(approval, plan.digest)).rejects.toMatchObject({ code: "APPROVAL_USED" });
  });

  test("when the embedded engine refuses the rules", async () => {
    const broken = { write: [{ name: "c.yaml", text: rule("C", "bash", " and no_such_macro") }] };
    await expect(at.deploy(broken)).rejects.toMatchObject({ code: "DEPLOY_RULES_BROKEN" });
    expect(at.files()).toEqual(OLD);
  });

  test("when the real Falco refuses the rules by the time they are written", async () => {
    let ok = true;
    const deployments = at.with({ validate: async () => ({ engine: "falco 0.44.0", ok, errors: ["bad"] }) });
    const plan = await deployments.plan({ folder: at.folder, reason: "x", ...REQUEST });
    const approval = await at.approve(plan);
    ok = false;
    await expect(deployments.deploy(plan.id, approval)).rejects.toMatchObject({ code: "DEPLOY_RULES_BROKEN" });
    expect(at.files()).toEqual(OLD);
    ok = true;
    expect((await deployments.deploy(plan.id, approval)).state).toBe("confirmed");
  });

  test("when the audit trail cannot take it", async () => {
    const deployments = at.with({
      record: async ({ step }) => {
        if (step === "writing") throw new Error("no room");
      },
    });
    await expect(at.deploy(REQUEST, deployments)).rejects.toThrow("no room");
    expect(at.files()).toEqual(OLD);
    expect(at.names()).toEqual(Object.keys(OLD));
    expect((await at.deployments.list())[0]).toMatchObject({ state: "failed" });
  });

  test.each([
    { step: "backed-up", spoil: () => appendFileSync(join(at.folder, "a.yaml"), "#\n") },
    { step: "staged", spoil: () => appendFileSync(join(at.folder, "a.yaml"), "#\n") },
    { step: "staged", spoil: () => writeFileSync(join(at.folder, "0.yaml"), rule("0")) },
    { step: "switching", spoil: () => appendFileSync(join(at.folder, "b.yaml"), "#\n") },
    { step: "switching", spoil: () => writeFileSync(join(at.folder, "c.yaml"), rule("Somebody")) },
    { step: "switching", spoil: () => becomeLink(join(at.folder, "a.yaml")) },
    { step: "switching", spoil: () => becomeLink(at.folder), code: "DEPLOY_FOLDER_UNSAFE" },
  ])("when something changes at the last moment, after $step", async ({ step, spoil, code = "DEPLOY_CHANGED" }) => {
    let before: unknown;
    const deployments = at.with({
      afterStep: (taken) => {
        if (taken !== step) return;
        spoil();
        before = at.files();
      },
    });
    await expect(at.deploy(REQUEST, deployments)).rejects.toMatchObject({ code });
    expect(at.files()).toEqual(before);
    expect(at.names().filter((name) => name.includes("falco-skills"))).toEqual([]);
    expect((await at.deployments.list())[0]).toMatchObject({ state: "failed" });
    expect(at.records.map((record) => record.step)).toEqual(["writing", "failed"]);
  });

  test("while another deployment into the folder is under way", async () => {
    const plan = await at.plan(REQUEST);
    const approval = await at.approve(plan);
    await withFolderLock(at.folder, async () => {
      await expect(at.deployments.deploy(plan.id, approval)).rejects.toMatchObject({ code: "DEPLOY_BUSY" });
    });
    expect((await at.deployments.deploy(plan.id, approval)).state).toBe("confirmed");
  });

  let latest = "";
  const ask = () => at.approvals.ask({ kind: "deploy_rules", title: "t", lines: [], digest: latest });
  const refuse = async (id: string) => (await at.approvals.refuse(id, { name: "anna", method: "terminal" })).id;
});

/** A disk to fill needs the right to mount one; where that is missing these tests do not exist. */
const withDisk = canMount() ? describe : () => {};
withDisk("with a disk of its own", () => {
  test("a full disk stops it before anything is changed", async () => {
    await onDisk("size=64k", async () => {
      const plan = await at.plan({ write: [{ name: "c.yaml", text: rule("C") + "# long\n".repeat(20_000) }] });
      const approval = await at.approve(plan);
      await expect(at.deployments.deploy(plan.id, approval)).rejects.toMatchObject({ code: "DISK_FULL" });
      expect(at.files()).toEqual(OLD);
      expect(at.names()).toEqual(Object.keys(OLD));
      expect((await at.deployments.list())[0]).toMatchObject({ state: "failed" });
    });
  });

  test("a read-only folder is refused when planned and when deployed", async () => {
    await onDisk("size=1m", async () => {
      const plan = await at.plan(REQUEST);
      const approval = await at.approve(plan);
      execFileSync("mount", ["-o", "remount,ro", at.folder]);
      const refusal = { code: "DEPLOY_FOLDER_NOT_WRITABLE" };
      await expect(at.deployments.deploy(plan.id, approval)).rejects.toMatchObject(refusal);
      await expect(at.plan(REQUEST)).rejects.toMatchObject(refusal);
      expect(at.files()).toEqual(OLD);
    });
  });

  test("a folder that turns read-only before the way back is settled later", async () => {
    await onDisk("size=1m", async () => {
      at.falco.answer = (falco) => {
        if (falco.polls === 4) execFileSync("mount", ["-o", "remount,ro", at.folder]);
        return bad(5)(falco);
      };
      const outcome = await at.deploy(REQUEST);
      expect(outcome).toMatchObject({ state: "failed", why: expect.stringContaining("could not be put back yet") });
      expect(at.files()).toEqual(NEW);
      expect((await at.deployments.list())[0]?.state).toBe("interrupted");
      execFileSync("mount", ["-o", "remount,rw", at.folder]);
      at.falco.answer = () => ({});
      expect(await at.deployments.recover()).toMatchObject([{ state: "rolled-back" }]);
      expect(at.files()).toEqual(OLD);
    });
  });

  async function onDisk(options: string, work: () => Promise<void>): Promise<void> {
    execFileSync("mount", ["-t", "tmpfs", "-o", `${options},mode=0755`, "tmpfs", at.folder]);
    try {
      for (const [name, text] of Object.entries(OLD)) writeFileSync(join(at.folder, name), text);
      at.falco.reload();
      at.falco.reloads = 0;
      await work();
    } finally {
      execFileSync("umount", [at.folder]);
    }
  }
});

describe("a rollback", () => {
  test("is a new deployment with the former bytes, planned and approved like any other", async () => {
    const first = await at.deploy(REQUEST);
    const plan = await at.deployments.planRollback(first.id, { reason: "too loud" });
    expect(plan).toMatchObject({ rollbackOf: first.id, fit: true, warnings: [expect.stringContaining("no Falco")] });
    expect(at.files()).toEqual(NEW);
    expect((await at.deployments.deploy(plan.id, await at.approve(plan))).state).toBe("confirmed");
    expect(at.files()).toEqual(OLD);
  });

  test("of an older one says what goes with it", async () => {
    const first = await at.deploy(REQUEST);
    const second = await at.deploy({ write: [{ name: "a.yaml", text: rule("A", "fish") }] });
    const plan = await at.deployments.planRollback(first.id, { reason: "back" });
    expect(plan.warnings).toContain(`"a.yaml" was deployed again since, by ${second.id}: that goes, too`);
  });

  test("of one that was rolled back has nothing to do", async () => {
    at.falco.answer = bad(4);
    const { id } = await at.deploy(REQUEST);
    await expect(at.deployments.planRollback(id, { reason: "back" })).rejects.toMatchObject({
      code: "DEPLOY_NOTHING_TO_DO",
    });
  });
});

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function becomeLink(path: string): void {
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
}
function edit(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
}
function shown(): unknown {
  return existsSync(at.folder) ? [at.files(), at.names()] : "no folder";
}
