// npm run record:boards [-- --only NAME…]: records each board's description into test/targets, for tests that compile.
import { boardsOfCommandLine } from "./command-line.js";
import { Machine } from "./machine.js";
import { ProgressLine } from "./progress-line.js";
import { recordTarget } from "./record-target.js";

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
  try {
    await recordTarget(machine);
  } finally {
    await machine.stop();
  }
  console.error(`${board.name}: ${progress.clear()} s`);
}
