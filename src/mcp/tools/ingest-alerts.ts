import { z } from "zod";
import { defineTool } from "../tool.ts";

const counts = z.record(z.string(), z.int());

const fault = z.strictObject({ code: z.string(), message: z.string(), fix: z.string() });

export const ingestAlerts = defineTool({
  name: "ingest_alerts",
  title: "Import alerts",
  description:
    "Import Falco alerts from files or folders (JSON lines as Falco writes them with json_output, .gz too) into the alert store. " +
    "Lines that are no alerts are counted by reason and set aside, never dropped; importing the same file again adds nothing. " +
    "Use it once for a file somebody hands you; a running Falco's file or webhook is followed by the server itself (see falco_status).",
  effect: "records",
  idempotent: true,
  toolset: "alerts",
  input: z.strictObject({
    paths: z
      .array(z.string().min(1).max(4_096))
      .min(1)
      .max(100)
      .describe("Files or folders inside the server's alert folders; relative paths are looked up in them"),
  }),
  output: z.strictObject({
    added: z.int().describe("Alerts that are new in the store"),
    already_known: z.int().describe("Alerts that the store held already"),
    lines: z.int().describe("Lines read: added + already_known + ignored + rejected"),
    ignored: counts.describe("Lines that are no alerts and no faults, by reason"),
    rejected: counts.describe("Lines set aside in the quarantine file, by reason"),
    files: z.array(
      z.strictObject({
        path: z.string(),
        lines: z.int(),
        added: z.int(),
        rejected: z.int(),
        fault: fault.optional().describe("Why reading ended early; what came before it is stored"),
      }),
    ),
    skipped: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
  }),
  cuttable: ["skipped", "files"],

  async run({ paths }, { services, signal, progress }) {
    const { totals, files, skipped } = await services.importAlerts(paths, { signal, onProgress: progress });
    const faults = files.filter((file) => file.fault !== undefined).length;
    const rejected = sum(totals.rejected);
    return {
      data: {
        added: totals.added,
        already_known: totals.known,
        lines: totals.lines,
        ignored: { ...totals.ignored },
        rejected: { ...totals.rejected },
        files: files.map((file) => ({
          path: file.path,
          lines: file.counts.lines,
          added: file.counts.added,
          rejected: sum(file.counts.rejected),
          ...(file.fault === undefined ? {} : { fault: pick(file.fault) }),
        })),
        skipped: skipped.map(({ path, reason }) => ({ path, reason })),
      },
      source: { kind: "files", looked_at: totals.lines },
      warnings: [
        ...(faults > 0 ? [`${faults} of ${files.length} files could not be read to their end: see files[].fault`] : []),
        ...(rejected > 0
          ? [`${rejected} lines were not usable and are set aside with their reason in the home folder's quarantine`]
          : []),
      ],
      untrusted: ["files[].path", "skipped[].path"],
    };
  },
});

const sum = (reasons: Readonly<Record<string, number>>): number => Object.values(reasons).reduce((a, b) => a + b, 0);

const pick = ({ code, message, fix }: z.output<typeof fault>) => ({ code, message, fix });
