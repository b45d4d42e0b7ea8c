/** Longest path that is resolved, in bytes with its closing NUL; longer ones become TOO_LONG. */
const MAX_PATH_BYTES = 1024;
const TOO_LONG = "/DIR_TOO_LONG/FILENAME_TOO_LONG";

/** What makes a path need the long way: a component that begins with a dot, two slashes, a slash at the end. */
const NEEDS_CARE = /(?:^|\/)\.|\/\/|.\/$/;

/**
 * `path` as seen from `base`: absolute paths stand for themselves, others are put behind `base` as it is. `.`, `..` and
 * doubled slashes of `path` are resolved; `base` is not tidied, but `..` climbs into it. The folder's own slash at the
 * end of `base` is the caller's to give. Follows libs `concatenate_paths` @48dfd53c, including its limit of 1024 bytes.
 */
export function resolvePath(base: string, path: string): string {
  const long = (base.length + path.length) * 3 >= MAX_PATH_BYTES;
  if (long && Buffer.byteLength(base) + Buffer.byteLength(path) + 1 > MAX_PATH_BYTES) return TOO_LONG;
  const from = path === "" || path[0] === "/" ? "" : base;
  return NEEDS_CARE.test(path) ? resolveDots(from, path) : from + path;
}

function resolveDots(base: string, path: string): string {
  const out = [...base];
  const hadBase = base !== "";
  for (let i = 0; i < path.length; ) {
    const atStart = out.length === 0 || out[out.length - 1] === "/";
    const dots = atStart ? dotsAt(path, i) : 0;
    if (dots > 0) {
      if (dots === 2) climb(out);
      // The slash behind the dots goes with them.
      i += dots + 1;
    } else if (path[i] === "/" && (out[out.length - 1] === "/" || (out.length === 0 && hadBase))) {
      i += 1;
    } else {
      out.push(path[i] ?? "");
      i += 1;
    }
  }
  if (out.length > 1 && out[out.length - 1] === "/") out.pop();
  return out.join("");
}

/** 1 for a component `.` at `i`, 2 for `..`, else 0. */
function dotsAt(path: string, i: number): number {
  if (path[i] !== ".") return 0;
  const isEnd = (at: number) => at >= path.length || path[at] === "/";
  if (isEnd(i + 1)) return 1;
  return path[i + 1] === "." && isEnd(i + 2) ? 2 : 0;
}

function climb(out: string[]): void {
  if (out.length <= 1) return;
  out.pop();
  while (out.length >= 1 && out[out.length - 1] !== "/") out.pop();
}

/** A folder's path with a slash at its end. */
export function asFolder(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
