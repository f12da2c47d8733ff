import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sondeProgram = fileURLToPath(new URL("../packages/host/bin/sonde.cjs", import.meta.url));

/**
 * What is compared. `trace` gives the command line that traces with a program of the language; both print events on
 * standard output, one line each.
 *
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} version
 * @property {(program: string, ...parameters: string[]) => readonly string[]} trace
 */

/**
 * @param {string} command
 * @param {string[]} args
 */
function firstLine(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? (stdout.trim().split("\n")[0] ?? "") : undefined;
}

/** @returns {Peer | undefined} Sonde as it was built here; `undefined` when it was not. */
export function findSonde() {
  const version = existsSync(sondeProgram)
    ? firstLine(process.execPath, [sondeProgram, "--version"])
    : undefined;
  return version === undefined
    ? undefined
    : {
        name: "sonde",
        version: version.replace(/^sonde /, ""),
        trace: (program, ...parameters) => [
          process.execPath,
          sondeProgram,
          "trace",
          "-e",
          program,
          ...parameters,
        ],
      };
}

/** @returns {Peer | undefined} The bpftrace that is installed, or what BPFTRACE names; `undefined` when there is none. */
export function findBpftrace() {
  const command = process.env["BPFTRACE"] ?? "bpftrace";
  const version = firstLine(command, ["--version"]);
  return version === undefined
    ? undefined
    : {
        name: "bpftrace",
        version: version.replace(/^bpftrace v?/, ""),
        trace: (program, ...parameters) => [command, "-e", program, ...parameters],
      };
}
