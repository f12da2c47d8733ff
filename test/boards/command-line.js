import { parseArgs } from "node:util";
import { boardsNamed, withAgent } from "./boards.js";

/** @typedef {import("./boards.js").Board} Board */

/**
 * The boards that a command line names, with the agent that it asks for. Prints the usage and ends the process when it is
 * wrong, or asks for help.
 *
 * @param {{ usage: string, takesAll: boolean }} command
 * @returns {readonly Board[]}
 */
export function boardsOfCommandLine({ usage, takesAll }) {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        only: { type: "boolean" },
        agent: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) {
      console.log(usage);
      process.exit(0);
    }
    const isForAll = positionals.length === 0;
    if (isForAll !== (takesAll && values.only !== true)) throw new Error(usage);
    const boards = boardsNamed(positionals);
    return boards.map((board) => withAgent(board, agentNamed(values.agent) ?? board.agent));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/**
 * @param {string | undefined} name
 * @returns {Board["agent"] | undefined}
 */
function agentNamed(name) {
  if (name === undefined || name === "node" || name === "micro") return name;
  throw new Error(`there is no agent named ${name} (there are: node, micro)`);
}
