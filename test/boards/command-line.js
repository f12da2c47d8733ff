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
export function boardsOfCommandLine(command) {
  return readCommandLine(command).boards;
}

/**
 * The same, with what further options say.
 *
 * @param {{ usage: string, takesAll: boolean, options?: Record<string, { type: "string" | "boolean" }> }} command
 * @returns {{ boards: readonly Board[], values: Readonly<Record<string, unknown>> }}
 */
export function readCommandLine({ usage, takesAll, options = {} }) {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        ...options,
        only: { type: "boolean" },
        agent: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    /** @type {Readonly<Record<string, unknown>>} */
    const values = parsed.values;
    const { positionals } = parsed;
    if (values["help"] === true) {
      console.log(usage);
      process.exit(0);
    }
    const isForAll = positionals.length === 0;
    if (isForAll !== (takesAll && values["only"] !== true)) throw new Error(usage);
    const agent = agentNamed(values["agent"]);
    const boards = boardsNamed(positionals).map((board) => withAgent(board, agent ?? board.agent));
    return { boards, values };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/**
 * @param {unknown} name
 * @returns {Board["agent"] | undefined}
 */
function agentNamed(name) {
  if (name === undefined || name === "node" || name === "micro") return name;
  throw new Error(`there is no agent named ${String(name)} (there are: node, micro)`);
}
