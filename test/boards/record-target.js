import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../scripts/debian/run-program.js";

const sondeCommand = fileURLToPath(new URL("../../packages/host/bin/sonde.cjs", import.meta.url));
const folder = fileURLToPath(new URL("../targets", import.meta.url));
const programs = readdirSync(`${folder}/programs`).map((name) => `${folder}/programs/${name}`);

/**
 * Records the description of a board that runs, for tests that compile.
 *
 * @param {import("./machine.js").Machine} machine
 */
export async function recordTarget(machine) {
  const file = `${folder}/${machine.board.name}.target`;
  const options = { env: { ...process.env, SONDE_KEY_FILE: machine.keyFile } };
  const what = ["info", "-t", machine.networkTarget, "--record", file, ...programs];
  await runProgram(process.execPath, [sondeCommand, ...what], options);
}
