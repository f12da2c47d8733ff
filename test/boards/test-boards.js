// npm run test:boards: every check on every board, and one table.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { boards } from "./boards.js";
import { isOnOldKernel } from "./checks/old-kernel.js";
import { readCommandLine } from "./command-line.js";
import { keepResults, keptResultsFile, readKeptResults } from "./kept-results.js";
import { Machine } from "./machine.js";
import { ProgressLine } from "./progress-line.js";
import { formatMatrix, withMatrix } from "./readme-matrix.js";
import { recordTarget } from "./record-target.js";
import { resultsTable } from "./results-table.js";
import { runChecks } from "./run-checks.js";

const usage = `Usage: npm run test:boards [-- [--only NAME…] [--check TEXT] [--agent node|micro] [--jobs N] [--record] [--json FILE] [--write-readme]]

Starts each board, does every check on it, and prints a table.

  --only NAME…     these boards alone
  --check TEXT     those checks alone that have this in their name; what came of them is not kept
  --agent NAME     with this agent, not each board's own
  --jobs N         so many at a time (default: one more than processors, at most three)
  --record         record their descriptions in test/targets, too
  --json FILE      what came of them, as JSON
  --write-readme   the table of the README, from what came of each board the last time

Examples:
  npm run test:boards
  npm run test:boards -- --only x86_64-6.1 arm64-6.12 --json results.json
  npm run test:boards -- --only i386-6.1 --check "kernel stack"`;

/** @typedef {import("./results-table.js").BoardResults} BoardResults */

const { boards: chosen, values } = readCommandLine({
  usage,
  takesAll: true,
  options: {
    check: { type: "string" },
    jobs: { type: "string" },
    json: { type: "string" },
    record: { type: "boolean" },
    "write-readme": { type: "boolean" },
  },
});
const jobs = Number(values["jobs"] ?? Math.min(3, availableParallelism() + 1));
if (!(jobs >= 1)) {
  console.error(`test:boards: --jobs ${String(values["jobs"])}: not a number of boards`);
  process.exit(1);
}

const wantedText = String(values["check"] ?? "");

/**
 * A board that does not start is one that fails.
 *
 * @param {import("./boards.js").Board} board
 * @returns {Promise<BoardResults>}
 */
async function testBoard(board) {
  const progress = new ProgressLine(board.name);
  const begin = performance.now();
  const results = (/** @type {string} */ release, /** @type {BoardResults["findings"]} */ findings) => ({
    board: board.name,
    release,
    date: new Date().toISOString().slice(0, "2026-08-05".length),
    seconds: (performance.now() - begin) / 1000,
    findings,
  }); // prettier-ignore
  try {
    const machine = await Machine.start(board, (what) => {
      progress.show(what);
    });
    try {
      const release = (await machine.shell("uname -r")).trim();
      const report = (/** @type {import("./run-checks.js").Finding} */ { name, result }) => {
        progress.show(`${name}: ${result.kind}`);
      };
      const isWanted = (/** @type {string} */ name) =>
        name.includes(wantedText) && (board.standsForOlder || !isOnOldKernel(name));
      const findings = await runChecks(machine, report, isWanted);
      if (values["record"] === true && machine.hasAgent) {
        progress.show("recording");
        await recordTarget(machine);
      }
      return results(release, findings);
    } finally {
      await machine.stop();
    }
  } catch (error) {
    return results("", [{ name: "start", result: { kind: "failed", reason: messageOf(error) } }]);
  } finally {
    const seconds = progress.clear();
    console.error(`${board.name}: ${seconds} s`);
  }
}

/** All that were chosen, so many at a time: the last first, as they take longest. */
async function testAll() {
  /** @type {BoardResults[]} */
  const results = [];
  const waiting = [...chosen.entries()];
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [index, board] = next;
      const result = await testBoard(board);
      results[index] = result;
      if (wantedText === "") keepResults([result]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

function writeReadme() {
  const kept = readKeptResults();
  const results = boards.flatMap(({ name }) => kept.filter(({ board }) => board === name));
  const missing = boards.filter(({ name }) => !kept.some(({ board }) => board === name));
  for (const { name } of missing) {
    console.error(`README.md: ${name} has not been tested: it is left out`);
  }
  const readme = new URL("../../README.md", import.meta.url);
  writeFileSync(readme, withMatrix(readFileSync(readme, "utf8"), formatMatrix(results)));
}

function messageOf(/** @type {unknown} */ error) {
  return error instanceof Error ? error.message : String(error);
}

const begin = performance.now();
const results = await testAll();
console.log(resultsTable(results, (performance.now() - begin) / 1000));
if (typeof values["json"] === "string") {
  writeFileSync(values["json"], `${JSON.stringify(results, undefined, 2)}\n`);
}
if (wantedText === "") console.error(`\nThe results are kept in ${keptResultsFile}`);
if (values["write-readme"] === true) writeReadme();
const hasFailed = results.some(({ findings }) =>
  findings.some(({ result }) => result.kind === "failed"),
);
process.exitCode = hasFailed ? 1 : 0;
