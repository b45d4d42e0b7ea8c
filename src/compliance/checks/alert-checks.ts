import { findTechnique, replacementOf } from "../../rules/attack/attack.ts";
import type { FieldCondition } from "../../store/alert-store.ts";
import { type Check, type CheckInputs, fail, pass, unknown } from "./check.ts";

const NO_WINDOW = "no window was fixed: pass from and to";
const MOST_NAMED = 8;

const sum = (groups: readonly { readonly count: number }[]) => groups.reduce((total, { count }) => total + count, 0);

/** Matched alerts are the sum by rule and the sum by priority, and no file of the store is damaged. */
export const countsReconcile: Check = ({ window, store, total, byRule, byPriority }) => {
  if (window === undefined) return unknown(NO_WINDOW);
  if (store.setAside.length > 0) return fail(`${store.setAside.length} files of the alert store are damaged`);
  if (byRule.groupCount > byRule.groups.length) return unknown(`more than ${byRule.groups.length} rules occur`);
  const [rules, priorities] = [sum(byRule.groups), sum(byPriority.groups)];
  if (total.matched !== rules || total.matched !== priorities) {
    return fail(`${total.matched} alerts match, by rule they sum to ${rules}, by priority to ${priorities}`);
  }
  return pass(
    `${total.matched} alerts in the window, ${byRule.groups.length} rules, ${byPriority.groups.length} priorities: all sums agree`,
  );
};

export const alertsGrouped: Check = async ({ window, alerts, filter, total }) => {
  if (window === undefined) return unknown(NO_WINDOW);
  const { groups, groupCount } = await alerts.summarize({ filter, by: ["rule", "field:container.id"], limit: 5_000 });
  if (groupCount > groups.length) return unknown(`there are ${groupCount} groups, more than were counted`);
  const grouped = sum(groups);
  if (grouped !== total.matched) return fail(`${grouped} of ${total.matched} alerts are in a group`);
  return pass(`${total.matched} alerts in ${groups.length} groups of rule and container`);
};

/** Technique tags of the alerts are in the catalogue of ATT&CK as it is now, and each rule has one. */
export const techniquesAssigned: Check = async ({ window, alerts, filter, byRule }) => {
  if (window === undefined) return unknown(NO_WINDOW);
  const { groups, groupCount } = await alerts.summarize({ filter, by: ["rule", "tag"], limit: 5_000 });
  if (groupCount > groups.length)
    return unknown(`there are ${groupCount} pairs of rule and tag, more than were counted`);
  const faults: string[] = [];
  for (const { values } of byRule.groups) {
    const tags = groups.filter((group) => group.values[0] === values[0]).map((group) => group.values[1] ?? "");
    const techniques = tags.filter((tag) => /^T\d{4}/.test(tag));
    const wrong = techniques.filter((tag) => findTechnique(tag) === undefined);
    if (techniques.length === 0) faults.push(`${values[0]} has no technique`);
    for (const tag of wrong)
      faults.push(`${values[0]}: ${tag} is ${replacementOf(tag) === undefined ? "unknown" : "retired"}`);
  }
  if (faults.length === 0) return pass(`${byRule.groups.length} rules, each with techniques that the catalogue has`);
  const more = faults.length - MOST_NAMED;
  return fail(`${faults.slice(0, MOST_NAMED).join("; ")}${more > 0 ? `; and ${more} more` : ""}`);
};

interface Detection {
  readonly what: string;
  readonly fields: readonly FieldCondition[];
  /** A rule that can fire on one of these could have seen it. */
  readonly events: readonly string[];
}

const isIn = (field: string, ...values: string[]): FieldCondition => ({ fields: [field], operator: "in", values });
const EXECUTED = ["execve", "execveat"];

const DETECTIONS: readonly Detection[] = [
  {
    what: "shell where none belongs",
    fields: [isIn("proc.name", "bash", "sh", "zsh", "dash", "csh", "ash", "ksh"), isIn("evt.type", ...EXECUTED)],
    events: EXECUTED,
  },
  {
    what: "sensitive file read",
    fields: [
      {
        fields: ["fd.name"],
        operator: "startswith",
        values: ["/etc/shadow", "/etc/passwd", "/etc/sudoers", "/etc/pam", "/root/.ssh"],
      },
    ],
    events: ["open", "openat", "openat2"],
  },
  {
    what: "unexpected outbound connection",
    fields: [isIn("evt.type", "connect", "sendto", "sendmsg")],
    events: ["connect", "sendto", "sendmsg"],
  },
  {
    what: "setuid or setgid escalation",
    fields: [isIn("evt.type", "setuid", "setgid", "setresuid", "setresgid", "chmod", "fchmod", "fchmodat")],
    events: ["setuid", "setgid", "setresuid", "setresgid", "chmod", "fchmod", "fchmodat"],
  },
  {
    what: "escape by mount or ptrace",
    fields: [isIn("evt.type", "mount", "ptrace", "unshare", "setns", "move_mount")],
    events: ["mount", "ptrace", "unshare", "setns"],
  },
];

/** Each of the five is answered: yes with alerts, no where a running rule could have seen it, else not visible. */
export const fiveDetections: Check = async (inputs) => {
  if (inputs.window === undefined) return unknown(NO_WINDOW);
  const answers: string[] = [];
  const evidence: string[] = [];
  let invisible = 0;
  for (const detection of DETECTIONS) {
    const filter = { ...inputs.filter, fields: [...(inputs.filter.fields ?? []), ...detection.fields] };
    const page = await inputs.alerts.search(filter, { limit: 5, order: "oldest" });
    evidence.push(...page.alerts.map(({ id }) => id));
    if (page.matched > 0) answers.push(`${detection.what}: yes, ${page.matched} alerts`);
    else if (isVisible(inputs, detection)) answers.push(`${detection.what}: no`);
    else {
      invisible += 1;
      answers.push(`${detection.what}: not visible`);
    }
  }
  const rules = inputs.ruleSets?.length ?? 0;
  if (invisible > 0 && rules === 0) {
    return unknown(`${answers.join("; ")} (no rule set is loaded, so silence means nothing)`, { evidence });
  }
  return pass(answers.join("; "), { evidence });
};

function isVisible({ ruleSets, drops }: CheckInputs, { events }: Detection): boolean {
  if (drops.matched > 0) return false;
  return (ruleSets ?? []).some(({ ruleSet }) =>
    ruleSet.rules.some(
      (rule) => rule.active && rule.source === "syscall" && rule.events.some((name) => events.includes(name)),
    ),
  );
}

/** How far a host's clock may be from ours before it is said. */
const AHEAD_MS = 2_000;
const LIVE_MS = 5_000;

/**
 * The offset of each host's clock, as alerts that were received while they happened show it: an alert from the future
 * proves a clock ahead; one received within seconds bounds the offset. Imported files say nothing.
 */
export const clockOffset: Check = async ({ window, alerts, filter }) => {
  if (window === undefined) return unknown(NO_WINDOW);
  const { alerts: sample } = await alerts.search(filter, { limit: 500, order: "newest" });
  const least = new Map<string, { ms: number; id: string }>();
  for (const { hostname, timeNs, receivedAtMs, id } of sample) {
    const ms = receivedAtMs - Number(timeNs / 1_000_000n);
    if (ms < (least.get(hostname)?.ms ?? Number.POSITIVE_INFINITY)) least.set(hostname, { ms, id });
  }
  const rows = [...least].slice(0, 32);
  const evidence = rows.map(([, { id }]) => id);
  const ahead = rows.filter(([, { ms }]) => ms < -AHEAD_MS);
  if (ahead.length > 0) {
    return fail(`clocks run ahead: ${ahead.map(([host, { ms }]) => `${host} by ${-ms} ms`).join(", ")}`, { evidence });
  }
  const late = rows.filter(([, { ms }]) => ms > LIVE_MS);
  if (rows.length === 0) return unknown("no alert lies in the window");
  if (late.length > 0) {
    const hosts = late.map(([host]) => host || "(no name)").join(", ");
    return unknown(`alerts of ${hosts} were imported later, which says nothing of the clock`, { evidence });
  }
  return pass(`${rows.length} clocks are within ${LIVE_MS} ms of this machine's`, { evidence });
};
