// npm run record:boards [-- --only NAME…]: records each board's description into test/targets, for tests that compile.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { boardsOfCommandLine } from "./command-line.js";
import { Machine } from "./machine.js";
import { ProgressLine } from "./progress-line.js";
import { runProgram } from "../../scripts/debian/run-program.js";

const sondeCommand = fileURLToPath(new URL("../../packages/host/bin/sonde.cjs", import.meta.url));
const folder = fileURLToPath(new URL("../targets", import.meta.url));
const programs = readdirSync(`${folder}/programs`).map((name) => `${folder}/programs/${name}`);

const usage = "Usage: npm run record:boards [-- --only NAME…]";
for (const board of boardsOfCommandLine({ usage, takesAll: true })) {
  const progress = new ProgressLine(board.name);
  const machine = await Machine.start(board, (what) => {
    progress.show(what);
  });
  if (!machine.hasAgent) {
    await machine.stop();
    console.error(`${board.name}: no agent is built for it`);
    continue;
  }
  progress.show("recording");
  const what = ["-t", machine.networkTarget, "--record", `${folder}/${board.name}.target`];
  const options = { env: { ...process.env, SONDE_KEY_FILE: machine.keyFile } };
  try {
    await runProgram(process.execPath, [sondeCommand, "info", ...what, ...programs], options);
  } finally {
    await machine.stop();
  }
  console.error(`${board.name}: ${progress.clear()} s`);
}
