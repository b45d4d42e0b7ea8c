import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

const quoted = (text: string) => JSON.stringify(text);

export function cannotOpen(path: string, cause: NodeJS.ErrnoException): FalcoSkillsError {
  switch (cause.code) {
    case "ENOENT":
    case "ENOTDIR":
      return new FalcoSkillsError("FILE_NOT_FOUND", `nothing is at ${quoted(path)}`, {
        fix: "Name an existing file or folder of alerts.",
        cause,
      });
    case "ELOOP":
    case "EMLINK":
      return notRegular(path, "a symbolic link");
    case "ENXIO":
    case "ENODEV":
      return notRegular(path, "a socket or device");
    default:
      return new FalcoSkillsError("FILE_UNREADABLE", `${quoted(path)} cannot be read: ${cause.code ?? "unknown"}`, {
        fix: "Give the user who runs falco-skills permission to read it.",
        cause,
      });
  }
}

export function notRegular(path: string, kind: string): FalcoSkillsError {
  return new FalcoSkillsError("FILE_NOT_REGULAR", `${quoted(path)} is ${kind}, not a file`, {
    fix:
      kind === "a symbolic link"
        ? "Name the file the link points to."
        : "Pipe it into `falco-skills ingest -` or name a plain file.",
  });
}

export function fileTooLarge(path: string, sizeBytes: number, limitBytes: number): FalcoSkillsError {
  return new FalcoSkillsError("FILE_TOO_LARGE", `${quoted(path)} has ${sizeBytes} bytes, the limit is ${limitBytes}`, {
    fix: "Split the file by lines and import the parts.",
  });
}

export function unpacksTooLarge(path: string, limitBytes: number): FalcoSkillsError {
  return new FalcoSkillsError("FILE_TOO_LARGE", `${quoted(path)} unpacks to more than ${limitBytes} bytes`, {
    fix: "Unpack the file, split it by lines and import the parts.",
  });
}

export function binaryFile(path: string, kind: string): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_BINARY_FILE", `${quoted(path)} holds ${kind}, not alerts`, {
    fix: kind === "a capture" ? "Call query_capture or run_falco on it." : "Unpack it and import the JSON lines.",
  });
}

export function utf16File(path: string): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_UTF16", `${quoted(path)} is UTF-16 text`, {
    fix: "Convert it with `iconv -f UTF-16 -t UTF-8` and import the result.",
  });
}

export function gzipDamaged(path: string, offsetBytes: number, cause: Error): FalcoSkillsError {
  const cut = cause.message.includes("unexpected end of file");
  return new FalcoSkillsError(
    "INGEST_GZIP_DAMAGED",
    cut ? `${quoted(path)} is a gzip file that ends too early` : `${quoted(path)} is a corrupt gzip file`,
    {
      fix: "Copy the file again and import it once more; what is stored already is not stored twice.",
      where: `after ${offsetBytes} unpacked bytes`,
      cause,
    },
  );
}

export function tooManyFiles(path: string, limit: number): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_TOO_MANY_FILES", `${quoted(path)} holds more than ${limit} files`, {
    fix: "Import its subfolders one after the other.",
  });
}

export function cancelled(lines: number, added: number): FalcoSkillsError {
  return new FalcoSkillsError("CANCELLED", `cancelled after ${lines} lines, ${added} new alerts stored`, {
    fix: "Import again to continue; what is stored already is not stored twice.",
  });
}

export function rotatedAway(path: string, offsetBytes: number): FalcoSkillsError {
  return new FalcoSkillsError(
    "INGEST_TAIL_GONE",
    `${quoted(path)} was rotated away while nobody followed it and no file beside it holds what came next`,
    {
      fix: "Import the rotated or compressed copies with ingest_alerts.",
      where: `after byte ${offsetBytes}`,
    },
  );
}

export function quarantineUnusable(path: string, cause: NodeJS.ErrnoException): FalcoSkillsError {
  if (cause.code === "ENOSPC" || cause.code === "EDQUOT") {
    return new FalcoSkillsError("DISK_FULL", `no room to write ${quoted(path)}`, {
      fix: "Free space on the disk that holds home.",
      cause,
    });
  }
  return new FalcoSkillsError(
    "INGEST_QUARANTINE_UNUSABLE",
    `${quoted(path)} cannot be written: ${cause.code ?? "unknown"}`,
    { fix: "Make the quarantine folder in home writable for the user who runs falco-skills.", cause },
  );
}

export function listenFailed(host: string, port: number, cause: NodeJS.ErrnoException): FalcoSkillsError {
  return new FalcoSkillsError(
    "INGEST_LISTEN_FAILED",
    `cannot listen at ${host} port ${port}: ${cause.code ?? "unknown"}`,
    {
      fix: cause.code === "EADDRINUSE" ? "Choose a free port with --listen." : "Choose another address with --listen.",
      cause,
    },
  );
}

export function tokenRequired(host: string): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_TOKEN_REQUIRED", `${quoted(host)} can be reached from other machines`, {
    fix: "Set a webhook token, or listen at 127.0.0.1.",
  });
}

export function noSuchPath(): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_NO_SUCH_PATH", "the webhook has only the paths / and /healthz", {
    fix: "Post alerts to /.",
  });
}

export function wrongMethod(allowed: string): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_METHOD", `this path takes only ${allowed}`, { fix: "Post alerts to /." });
}

export function foreignRequest(message: string): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_REQUEST_FOREIGN", message, {
    fix: "Send alerts from Falco or falcosidekick to the address the webhook listens at.",
  });
}

export function unauthorized(present: boolean): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_UNAUTHORIZED", present ? "the token is wrong" : "the request carries no token", {
    fix: "Send the token as `Authorization: Bearer <token>`, or put it into Falco's http_output url as `http://falco:<token>@host:port/`.",
  });
}

export function wrongContent(what: string): FalcoSkillsError {
  const fix = what.startsWith("text/plain")
    ? "Set json_output: true in falco.yaml."
    : "Send application/json or application/x-ndjson in UTF-8, plain or with gzip.";
  return new FalcoSkillsError("INGEST_CONTENT_TYPE", `the body is ${quoted(what.slice(0, 80))}`, { fix });
}

export function bodyTooLarge(limitBytes: number): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_BODY_TOO_LARGE", `the body has more than ${limitBytes} bytes`, {
    fix: "Send fewer alerts in one request.",
  });
}

export function rateLimited(perSecond: number): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_RATE_LIMITED", `more than ${perSecond} requests a second arrive`, {
    fix: "Send the alerts again later, or several in one request.",
  });
}

export function overloaded(waiting: number): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_OVERLOADED", `${waiting} alerts wait to be stored`, {
    fix: "Send the alerts again later.",
  });
}

export function alertRejected(why: string): FalcoSkillsError {
  return new FalcoSkillsError("INGEST_ALERT_REJECTED", why, {
    fix: "Send alerts as Falco prints them with json_output: true.",
  });
}
