// npm run board -- NAME: starts a board for a person to try by hand. Ctrl-C powers it off.
import { boards, boardsNamed } from "./boards.js";
import { Machine } from "./machine.js";
import { ProgressLine } from "./progress-line.js";
import { TargetNames } from "./target-names.js";

const [name, ...others] = process.argv.slice(2);
if (name === undefined || name.startsWith("-") || others.length > 0) {
  console.error(
    "Usage: npm run board -- NAME\n\nStarts an emulated board; Ctrl-C powers it off. Boards:",
  );
  for (const board of boards) {
    console.error(`  ${board.name.padEnd(16)} ${board.kernelPackage} of Debian ${board.suite}`);
  }
  process.exit(name === "--help" || name === "-h" ? 0 : 1);
}

/** @param {string} name */
function findBoard(name) {
  try {
    return boardsNamed([name])[0];
  } catch (error) {
    console.error(`board: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

const board = findBoard(name);
if (board === undefined) process.exit(1);

/** @returns {never} */
function giveUp(/** @type {unknown} */ error) {
  progress.clear();
  console.error(`board: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}

const progress = new ProgressLine(board.name);
const machine = await Machine.start(board, (what) => {
  progress.show(what);
}).catch(giveUp);
const names = await TargetNames.add(machine).catch(giveUp);
const seconds = progress.clear();
const taken = names.isBoardTaken ? " (board is a target of yours)" : "";
const commands = [
  [`npx sonde opensnoop -t ${names.network}`, "over the network"],
  [`npx sonde opensnoop -t ${names.serial}`, "over its second serial port"],
  [`nc 127.0.0.1 ${machine.shellPort}`, "a shell on the board"],
].map(([command = "", what = ""]) => `  ${command.padEnd(38)} ${what}`);
console.log(`${board.name} runs after ${seconds} s. In another terminal${taken}:

${commands.join("\n")}

Ctrl-C powers it off.`);

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => void machine.stop());
}
await machine.ended;
await names.remove();
