import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { readZip, type ZipFault } from "./read-zip.ts";

/** Where the files of a package are read from. */
export interface PackageSource {
  /** Paths with `/`, of plain files only. */
  readonly files: ReadonlySet<string>;
  /** There is something that is neither a plain file nor a folder. */
  readonly odd: boolean;
  /** The bytes of a file; undefined when there is none. */
  read(path: string): Buffer | undefined;
  close(): void;
}

/** A package folder or a package in a zip; why a zip is refused; "manifest-missing" when there is nothing. */
export function openPackage(path: string): PackageSource | ZipFault | "manifest-missing" {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts?.isDirectory() === true) return readFolder(path);
  return facts?.isFile() === true ? readZip(path) : "manifest-missing";
}

function readFolder(folder: string): PackageSource {
  const files = new Set<string>();
  let odd = false;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    if (entry.isFile()) files.add(relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
    else odd = true;
  }
  return {
    files,
    odd,
    read(path) {
      try {
        return readFileSync(join(folder, path));
      } catch {
        return undefined;
      }
    },
    close() {},
  };
}
