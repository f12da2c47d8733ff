// npm run test:boards [-- --only NAME…]: every check on every board, and one table.
import { boardsOfCommandLine } from "./command-line.js";
import { Machine } from "./machine.js";
import { ProgressLine } from "./progress-line.js";
import { runChecks } from "./run-checks.js";
import { resultsTable } from "./results-table.js";

const boards = boardsOfCommandLine({
  usage: "Usage: npm run test:boards [-- [--agent node|micro] [--only NAME…]]",
  takesAll: true,
});

/** @typedef {import("./results-table.js").BoardResults} BoardResults */

/**
 * A board that does not start is one that fails.
 *
 * @param {import("./boards.js").Board} board
 * @returns {Promise<BoardResults>}
 */
async function testBoard(board) {
  const progress = new ProgressLine(board.name);
  try {
    const machine = await Machine.start(board, (what) => {
      progress.show(what);
    });
    try {
      const findings = await runChecks(machine, ({ name, result }) => {
        progress.show(`${name}: ${result.kind}`);
      });
      return { board, findings };
    } finally {
      await machine.stop();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { board, findings: [{ name: "start", result: { kind: "failed", reason } }] };
  } finally {
    const seconds = progress.clear();
    console.error(`${board.name}: ${seconds} s`);
  }
}

/** @type {BoardResults[]} */
const results = [];
// One at a time: two emulated boards on one machine wait for each other.
for (const board of boards) results.push(await testBoard(board));
console.log(resultsTable(results));
const hasFailed = results.some(({ findings }) =>
  findings.some(({ result }) => result.kind === "failed"),
);
process.exitCode = hasFailed ? 1 : 0;
