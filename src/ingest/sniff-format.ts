import { binaryFile, utf16File } from "./errors.ts";
import { startsWithMark } from "./split-lines.ts";

/** How many bytes a verdict needs at most. */
export const SNIFF_BYTES = 64 * 1024;

const MAGIC: readonly (readonly [kind: string, bytes: readonly number[]])[] = [
  ["a capture", [0x0a, 0x0d, 0x0d, 0x0a]],
  ["a zip archive", [0x50, 0x4b, 0x03, 0x04]],
  ["zstd data", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz data", [0xfd, 0x37, 0x7a, 0x58]],
  ["bzip2 data", [0x42, 0x5a, 0x68]],
  ["gzip data inside gzip", [0x1f, 0x8b]],
  ["a SQLite database", [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20, 0x66]],
];

export function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** How to read a file that begins with `head`; refuses UTF-16 and binaries with INGEST_UTF16 and INGEST_BINARY_FILE. */
export function sniffFormat(path: string, head: Buffer): "lines" | "json" {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) throw utf16File(path);
  for (const [kind, bytes] of MAGIC) {
    if (bytes.every((byte, index) => head[index] === byte)) throw binaryFile(path, kind);
  }
  if (head.includes(0)) throw isUtf16WithoutMark(head) ? utf16File(path) : binaryFile(path, "binary data");
  return sniffForm(head);
}

/**
 * "json" for what is no alert-a-line log: a first line that is only `{` (jq, json.dumps with indent), or an array.
 * Everything else is read line by line, so that one broken line never swallows the next.
 */
export function sniffForm(head: Buffer): "lines" | "json" {
  const text = head.toString("latin1", startsWithMark(head) ? 3 : 0);
  return /^\s*(?:\{[ \t]*\r?(?:\n|$)|\[\s*(?:[{\]]|$))/.test(text) ? "json" : "lines";
}

/** `{` or a blank as two bytes, one of them zero. */
function isUtf16WithoutMark(head: Buffer): boolean {
  const [first = 0, second = 0] = head;
  return (
    (first === 0 && second !== 0 && second < 0x80) || (second === 0 && first !== 0 && first < 0x80 && head[3] === 0)
  );
}
