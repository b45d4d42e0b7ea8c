import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, onTestFinished } from "vitest";
import type { FalcoBinary, FalcoSettings } from "../../../src/falco/binary/falco-binary.ts";
import { findFalco } from "../../../src/falco/binary/find-falco.ts";
import { openFalco } from "../../../src/falco/binary/open-falco.ts";
import { type FakeFalco, makeFakeFalco, setFakeFalco } from "./fake-falco.ts";

/** A real Falco to hold the same behaviour against; the recordings are played where none is named. */
export const REAL_FALCO: string | undefined = process.env.FALCO_BIN || undefined;

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "falco-binary-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface UnderTest {
  readonly falco: FalcoBinary;
  readonly folder: string;
  readonly runsFolder: string;
  readonly binFolder: string;
}

let ids = 0;
export function newId(): string {
  ids += 1;
  return `run${process.pid}x${ids}`;
}

/** Opens a program that plays recordings, or up. */
export async function openFake(fake: FakeFalco = {}, settings: Partial<FalcoSettings> = {}): Promise<UnderTest> {
  const folder = temporaryFolder();
  return closeAfterwards(await openIn(folder, makeFakeFalco(join(folder, "bin"), fake), { ...NO_HOST, ...settings }));
}

/**
 * One player of recordings for all tests of a file, asked for its version and options once. A test may let it misbehave with
 * `setFakeFalco`; after each it plays recordings again.
 */
export function sharedFake(): () => UnderTest {
  const shared = openShared((folder) => openIn(folder, makeFakeFalco(join(folder, "bin")), NO_HOST));
  afterEach(() => setFakeFalco(shared().binFolder, {}));
  return shared;
}

/** The real Falco where one is named, else a player of recordings, for all tests of a file. */
export function sharedFalco(): () => UnderTest {
  return REAL_FALCO === undefined ? sharedFake() : openShared((folder) => openIn(folder, REAL_FALCO, {}));
}

function openShared(open: (folder: string) => Promise<UnderTest>): () => UnderTest {
  let opened: UnderTest | undefined;
  const shared = (): UnderTest => {
    if (opened === undefined) throw new Error("not open yet");
    return opened;
  };
  beforeAll(async () => {
    opened = await open(mkdtempSync(join(tmpdir(), "falco-binary-")));
    await opened.falco.about();
  });
  afterAll(async () => {
    await shared().falco.close();
    rmSync(shared().folder, { recursive: true, force: true });
  });
  return shared;
}

const NO_HOST = { hostConfigs: [], pluginFolders: [] };

function closeAfterwards(opened: UnderTest): UnderTest {
  onTestFinished(() => opened.falco.close());
  return opened;
}

async function openIn(folder: string, named: string, settings: Partial<FalcoSettings>): Promise<UnderTest> {
  const { found, refused } = await findFalco({ named, nowMs: Date.now });
  if (found === undefined) throw new Error(`no falco: ${JSON.stringify(refused)}`);
  const runsFolder = join(folder, "home", "falco-runs");
  mkdirSync(join(folder, "home"), { mode: 0o700 });
  const falco = openFalco(found, { runsFolder, nowMs: Date.now, newId, hostname: "vm", ...settings });
  return { falco, folder, runsFolder, binFolder: join(folder, "bin") };
}
