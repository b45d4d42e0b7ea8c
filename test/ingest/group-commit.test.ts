import { expect, test } from "vitest";
import { createGroupCommit } from "../../src/ingest/group-commit.ts";

test("who asks while a commit runs shares the next one, which holds what they handed over", async () => {
  const waiting: string[] = [];
  const commits: string[][] = [];
  const release: (() => void)[] = [];
  const commit = createGroupCommit(async () => {
    commits.push(waiting.splice(0));
    await new Promise<void>((resolve) => release.push(resolve));
  });
  const hand = (item: string) => {
    waiting.push(item);
    return commit();
  };

  const first = hand("a");
  await Promise.resolve();
  const others = [hand("b"), hand("c")];
  expect(commits).toEqual([["a"]]);
  release[0]?.();
  await first;
  await Promise.resolve();
  expect(commits).toEqual([["a"], ["b", "c"]]);
  release[1]?.();
  await Promise.all(others);
});

test("a commit that fails fails its own callers only", async () => {
  const outcomes = [new Error("disk full"), undefined];
  const commit = createGroupCommit(async () => {
    const outcome = outcomes.shift();
    if (outcome !== undefined) throw outcome;
  });
  await expect(commit()).rejects.toThrow("disk full");
  await expect(commit()).resolves.toBeUndefined();
});
