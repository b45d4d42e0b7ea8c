import { type Check, type CheckInputs, type Finding, fail, pass, unknown, worstOf } from "./check.ts";

/** Lost events of this share and more make silence meaningless. */
const MOST_DROPS_PERCENT = 1;

/** The sensor's own word: newest metrics snapshot of each host, and its alerts about lost events. */
export const sensorHealth: Check = ({ snapshots, drops, window }) => {
  const evidence = snapshots.slice(0, 32).map(({ alertId }) => alertId);
  const faults = [
    ...(drops.matched > 0 ? [`Falco reported lost events ${drops.matched} times`] : []),
    ...snapshots.flatMap(({ host, engine, dropsPercent, queueDrops }) => [
      ...(engine === "nodriver" ? [`${host} runs without a driver and sees no system calls`] : []),
      ...((dropsPercent ?? 0) > MOST_DROPS_PERCENT ? [`${host} lost ${dropsPercent} % of the events`] : []),
      ...((queueDrops ?? 0) > 0 ? [`${host} lost ${queueDrops} alerts in its output queue`] : []),
    ]),
  ];
  if (faults.length > 0) return fail(faults.slice(0, 10).join("; "), { evidence });
  if (snapshots.length === 0) {
    const span = window === undefined ? "the store" : "the window";
    return unknown(`${span} holds no metrics snapshot of Falco: switch metrics on, with output_rule`);
  }
  const seen = snapshots.slice(0, 10).map(({ host, version, engine }) => `${host} ${version ?? "?"} ${engine ?? "?"}`);
  return pass(`${snapshots.length} sensors without lost events: ${seen.join(", ")}`, { evidence });
};

/** Rules load without warnings. What was found with them does not count. */
const rulesValid = ({ ruleSets }: CheckInputs): Finding => {
  if (ruleSets === undefined || ruleSets.length === 0) return unknown("no rule set is loaded: call load_rules");
  const faults = ruleSets.flatMap(({ name, ok, diagnostics }) => [
    ...(ok ? [] : [`Falco would not start with rule set ${name}`]),
    ...(diagnostics.length > 0 && ok ? [`rule set ${name} has ${diagnostics.length} warnings`] : []),
  ]);
  if (faults.length > 0) return fail(faults.join("; "));
  return pass(`${ruleSets.length} rule sets load without a warning`);
};

/** An override that switches a rule off or narrows it is named, so that a person can accept it. */
const nothingWeakened = ({ ruleSets }: CheckInputs): Finding => {
  if (ruleSets === undefined || ruleSets.length === 0) return unknown("no rule set is loaded");
  const off = ruleSets.flatMap(({ ruleSet }) =>
    ruleSet.rules
      .filter(
        ({ active, history }) => !active && history.some(({ action }) => action === "disable" || action === "replace"),
      )
      .map(({ name }) => name),
  );
  return off.length === 0
    ? pass("no override switches a rule off")
    : fail(
        `overrides switch off ${off.slice(0, 10).join(", ")}${off.length > 10 ? ` and ${off.length - 10} more` : ""}`,
      );
};

/** The fourth criterion is about the sensor: an intrusion that was found is no reason to fail. */
export const criterionSensor: Check = async (inputs, before) => {
  const health = before.get("sensor-health") ?? (await sensorHealth(inputs, before));
  const findings = [
    ["sensor", health],
    ["rules", rulesValid(inputs)],
    ["overrides", nothingWeakened(inputs)],
  ] as const;
  return worstOf(findings);
};

export const criterionPrerequisites: Check = (inputs) => {
  const { store, trail, snapshots, ruleSets } = inputs;
  const source: Finding =
    store.alerts === 0
      ? fail("the alert store is empty")
      : store.setAside.length > 0
        ? fail(`${store.setAside.length} files of the alert store are damaged`)
        : pass(`${store.alerts} alerts can be read`);
  const records = trail.state === "intact" ? pass("records are written") : fail(`the audit trail is ${trail.state}`);
  const versions = [...new Set(snapshots.flatMap(({ version }) => version ?? []))];
  const rules: Finding =
    ruleSets === undefined || ruleSets.length === 0
      ? unknown("no rule set is loaded")
      : ruleSets.every(({ ok }) => ok)
        ? pass(`${ruleSets.length} rule sets are valid`)
        : fail("a rule set would keep Falco from starting");
  const falco = versions.length === 0 ? unknown("no Falco has told its version") : pass(`Falco ${versions.join(", ")}`);
  return worstOf([
    ["alert source", source],
    ["trail", records],
    ["Falco", falco],
    ["rule files", rules],
  ]);
};

export const criterionOutput: Check = (inputs, before) => {
  const { total, drops, window } = inputs;
  const counts = before.get("counts-reconcile") ?? unknown("counts were not checked");
  const covered: Finding =
    window === undefined
      ? unknown("no window was fixed")
      : total.matched === 0
        ? unknown("no alert lies in the window: quiet and blind look alike")
        : pass(`${total.matched} alerts from the window`);
  const lost =
    drops.matched > 0 ? fail(`lost events were reported ${drops.matched} times`) : pass("no lost events were reported");
  return worstOf([
    ["counts", counts],
    ["window", covered],
    ["drops", lost],
  ]);
};
