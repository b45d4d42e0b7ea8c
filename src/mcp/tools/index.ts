import type { Tool } from "../tool.ts";
import { addEvidence } from "./add-evidence.ts";
import { createChecklist } from "./create-checklist.ts";
import { deployRulesTool } from "./deploy-rules.ts";
import { explainRuleTool } from "./explain-rule.ts";
import { exportCaptureTool } from "./export-capture.ts";
import { exportEvidence } from "./export-evidence.ts";
import { falcoStatus } from "./falco-status.ts";
import { getAlert } from "./get-alert.ts";
import { grcListSkills } from "./grc-list-skills.ts";
import { grcLoadSkill } from "./grc-load-skill.ts";
import { ingestAlerts } from "./ingest-alerts.ts";
import { loadRulesTool } from "./load-rules.ts";
import { queryCaptureTool } from "./query-capture.ts";
import { ruleCoverageTool } from "./rule-coverage.ts";
import { runFalco } from "./run-falco.ts";
import { searchAlerts } from "./search-alerts.ts";
import { searchAudit } from "./search-audit.ts";
import { searchRules } from "./search-rules.ts";
import { summarizeAlerts } from "./summarize-alerts.ts";
import { testRulesTool } from "./test-rules.ts";
import { updateChecklist } from "./update-checklist.ts";
import { verifyAudit } from "./verify-audit.ts";
import { verifyChecklist } from "./verify-checklist.ts";

/** Every tool this server has, in the order clients list them. */
export const TOOLS: readonly Tool[] = [
  falcoStatus,
  grcListSkills,
  grcLoadSkill,
  ingestAlerts,
  summarizeAlerts,
  searchAlerts,
  getAlert,
  loadRulesTool,
  searchRules,
  explainRuleTool,
  ruleCoverageTool,
  runFalco,
  deployRulesTool,
  testRulesTool,
  queryCaptureTool,
  exportCaptureTool,
  createChecklist,
  updateChecklist,
  verifyChecklist,
  addEvidence,
  exportEvidence,
  searchAudit,
  verifyAudit,
];
