const BY_EXTENSION: Readonly<Record<string, string>> = {
  md: "text/markdown",
  txt: "text/plain",
  yaml: "application/yaml",
  yml: "application/yaml",
  json: "application/json",
  jsonl: "application/jsonl",
  csv: "text/csv",
  html: "text/html",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  pdf: "application/pdf",
  sh: "text/x-shellscript",
  py: "text/x-python",
  js: "text/javascript",
  ts: "text/plain",
};

/** The media type a file is served with, from its extension alone; `application/octet-stream` when unknown. */
export function mediaType(path: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase();
  return (extension === undefined ? undefined : BY_EXTENSION[extension]) ?? "application/octet-stream";
}
