// npm run board -- NAME: starts a board for a person to try by hand. Ctrl-C powers it off.
import { boards } from "./boards.js";
import { boardsOfCommandLine } from "./command-line.js";
import { Machine } from "./machine.js";
import { ProgressLine } from "./progress-line.js";
import { TargetNames } from "./target-names.js";

const list = boards.map(
  ({ name, kernelPackage, suite }) => `  ${name.padEnd(18)} ${kernelPackage} of Debian ${suite}`,
);
const [board, ...others] = boardsOfCommandLine({
  usage: `Usage: npm run board -- NAME [--agent node|micro]\n\nStarts an emulated board; Ctrl-C powers it off. Boards:\n${list.join("\n")}`,
  takesAll: false,
});
if (board === undefined || others.length > 0) {
  console.error("board: one at a time");
  process.exit(1);
}

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
const traces = [
  [`npx sonde opensnoop -t ${names.network}`, "over the network"],
  [`npx sonde opensnoop -t ${names.serial}`, "over its second serial port"],
];
const commands = [
  ...(machine.hasAgent ? traces : []),
  [`nc 127.0.0.1 ${machine.shellPort}`, "a shell on the board"],
].map(([command = "", what = ""]) => `  ${command.padEnd(38)} ${what}`);
const without = machine.hasAgent ? "" : ", without an agent, as none is built for it";
console.log(`${board.name} runs after ${seconds} s${without}. In another terminal${taken}:

${commands.join("\n")}

Ctrl-C powers it off.`);

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => void machine.stop());
}
await machine.ended;
await names.remove();
