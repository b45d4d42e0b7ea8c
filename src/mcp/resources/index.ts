import type { McpServer } from "@modelcontextprotocol/server";
import type { Services } from "../services.ts";
import { registerAlerts } from "./alerts.ts";
import { attachSkillsExtension, registerSkills } from "./skills.ts";

/** Everything this server offers as a resource; all of it can be had through tools as well, since many hosts have no resources. */
export function registerResources(server: McpServer, services: Services): void {
  registerAlerts(server, services);
  registerSkills(server, services);
  attachSkillsExtension(server, services);
}
