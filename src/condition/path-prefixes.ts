import { compileGlob, type Glob } from "./glob.ts";

/**
 * Paths to be found as prefixes of other paths, component by component; a component may be a shell pattern. Empty
 * components do not count, so a slash more or less at either end changes nothing, and `/` is a prefix of everything.
 * Source: libs userspace/libsinsp/prefix_search.h @48dfd53c; where that tries patterns after a first one failed deeper
 * down it compares them with the wrong component, which is not copied.
 */
export interface PathPrefixes {
  matches(path: string): boolean;
}

interface Branch {
  /** A path ends here: whatever follows matches. */
  ends: boolean;
  readonly names: Map<string, Branch>;
  readonly patterns: { readonly text: string; readonly glob: Glob; readonly branch: Branch }[];
}

export function compilePathPrefixes(paths: readonly string[]): PathPrefixes {
  const root = newBranch();
  for (const path of paths) add(root, path);
  return { matches: (path) => find(root, componentsOf(path), 0) };
}

function newBranch(): Branch {
  return { ends: false, names: new Map(), patterns: [] };
}

function componentsOf(path: string): string[] {
  return path.split("/").filter((component) => component !== "");
}

function add(root: Branch, path: string): void {
  let branch = root;
  for (const component of componentsOf(path)) branch = branchFor(branch, component);
  branch.ends = true;
}

function branchFor(branch: Branch, component: string): Branch {
  if (!/[?*[]/.test(component)) {
    const known = branch.names.get(component) ?? newBranch();
    branch.names.set(component, known);
    return known;
  }
  const known = branch.patterns.find(({ text }) => text === component);
  if (known !== undefined) return known.branch;
  const added = newBranch();
  branch.patterns.push({ text: component, glob: compileGlob(component), branch: added });
  return added;
}

function find(branch: Branch, components: readonly string[], at: number): boolean {
  if (branch.ends) return true;
  const component = components[at];
  if (component === undefined) return false;
  const named = branch.names.get(component);
  if (named !== undefined && find(named, components, at + 1)) return true;
  return branch.patterns.some((pattern) => pattern.glob.matches(component) && find(pattern.branch, components, at + 1));
}
