import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { findDrivers } from "../../src/store/sqlite-driver.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { RECEIVED_MS, storeSuite } from "./alert-store.suite.ts";

const folders = mkdtempSync(join(tmpdir(), "falco-skills-store-"));
let opened = 0;
afterAll(() => rmSync(folders, { recursive: true, force: true }));

storeSuite({ name: "memory", open: async () => createMemoryStore() });

for (const driver of await findDrivers()) {
  // With 3 alerts a part most are sealed; with 2048 all wait in the tail.
  for (const partRows of [3, 2048]) {
    storeSuite({
      name: `${driver}, parts of ${partRows}`,
      open: () =>
        openSqliteStore({ folder: join(folders, String(opened++)), driver, partRows, nowMs: () => RECEIVED_MS }),
    });
  }
}
