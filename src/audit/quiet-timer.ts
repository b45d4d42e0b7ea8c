export interface QuietTimer {
  /** Something happened. */
  touch(): void;
  stop(): void;
}

export interface QuietTimerOptions {
  /** Calm after the last touch, and time after the first, at which `act` is called. */
  readonly quietMs: number;
  readonly atMostMs: number;
  readonly monotonicMs: () => number;
  readonly act: () => void;
}

/** Calls `act` once after a burst of touches. It never keeps the process alive, and a touch costs no system call. */
export function quietTimer({ quietMs, atMostMs, monotonicMs, act }: QuietTimerOptions): QuietTimer {
  let timer: NodeJS.Timeout | undefined;
  let firstMs = 0;
  let lastMs = 0;

  function look(): void {
    const restMs = Math.min(lastMs + quietMs, firstMs + atMostMs) - monotonicMs();
    timer = restMs > 0 ? setTimeout(look, restMs).unref() : undefined;
    if (timer === undefined) act();
  }

  return {
    touch() {
      lastMs = monotonicMs();
      if (timer !== undefined) return;
      firstMs = lastMs;
      timer = setTimeout(look, quietMs).unref();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
