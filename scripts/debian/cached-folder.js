// What took long to make is kept in $XDG_CACHE_HOME/sonde, under a name with the hash of all that it was made from.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** @param {readonly unknown[]} ingredients */
export function hashOf(...ingredients) {
  return createHash("sha256").update(JSON.stringify(ingredients)).digest("hex").slice(0, 12);
}

/**
 * The folder of this name in the cache; made by `fill` when there is none. It is there whole or not at all, also when two
 * make it at a time.
 *
 * @param {string} name
 * @param {(folder: string) => Promise<void>} fill
 */
export async function cachedFolder(name, fill) {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(join(dirname(folder), "unfinished-"));
  try {
    await fill(unfinished);
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

function cacheFolder() {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sonde");
}
