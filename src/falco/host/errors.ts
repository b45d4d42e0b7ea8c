import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";

export function noAddress(text: string, why: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `${JSON.stringify(text.slice(0, 200))} ${why}`, {
    fix: "Pass the address of Falco's webserver, as --falco-url http://127.0.0.1:8765.",
  });
}

export function unreachable(place: string, cause: Error): FalcoSkillsError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "HPE_HEADER_OVERFLOW") return foreign(place, "headers beyond 16,384 bytes");
  if (code.startsWith("HPE_")) return foreign(place, "no HTTP");
  if (code.includes("CERT") || code.startsWith("ERR_TLS") || code.includes("SSL") || code.includes("SIGNATURE")) {
    return new FalcoSkillsError("FALCO_WEB_UNREACHABLE", `${place} shows no certificate that is trusted (${code})`, {
      fix: "Name the authority of its certificate in NODE_EXTRA_CA_CERTS, or ask it on its own host through 127.0.0.1.",
      cause,
    });
  }
  const why = WHY[code] ?? `the connection failed${code === "" ? "" : ` (${code})`}`;
  return new FalcoSkillsError("FALCO_WEB_UNREACHABLE", `${place} does not answer: ${why}`, {
    fix: "Check that Falco runs with webserver.enabled: true, and its listen_address and listen_port.",
    cause,
  });
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was closed in the middle",
  ENOTFOUND: "the host's name is not known",
  EAI_AGAIN: "the host's name could not be looked up",
  EHOSTUNREACH: "no way leads to the host",
  ENETUNREACH: "no way leads to the host's network",
};

export function timedOut(place: string, timeoutMs: number): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_WEB_TIMEOUT", `${place} gave no whole answer within ${timeoutMs} ms`, {
    fix: "Check the load of the host and whether Falco hangs; restart it if it does.",
  });
}

export function tooLarge(place: string, maxBytes: number): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_WEB_TOO_LARGE", `${place} answers with more than ${maxBytes} bytes`, {
    fix: "Check that Falco, and nothing else, listens there.",
  });
}

export function otherStatus(place: string, status: number): FalcoSkillsError {
  if (status >= 300 && status < 400) return foreign(place, `a redirect (status ${status})`);
  return foreign(place, `status ${status}`);
}

/** Something answers that is not Falco, or not as Falco does. */
export function foreign(place: string, what: string): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_WEB_FOREIGN", `${place} answers with ${what}, which Falco does not`, {
    fix: "Check that Falco, and nothing else, listens there.",
  });
}

/** /metrics exists only where metrics and the Prometheus endpoint are both on. */
export function noMetrics(place: string): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_METRICS_OFF", `${place} does not exist: metrics are off`, {
    fix: "Set metrics.enabled and webserver.prometheus_metrics_enabled to true in falco.yaml.",
  });
}

export function cutOff(place: string, cause: unknown): unknown {
  if (cause instanceof FalcoSkillsError) return cause;
  return new FalcoSkillsError("FALCO_WEB_UNREACHABLE", `${place} ends its answer in the middle`, {
    fix: "Ask again; if it stays so, check what listens there.",
    cause,
  });
}

/** Its files or its network are not those of this host. */
export function elsewhere(): FalcoSkillsError {
  return new FalcoSkillsError(
    "FALCO_ELSEWHERE",
    "the Falco asked about is on another host or in a network of its own",
    {
      fix: "Run this on its host, or pass --falco-url with an address that leads to it.",
    },
  );
}

export function strangeAddress(address: string): FalcoSkillsError {
  const seen = JSON.stringify(address.slice(0, 100));
  return new FalcoSkillsError("FALCO_ELSEWHERE", `webserver.listen_address ${seen} is no address of this host`, {
    fix: "Correct webserver.listen_address, or pass --falco-url with an address that leads to it.",
  });
}

export function cancelled(): FalcoSkillsError {
  return new FalcoSkillsError("CANCELLED", "the caller cancelled the work", { fix: "Ask again." });
}
