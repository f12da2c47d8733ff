// Names for a board's targets in the user's own configuration, for as long as it runs.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../scripts/debian/run-program.js";

const sondeCommand = fileURLToPath(new URL("../../packages/host/bin/sonde.cjs", import.meta.url));

/**
 * What of a machine its names stand for; and a target, as `sonde targets list --format json` says it.
 *
 * @typedef {Pick<import("./machine.js").Machine, "board" | "keyFile" | "networkTarget" | "serialTarget">} Named
 * @typedef {{ name: string, keyFile?: string }} Target
 */

export class TargetNames {
  /** What -t takes, for the board's network and for its second serial port. */
  network;
  serial;
  /** Whether there was a target `board` already, which is none of ours. */
  isBoardTaken;

  /**
   * @param {string} base
   * @param {boolean} isBoardTaken
   */
  constructor(base, isBoardTaken) {
    this.network = base;
    this.serial = `${base}-serial`;
    this.isBoardTaken = isBoardTaken;
  }

  /**
   * Adds the targets `board` and `board-serial`, or, when the user has such a one, `NAME` and `NAME-serial` by the name of
   * the board. What a board that was killed has left is replaced.
   *
   * @param {Named} machine
   */
  static async add(machine) {
    /** @type {readonly Target[]} */
    const present = JSON.parse(await targets("list", "--format", "json"));
    const isTaken = (/** @type {string} */ name) =>
      present.some((one) => [name, `${name}-serial`].includes(one.name) && !isLeftOver(one));
    const names = new TargetNames(
      isTaken("board") ? machine.board.name : "board",
      isTaken("board"),
    );
    const { keyFile } = machine;
    const add = async (/** @type {string} */ name, /** @type {string} */ url) =>
      await targets("add", name, url, "--key-file", keyFile, "--replace");
    await add(names.network, machine.networkTarget);
    await add(names.serial, machine.serialTarget);
    return names;
  }

  async remove() {
    await targets("remove", this.network);
    await targets("remove", this.serial);
  }
}

/** Of a board that runs no more: its key went with it. */
function isLeftOver(/** @type {Target} */ { keyFile }) {
  return keyFile !== undefined && /\/sonde-board-\w+\/board\.key$/.test(keyFile) && !existsSync(keyFile); // prettier-ignore
}

/** @param {readonly string[]} args */
async function targets(...args) {
  // Said, not inherited: jest's process.env is a copy.
  const options = { env: process.env };
  return await runProgram(process.execPath, [sondeCommand, "targets", ...args], options);
}
