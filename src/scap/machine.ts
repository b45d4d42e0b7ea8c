import type { Cursor } from "../bytes/cursor.ts";

/** The machine a capture was recorded on. */
export interface MachineInfo {
  readonly cpus: number;
  readonly memoryBytes: bigint;
  readonly hostname: string;
  /** When it was booted, in nanoseconds since 1970; 0 where the recorder did not know. */
  readonly bootNs: bigint;
}

const HOSTNAME_BYTES = 128;

/** Machine block (libs `scap_machine_info`): fixed size, further bytes are ignored. */
export function readMachine(cursor: Cursor): MachineInfo {
  const cpus = cursor.u32("number of processors");
  const memoryBytes = cursor.u64("memory size");
  cursor.u64("highest process id");
  const hostname = cursor.text(HOSTNAME_BYTES, "hostname");
  const bootNs = cursor.u64("boot time");
  return { cpus, memoryBytes, hostname, bootNs };
}
