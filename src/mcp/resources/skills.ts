import { type McpServer, ResourceNotFoundError, ResourceTemplate } from "@modelcontextprotocol/server";
import { type Skill as SkillEntry, SkillsExtension, skillEntry } from "@modelcontextprotocol/server/ext/skills";
import type { Skill } from "../../skills/skill.ts";
import { readSkillFile } from "../../skills/skill-catalog.ts";
import type { Services } from "../services.ts";
import { skillExtensionUri, skillFileUri } from "./skill-uris.ts";

type Content = { text: string; mimeType: string } | { bytes: Uint8Array; mimeType: string };

/** `falco://skills/{name}/{file}`: the files of every skill, for hosts with resources but without the Skills extension. */
export function registerSkills(server: McpServer, services: Services): void {
  const template = new ResourceTemplate("falco://skills/{name}/{+file}", {
    list: async () => ({
      resources: (await services.skills()).skills.map(({ name, description }) => ({
        uri: skillFileUri(name, "SKILL.md"),
        name,
        description,
        mimeType: "text/markdown",
      })),
    }),
    complete: {
      name: async (typed) =>
        (await services.skills()).skills.map(({ name }) => name).filter((name) => name.startsWith(typed)),
      file: async (typed, context) => {
        const skill = (await services.skills()).skills.find(({ name }) => name === context?.arguments?.name);
        return (skill?.files ?? []).map(({ path }) => path).filter((path) => path.startsWith(typed));
      },
    },
  });
  const about = { title: "File of a skill", description: "A skill's SKILL.md, references, rules or checklist." };
  server.registerResource("skill", template, about, async (uri) => {
    const content = await readByUri(uri.href, skillFileUri, services);
    if (content === undefined) throw new ResourceNotFoundError(uri.href);
    const { mimeType } = content;
    return "text" in content
      ? { contents: [{ uri: uri.href, mimeType, text: content.text }] }
      : { contents: [{ uri: uri.href, mimeType, blob: Buffer.from(content.bytes).toString("base64") }] };
  });
}

/** Serves the same catalogue under `skill://` as the Skills extension (SEP-2640) asks. */
export function attachSkillsExtension(server: McpServer, services: Services): void {
  const entries = new Map<string, Promise<SkillEntry>>();
  const entryOf = (skill: Skill): Promise<SkillEntry> => {
    const known = entries.get(skill.digest) ?? buildEntry(skill);
    entries.set(skill.digest, known);
    return known;
  };
  const source = {
    list: async () => ({ skills: await Promise.all((await services.skills()).skills.map(entryOf)) }),
    get: async (uri: string) => {
      const skill = (await services.skills()).skills.find(({ name }) => skillExtensionUri(name, "SKILL.md") === uri);
      return skill === undefined ? undefined : entryOf(skill);
    },
    read: (uri: string) => readByUri(uri, skillExtensionUri, services),
  };
  new SkillsExtension({
    source,
    strict: true,
    onWarning: ({ path, message }) => services.log(`skill ${path}: ${message}`),
  }).attach(server);
}

async function buildEntry(skill: Skill): Promise<SkillEntry> {
  const files: Record<string, Uint8Array> = {};
  for (const { path } of skill.files) files[path] = await readSkillFile(skill, path);
  return skillEntry(skill.name, files);
}

async function readByUri(
  uri: string,
  uriOf: (skill: string, path: string) => string,
  services: Services,
): Promise<Content | undefined> {
  for (const skill of (await services.skills()).skills) {
    const file = skill.files.find(({ path }) => uriOf(skill.name, path) === uri);
    if (file === undefined) continue;
    const bytes = await readSkillFile(skill, file.path);
    const isText = file.mediaType.startsWith("text/") || /json|yaml|xml/.test(file.mediaType);
    return isText
      ? { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), mimeType: file.mediaType }
      : { bytes, mimeType: file.mediaType };
  }
  return undefined;
}
