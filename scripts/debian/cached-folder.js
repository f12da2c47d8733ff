// What took long to make is kept in $XDG_CACHE_HOME/sonde, under a name with the hash of all that it was made from.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** @param {readonly unknown[]} ingredients */
export function hashOf(...ingredients) {
  return createHash("sha256").update(JSON.stringify(ingredients)).digest("hex").slice(0, 12);
}

const day = 24 * 60 * 60 * 1000;
/** What was not asked for in so long belongs to a version that nobody has any more. */
const keptMilliseconds = 7 * day;

/**
 * The folder of this name in the cache; made by `fill` when there is none. It is there whole or not at all, also when two
 * make it at a time. When one is made, those beside it that nobody has asked for in a week are removed.
 *
 * @param {string} name
 * @param {(folder: string) => Promise<void>} fill
 */
export async function cachedFolder(name, fill) {
  const folder = join(cacheFolder(), name);
  const now = new Date();
  if (existsSync(folder)) {
    utimesSync(folder, now, now);
    return folder;
  }
  mkdirSync(dirname(folder), { recursive: true });
  removeUnused(dirname(folder));
  const unfinished = mkdtempSync(join(dirname(folder), "unfinished-"));
  try {
    await fill(unfinished);
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** @param {string} parent */
function removeUnused(parent) {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - used > keptMilliseconds) rmSync(path, { recursive: true, force: true });
  }
}

export function cacheFolder() {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sonde");
}
