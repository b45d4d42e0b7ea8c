import { parentPort } from "node:worker_threads";
import { type Block, scanBlock } from "./scan-block.ts";

// The program of a worker thread: a block in, what it holds out, until the parent ends it.
parentPort?.on("message", (block: Block) => {
  let scanned: ReturnType<typeof scanBlock>;
  try {
    scanned = scanBlock(block);
  } catch {
    // The parent reads the block itself and meets the same failure where it can tell of it.
    scanned = undefined;
  }
  parentPort?.postMessage(scanned);
});
