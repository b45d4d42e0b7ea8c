/**
 * Makes many callers share a commit: while one runs, everybody who asks is served together by the next. What a caller
 * handed over before asking is in the commit whose promise it gets.
 */
export function createGroupCommit(commit: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  return () => {
    if (next === undefined) {
      next = running.then(() => {
        next = undefined;
        const started = commit();
        // A failed commit is its own callers' matter and holds nobody up.
        running = started.catch(() => undefined);
        return started;
      });
    }
    return next;
  };
}
