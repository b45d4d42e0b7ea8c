/** The resource that holds one file of a skill, and its name by the Skills extension. Both give the same bytes. */
export const skillFileUri = (skill: string, path: string): string => `falco://skills/${skill}/${encodePath(path)}`;
export const skillExtensionUri = (skill: string, path: string): string => `skill://${skill}/${encodePath(path)}`;

const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
