import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "@jest/globals";

const waitMilliseconds = 300_000;
const pollMilliseconds = 100;

/**
 * Test files that use something there is one of on this machine wait here for each other; to be called once in each, at
 * its top. Held by a file that names its process: whoever ended without giving it back does not keep others out.
 */
export function onlyOneUses(what: string): void {
  const path = join(tmpdir(), `sonde-test-${what}`);
  beforeAll(async () => {
    while (!take(path)) await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }, waitMilliseconds);
  afterAll(() => {
    rmSync(path, { force: true });
  });
}

function take(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}`, { flag: "wx" });
    return true;
  } catch {
    if (!isHeld(path)) rmSync(path, { force: true });
    return false;
  }
}

function isHeld(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    // Not yet written: whoever makes it is about to.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
