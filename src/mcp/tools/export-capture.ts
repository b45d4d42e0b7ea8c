import { z } from "zod";
import { CAPTURE_FILTER, filterOf } from "../capture-input.ts";
import { defineTool } from "../tool.ts";

const FILE = z.strictObject({ path: z.string(), bytes: z.int(), sha256: z.string().describe("SHA-256 of the file") });

export const exportCaptureTool = defineTool({
  name: "export_capture",
  title: "Keep a part of a capture",
  description:
    "Writes the events of chosen processes, a container or a time window as a capture of its own that Falco reads, into home, and gives the SHA-256 of it and of the source. " +
    "Use it to keep or hand on what query_capture found. Starts and ends of all processes stay in it so that lineage can be read; original blocks are copied byte for byte.",
  effect: "records",
  idempotent: true,
  toolset: "captures",
  input: z.strictObject({
    capture: z.string().min(1).max(1_000).describe("Path of the .scap file, inside the folders the server may read"),
    ...CAPTURE_FILTER,
    max_mb: z.int().min(1).max(1_024).default(256).describe("Largest file to write, in MiB; what goes beyond is cut"),
  }),
  output: z.strictObject({
    file: FILE,
    source_file: FILE,
    events: z.int().describe("Events of the chosen processes and time"),
    context_events: z.int().describe("Events kept so that processes, descriptors and containers stay known"),
    source_events: z.int(),
  }),

  async run({ capture, max_mb, ...filter }, { services, signal, progress }) {
    const captures = services.captures;
    const path = await captures.locate(capture);
    const { exportCapture } = await import("../../investigate/capture/export-capture.ts");
    const exported = await exportCapture(path, {
      ...filterOf(filter, services.nowNs()),
      folder: captures.exportFolder,
      maxBytes: max_mb * 1024 * 1024,
      signal,
      onProgress: ({ bytes, events }) => progress(bytes, undefined, `${events} events read`),
    });
    const { file, source, events, contextEvents, sourceEvents, isCut, sourceChanged, fault } = exported;
    return {
      data: {
        file,
        source_file: source,
        events,
        context_events: contextEvents,
        source_events: sourceEvents,
      },
      source: { kind: "capture", looked_at: sourceEvents },
      warnings: [
        ...(isCut ? [`the file ends at ${max_mb} MiB: choose fewer events or raise max_mb`] : []),
        ...(sourceChanged ? ["the source changed while it was read: the digests may be of different states"] : []),
        ...(fault
          ? [`${fault.code}: ${fault.message} (${fault.where}); everything before that place was looked at`]
          : []),
      ],
      untrusted: [],
    };
  },
});
