import { describe, expect, test } from "vitest";
import {
  attackUrl,
  findTactic,
  findTechnique,
  replacementOf,
  TACTICS,
  TECHNIQUES,
} from "../../../src/rules/attack/attack.ts";
import { ATTACK_RETIRED } from "../../../src/rules/attack/attack-table.ts";

describe("the table of ATT&CK 18.1", () => {
  test("has the matrix's counts", () => {
    expect(TACTICS).toHaveLength(14);
    expect(TECHNIQUES.filter(({ parent }) => parent === undefined)).toHaveLength(216);
    expect(TECHNIQUES.filter(({ parent }) => parent !== undefined)).toHaveLength(475);
  });

  test("holds to its own laws", () => {
    const ids = TECHNIQUES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort());
    for (const { id, name, tactics, parent } of TECHNIQUES) {
      expect(id).toMatch(parent === undefined ? /^T\d{4}$/ : /^T\d{4}\.\d{3}$/);
      expect(name).toMatch(/^\S.*\S$/);
      expect(tactics.length).toBeGreaterThan(0);
      for (const tactic of tactics) expect(findTactic(tactic), `${id} ${tactic}`).toBeDefined();
      if (parent !== undefined) expect(findTechnique(parent), id).toBeDefined();
    }
  });

  test("a retired id is not in use, and leads to one that is", () => {
    for (const pair of ATTACK_RETIRED.split(" ")) {
      const [id = "", to = ""] = pair.split(":");
      expect(findTechnique(id), pair).toBeUndefined();
      if (to !== "-") expect(findTechnique(to), pair).toBeDefined();
    }
  });

  test.each([
    ["T1059", "Command and Scripting Interpreter", ["execution"]],
    ["T1059.004", "Command and Scripting Interpreter: Unix Shell", ["execution"]],
    ["T1611", "Escape to Host", ["privilege-escalation"]],
    ["T1053.003", "Scheduled Task/Job: Cron", ["execution", "persistence", "privilege-escalation"]],
  ])("%s is %s", (id, name, tactics) => {
    expect(findTechnique(id)).toMatchObject({ id, name, tactics });
  });

  test("retired ids, tactics and addresses", () => {
    expect(replacementOf("T1081")).toBe("T1552.001");
    expect(replacementOf("T1108")).toBe("");
    expect(replacementOf("T1059")).toBeUndefined();
    expect(findTactic("TA0002")).toEqual(findTactic("execution"));
    expect(attackUrl("T1059.004")).toBe("https://attack.mitre.org/techniques/T1059/004/");
    expect(attackUrl("TA0002")).toBe("https://attack.mitre.org/tactics/TA0002/");
  });
});
