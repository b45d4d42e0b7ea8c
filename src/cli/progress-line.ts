import { visible } from "../text/visible.ts";

/** One line on the terminal that is written over while work goes on; nothing where standard error is no terminal. */
export function progressLine(): { show(text: string): void; clear(): void } {
  if (process.stderr.isTTY !== true) return { show() {}, clear() {} };
  let shownMs = 0;
  return {
    show(text) {
      if (Date.now() - shownMs < 100) return;
      shownMs = Date.now();
      process.stderr.write(`\r\u001b[2K${visible(text).slice(0, (process.stderr.columns ?? 80) - 1)}`);
    },
    clear() {
      process.stderr.write("\r\u001b[2K");
    },
  };
}
