// What came of each board the last time, so that boards can be tested one by one and the README tell of all.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../scripts/debian/cached-folder.js";

/** @typedef {import("./results-table.js").BoardResults} BoardResults */

export const keptResultsFile = join(cacheFolder(), "boards", "results.json");

/** @returns {readonly BoardResults[]} */
export function readKeptResults() {
  try {
    return JSON.parse(readFileSync(keptResultsFile, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Puts new results in the place of older ones.
 *
 * @param {readonly BoardResults[]} results
 */
export function keepResults(results) {
  const others = readKeptResults().filter(
    (kept) => !results.some(({ board }) => board === kept.board),
  );
  mkdirSync(dirname(keptResultsFile), { recursive: true });
  // In one step, for another who tests other boards meanwhile.
  const written = `${keptResultsFile}.${process.pid}`;
  writeFileSync(written, `${JSON.stringify([...others, ...results], undefined, 2)}\n`);
  renameSync(written, keptResultsFile);
}
