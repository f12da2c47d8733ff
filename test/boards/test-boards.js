// npm run test:boards [-- --only NAME…]: every check on every board, and one table.
import { boardsNamed } from "./boards.js";
import { Machine } from "./machine.js";
import { ProgressLine } from "./progress-line.js";
import { runChecks } from "./run-checks.js";
import { resultsTable } from "./results-table.js";

const [option, ...names] = process.argv.slice(2);
if (option !== undefined && (option !== "--only" || names.length === 0)) {
  console.error("Usage: npm run test:boards [-- --only NAME…]");
  process.exit(option === "--help" || option === "-h" ? 0 : 1);
}

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
for (const board of boardsNamed(names)) results.push(await testBoard(board));
console.log(resultsTable(results));
const hasFailed = results.some(({ findings }) =>
  findings.some(({ result }) => result.kind === "failed"),
);
process.exitCode = hasFailed ? 1 : 0;
