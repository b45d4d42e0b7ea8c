import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DeployPlace, deployPlace, rule } from "./deploy-place.ts";
import { bad, between, dead, forgets, hashes, later, once, stubborn } from "./watched-falco.ts";

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

describe("the old files are put back", () => {
  test.each([
    { why: "health goes bad after 3 polls", answer: bad(4), says: "not healthy any more: it died" },
    { why: "the process dies", answer: dead(4), says: "not healthy any more: it could not be asked" },
    { why: "it never loads the new files", answer: stubborn, says: 's: it has another "' },
    { why: "it never comes back", answer: bad(1), says: "within 60 s: it is not healthy: it died" },
    {
      why: "it is gone and stays away",
      answer: between(1, 1_000, { healthy: false, problem: "no Falco runs", isGone: true }),
      says: "no Falco has been running for 15 s",
    },
    { why: "it forgets the files", answer: forgets(5), says: "does not have the files any more" },
    {
      why: "it drops far more",
      answer: later(3, { dropsPerSecond: 31 }, { dropsPerSecond: 10 }),
      says: "31.0 drops a second, 10.0 before",
    },
    {
      why: "it floods alerts",
      answer: later(3, { alertsPerSecond: 500 }, { alertsPerSecond: 1 }),
      says: "500.0 alerts a second, 1.0 before",
    },
  ])("when $why", async ({ answer, says }) => {
    at.falco.answer = answer;
    const outcome = await at.deploy(REQUEST);
    expect(outcome.state).toBe("rolled-back");
    expect(outcome.why).toContain(says);
    expect(at.files()).toEqual(OLD);
    expect(at.names()).toEqual(Object.keys(OLD));
    expect(steps(outcome.journal).slice(-3)).toEqual(["rolling-back", "restored", "rolled-back"]);
    expect(at.records.map(({ step }) => step)).toEqual(["writing", "rolled-back"]);
  });

  test.each([
    { why: "a little more drops", answer: later(3, { dropsPerSecond: 29 }, { dropsPerSecond: 10 }) },
    { why: "more alerts than before", answer: later(3, { alertsPerSecond: 59 }, { alertsPerSecond: 1 }) },
    { why: "numbers that were not known before", answer: later(3, { alertsPerSecond: 900 }, {}) },
    { why: "one answer that fails", answer: once(5, { healthy: false, problem: "busy" }) },
    { why: "a restart of ten seconds", answer: between(2, 12, { healthy: false, problem: "starting" }) },
    { why: "a supervisor's restart", answer: between(2, 12, { healthy: false, isGone: true }) },
  ])("but not for $why", async ({ answer }) => {
    at.falco.answer = answer;
    expect((await at.deploy(REQUEST)).state).toBe("confirmed");
    expect(at.files()).toEqual(NEW);
  });

  test.each([
    { why: "removed", request: { remove: ["b.yaml"] }, says: 'rules.d/b.yaml" is still among its files' },
    {
      why: "added",
      request: { write: [{ name: "c.yaml", text: rule("C") }] },
      says: 'rules.d/c.yaml" is not among its files',
    },
    { why: "replaced", request: { write: [{ name: "a.yaml", text: rule("Z") }] }, says: 'it has another "' },
  ])("when Falco does not notice what was $why", async ({ request, says }) => {
    at.falco.answer = stubborn;
    const outcome = await at.deploy(request);
    expect(outcome.state).toBe("rolled-back");
    expect(outcome.why).toContain(says);
    expect(at.files()).toEqual(OLD);
  });

  test("but a file that has its namesake's bytes cannot be missed", async () => {
    const elsewhere = join(at.place, "b.yaml");
    writeFileSync(elsewhere, OLD["b.yaml"]);
    at.falco.answer = ({ loaded }) => ({ loadedFiles: [...loaded, ...hashes(at.place)] });
    const request = { rulesFiles: [elsewhere, at.folder], write: REQUEST.write, remove: ["b.yaml"] };
    expect((await at.deploy(request)).state).toBe("confirmed");
  });

  test("and Falco confirms those, too", async () => {
    at.falco.answer = (falco) => (falco.polls >= 4 && falco.reloads === 1 ? { healthy: false, problem: "sick" } : {});
    const outcome = await at.deploy(REQUEST);
    expect(outcome.why).toBe("Falco is not healthy any more: sick; Falco has loaded the old files again");
    expect(at.falco.reloads).toBe(2);
  });

  test("when Falco cannot be told to load", async () => {
    const deployments = at.with({
      reload: async () => {
        throw new Error("no such process");
      },
    });
    const outcome = await at.deploy(REQUEST, deployments);
    expect(outcome).toMatchObject({ state: "rolled-back", why: expect.stringContaining("could not be made to load") });
    expect(at.files()).toEqual(OLD);
  });

  test("when the caller gives up while Falco is watched", async () => {
    const stop = new AbortController();
    at.falco.answer = ({ polls }) => {
      if (polls === 6) stop.abort();
      return {};
    };
    const plan = await at.plan(REQUEST);
    const outcome = await at.deployments.deploy(plan.id, await at.approve(plan), stop.signal);
    expect(outcome).toMatchObject({ state: "rolled-back", why: expect.stringContaining("cancelled") });
    expect(at.files()).toEqual(OLD);
  });

  test("with the permissions they had", async () => {
    chmodSync(join(at.folder, "b.yaml"), 0o600);
    at.falco.answer = bad(4);
    await at.deploy(REQUEST);
    expect(statSync(join(at.folder, "b.yaml")).mode & 0o777).toBe(0o600);
  });

  test("except one that somebody else changed meanwhile: that is said, and stays", async () => {
    at.falco.answer = (falco) => {
      if (falco.polls === 4) writeFileSync(join(at.folder, "c.yaml"), rule("Somebody"));
      return bad(5)(falco);
    };
    const outcome = await at.deploy(REQUEST);
    expect(outcome).toMatchObject({
      state: "failed",
      why: expect.stringContaining('"c.yaml" was changed by somebody'),
    });
    expect(at.files()).toEqual({ ...OLD, "c.yaml": rule("Somebody") });
  });
});
