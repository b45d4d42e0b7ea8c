/** A test that is true at most `perSecond` times a second on average, in bursts of at most `burst`. */
export function createRateLimit(perSecond: number, burst: number, nowMs: () => number): () => boolean {
  let tokens = burst;
  let lastMs = nowMs();
  return () => {
    const now = nowMs();
    // A clock that is set back adds nothing.
    tokens = Math.min(burst, tokens + (Math.max(0, now - lastMs) * perSecond) / 1000);
    lastMs = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
