import { type ConfigContext, placeOf } from "./config-context.ts";
import type { ConfigView } from "./config-view.ts";
import { isLoopback, withoutSecrets } from "./falco-address.ts";
import type { Found } from "./found.ts";
import type { Change } from "./mend.ts";

const KINDS = ["stdout", "syslog", "file", "http", "program"] as const;

/** Where falco.yaml of ours sends alerts when nothing else is said. */
export const ALERTS_FILE = "/var/log/falco/alerts.jsonl";

/** What is wrong with where alerts go. */
export function outputFindings(view: ConfigView, context: ConfigContext): Found[] {
  const on = KINDS.filter((kind) => view.isOn(`${kind}_output.enabled`, false) !== false);
  return [...startFindings(view, on), ...reachFindings(view, context, on), ...dangerFindings(view, on)];
}

const TARGETS = { file: "filename", http: "url", program: "program" } as const;

/** An output that is on without its target keeps Falco from starting. */
function startFindings(view: ConfigView, on: readonly string[]): Found[] {
  return (["file", "http", "program"] as const).flatMap((kind): Found[] => {
    const path = `${kind}_output.${TARGETS[kind]}`;
    const target = view.text(path);
    if (!on.includes(kind) || target?.unknown === true || (target?.text ?? "") !== "") return [];
    return [
      {
        code: "CONFIG_WRONG_VALUE",
        message: `${kind}_output is on, and ${path} is empty`,
        fix: `Set ${path}, or ${kind}_output.enabled to false.`,
        ...placeOf(view, path),
      },
    ];
  });
}

function reachFindings(view: ConfigView, context: ConfigContext, on: readonly string[]): Found[] {
  const changes = wayToUs(view, context, on);
  if (on.length === 0) {
    return [
      {
        code: "HOST_OUTPUTS_OFF",
        message: "no output is switched on",
        fix: "Switch on an output that reaches this server.",
        ...placeOfOutputs(view, KINDS),
        changes,
      },
    ];
  }
  const reached = context.reachesUs ?? (on.includes("file") || on.includes("http"));
  if (reached) return [];
  const file = on.includes("file") ? view.text("file_output.filename") : undefined;
  const seen = `alerts go to ${on.map((kind) => `${kind}_output`).join(", ")}`;
  if (file !== undefined) {
    return [
      {
        code: "HOST_NO_OUTPUT_TO_US",
        message: `${seen}; this server does not follow ${JSON.stringify(file.text)}`,
        fix: `Start the server with --alerts and the path of ${JSON.stringify(file.text)}.`,
        ...placeOf(view, "file_output.filename"),
      },
    ];
  }
  return [
    {
      code: "HOST_NO_OUTPUT_TO_US",
      message:
        context.reachesUs === undefined
          ? `${seen}, neither to a file nor to a webhook`
          : `${seen}, and nowhere from which this server reads`,
      fix: changes.some(({ path }) => path.startsWith("http_"))
        ? "Switch on http_output to the webhook of this server."
        : "Switch on file_output, and start the server with --alerts and that file.",
      ...placeOfOutputs(view, on),
      changes,
    },
  ];
}

/** Where the first of these outputs is set. */
function placeOfOutputs(view: ConfigView, kinds: readonly string[]): { readonly where?: string } {
  const places = kinds.map((kind) => placeOf(view, `${kind}_output.enabled`));
  return places.find(({ where }) => where !== undefined) ?? {};
}

/** http_output where it is free and we listen; else a file, which also keeps what comes while nobody reads. */
function wayToUs(view: ConfigView, { webhook }: ConfigContext, on: readonly string[]): Change[] {
  if (webhook !== undefined && !on.includes("http")) {
    return [
      { path: "http_output.enabled", value: true },
      { path: "http_output.url", value: webhook },
    ];
  }
  const named = view.text("file_output.filename");
  const isUsable = named?.text.startsWith("/") === true;
  return [
    { path: "file_output.enabled", value: true },
    ...(isUsable ? [] : [{ path: "file_output.filename", value: ALERTS_FILE }]),
  ];
}

function dangerFindings(view: ConfigView, on: readonly string[]): Found[] {
  const found: Found[] = [];
  const url = view.text("http_output.url");
  if (on.includes("http") && url !== undefined && !url.unknown && isOpenToOthers(url.text)) {
    found.push({
      code: "HOST_ALERTS_IN_CLEAR",
      message: `http_output posts to ${JSON.stringify(withoutSecrets(url.text))}, in the clear and over the network`,
      fix: "Let the receiver take https, and name it with https in http_output.url.",
      ...placeOf(view, "http_output.url"),
    });
  } else if (on.includes("http") && view.isOn("http_output.insecure", false) === true) {
    found.push({
      code: "HOST_ALERTS_IN_CLEAR",
      message: "http_output.insecure is true: the receiver's certificate is not checked",
      fix: "Set http_output.insecure to false, and http_output.ca_cert to the receiver's authority.",
      ...placeOf(view, "http_output.insecure"),
      changes: [{ path: "http_output.insecure", value: false }],
    });
  }
  if (on.includes("program")) {
    found.push({
      code: "HOST_PROGRAM_OUTPUT",
      message: "program_output pipes alerts into a command",
      fix: "Set program_output.enabled to false unless you know and want that command.",
      ...placeOf(view, "program_output.program"),
      changes: [{ path: "program_output.enabled", value: false }],
    });
  }
  return found;
}

function isOpenToOthers(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !isLoopback(hostname);
}
