import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Connection, connect, type Form } from "../support/connect.ts";
import { makeFakeFalco, setFakeFalco } from "../support/fake-falco/fake-falco.ts";
import { REAL_FALCO } from "../support/fake-falco/under-test.ts";

/** run_falco over a Falco binary, through the server: a player of recordings, or the real one that FALCO_BIN names. */

vi.setConfig({ testTimeout: 120_000 });

const CAPTURE = resolve(import.meta.dirname, "../fixtures/captures/web-intrusion.scap");
const GOOD =
  '- rule: r\n  desc: d\n  condition: evt.type=execve\n  output: "x %proc.name"\n  priority: WARNING\n  tags: [t]\n';

interface Place {
  readonly server: Connection;
  readonly forms: Form[];
  /** Makes the player misbehave; nothing on a real Falco. */
  behave(mode: string | undefined): void;
}

async function open(flags: readonly string[] = [], approve = true): Promise<Place> {
  const root = mkdtempSync(join(tmpdir(), "falco-skills-e2e-"));
  const [captures, rules, bin] = [join(root, "captures"), join(root, "rules"), join(root, "bin")];
  for (const folder of [captures, rules]) mkdirSync(folder);
  // The recordings know captures by their names.
  copyFileSync(CAPTURE, join(captures, "cap.scap"));
  writeFileSync(join(rules, "good.yaml"), GOOD);
  writeFileSync(join(rules, "bad.yaml"), GOOD.replace("evt.type=execve", "evt.type=execve and"));
  const falco = REAL_FALCO ?? makeFakeFalco(bin);
  const roots = [
    "--home",
    join(root, "home"),
    "--rules-root",
    rules,
    "--captures-root",
    captures,
    "--falco-bin",
    falco,
  ];
  const forms: Form[] = [];
  const server = await connect("2026-07-28", [...roots, ...flags], {}, (form) => {
    forms.push(form);
    return { action: "accept", content: { approve, name: "Ada Kovács" } };
  });
  onTestFinished(async () => {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  });
  for (const name of ["good", "bad"]) await server.answer("load_rules", { name, paths: [`${name}.yaml`] });
  const behave = (mode: string | undefined) =>
    REAL_FALCO === undefined ? setFakeFalco(bin, mode === undefined ? {} : { mode }) : undefined;
  return { server, forms, behave };
}

test("falco_status names the binary and the embedded engine", async () => {
  const { server } = await open();
  const { engines } = await server.answer("falco_status");
  expect(engines).toMatchObject([{ name: "falco", version: expect.stringMatching(/^\d/) }, { name: "embedded" }]);
});

test("auto takes the binary, its alerts are kept under the run, and a limit it lacks goes to the embedded engine", async () => {
  const { server } = await open();
  const replay = { mode: "replay", rules: "good", capture: "cap.scap" };
  const run = await server.answer("run_falco", replay);
  expect(run).toMatchObject({
    engine: expect.stringMatching(/^falco \d/),
    state: "finished",
    ended_by: "end of input",
  });
  const { matched } = await server.answer("search_alerts", { run_id: run.run_id });
  expect(matched).toBe(run.added);
  expect(run.alerts).toBeGreaterThan(0);
  const limited = await server.answer("run_falco", { ...replay, limits: { events: 100 } });
  expect(limited).toMatchObject({ engine: expect.stringMatching(/^embedded/), events: 100 });
  expect(String(limited.warnings)).toContain("no limit of events");
  const { runs } = await server.answer("run_falco", { mode: "list" });
  expect(runs).toMatchObject([{ mode: "replay" }, { mode: "replay", alerts: run.alerts }]);
});

test.each(["good", "bad"])("compare finds no difference in the verdict on %s rules", async (rules) => {
  const { server } = await open();
  const verdict = await server.answer("run_falco", { mode: "validate", rules, compare: true });
  expect(verdict).toMatchObject({ ok: rules === "good", compared: { same: true, differences: [] } });
  if (rules === "bad")
    expect(verdict.problems).toMatchObject([{ code: "LOAD_ERR_COMPILE_CONDITION", severity: "error" }]);
});

// The recordings were made over another capture.
if (REAL_FALCO !== undefined)
  test("compare finds no difference in the alerts", async () => {
    const { server } = await open();
    const run = await server.answer("run_falco", { mode: "replay", rules: "good", capture: "cap.scap", compare: true });
    expect(run.compared).toMatchObject({ same: true });
  });

// A real Falco does neither when asked.
const MISHAPS = [
  ["dies-mid-line", "FALCO_CRASHED"],
  ["half-line", undefined],
] as const;
test.each(REAL_FALCO === undefined ? MISHAPS : [])(
  "a Falco that does %s: what came before stands, and the fault is told",
  async (mode, code) => {
    const { server, behave } = await open();
    behave(mode);
    const run = await server.answer("run_falco", {
      mode: "replay",
      rules: "good",
      capture: "cap.scap",
      engine: "falco",
    });
    expect(run.alerts).toBeGreaterThan(0);
    expect((run.fault as { code?: string } | undefined)?.code).toBe(code);
    expect(String(run.warnings)).toMatch(code === undefined ? /passed over/ : /CRASHED/);
  },
);

test("live needs --allow-changes", async () => {
  const { server, forms } = await open();
  const refused = await server.call("run_falco", { mode: "live", rules: "good", seconds: 2 });
  expect(refused.content[0]?.text).toContain("TOOL_WITHHELD");
  expect(forms).toEqual([]);
});

test("live asks a person, who may say no", async () => {
  const { server, forms } = await open(["--allow-changes"], false);
  const refused = await server.call("run_falco", { mode: "live", rules: "good", seconds: 2 });
  expect(refused.content[0]?.text).toContain("APPROVAL_REFUSED");
  expect(forms[0]?.message).toContain("watches every system call of this host for 2 seconds");
  expect(await server.answer("run_falco", { mode: "list" })).toMatchObject({ runs_kept: 0 });
});

test("live without a driver says so, and the run is kept", async () => {
  const { server } = await open(["--allow-changes"]);
  const run = await server.answer("run_falco", { mode: "live", rules: "good", seconds: 2 });
  expect(run).toMatchObject({ state: "faulty", ended_by: "fault" });
  expect((run.fault as { code: string }).code).toMatch(/^FALCO_(?:NO_DRIVER|ENGINE_UNSUPPORTED|NOT_ROOT)/);
});
