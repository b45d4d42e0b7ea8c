import type { McpServer } from "@modelcontextprotocol/server";
import type { Tool } from "../tool.ts";
import { registerTriageAlerts } from "./triage-alerts.ts";

/** Every prompt; each is left out when a tool it leads through is withheld. */
export function registerPrompts(server: McpServer, offered: readonly Tool[]): void {
  registerTriageAlerts(server, new Set(offered.map(({ name }) => name)));
}
