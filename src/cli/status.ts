import { formatTimeNs } from "../alert/time.ts";
import { buildServices } from "./build-services.ts";
import { printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { homeFolder } from "./settings.ts";

/** Prints what home holds; makes nothing. */
export async function status(flags: { readonly home?: string; readonly json?: boolean }): Promise<void> {
  const { services, quarantine, close } = await buildServices({
    home: homeFolder(flags.home, process.env),
    alertRoots: undefined,
  });
  const [alerts, rejected, catalog, checklists, audit] = await Promise.all([
    services.alerts.status(),
    quarantine.status(),
    services.skills(),
    services.checklists.list(),
    services.audit.status(),
  ]);
  await close();
  if (flags.json === true) {
    const skills = catalog.skills.map(({ name, origin, digest }) => ({ name, origin, digest }));
    return printJson({ home: services.home, alerts, rejected, skills, checklists: checklists.checklists, audit });
  }
  const span =
    alerts.firstNs === undefined || alerts.lastNs === undefined
      ? ""
      : `${formatTimeNs(alerts.firstNs)} to ${formatTimeNs(alerts.lastNs)}`;
  printTable(
    ["what", "how many", "details"],
    [
      ["alerts", String(alerts.alerts), span],
      ...alerts.sources.map((row) => ["", String(row.alerts), `source ${row.source}`]),
      ["rejected lines", String(rejected.kept), rejected.kept > 0 ? rejected.path : ""],
      ["skills", String(catalog.skills.length), catalog.skills.map(({ name }) => name).join(", ")],
      [
        "checklists",
        String(checklists.checklists.length),
        checklists.checklists.map(({ id, title }) => `${id} ${title}`).join("; "),
      ],
      [
        "audit records",
        String(audit.head?.size ?? audit.signed?.size ?? 0),
        `${audit.state}, ${audit.signed?.size ?? 0} signed`,
      ],
    ],
  );
  for (const { path, reason } of alerts.setAside) printLine(`damaged: ${path}: ${reason}`);
  for (const { folder, message } of catalog.faults) printLine(`refused skill ${folder}: ${message}`);
  printLine(`home: ${services.home}`);
}
