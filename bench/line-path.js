import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importTestSupport } from "./import-test-support.js";

/**
 * Sets up a board at a slow line: this machine's agent at a terminal, a line that is paced (and perhaps faulty), another
 * terminal, and ser2net, whose TCP port `target` names. Needs socat and ser2net.
 *
 * @param {{ readonly baud: number, readonly towardsHost?: object, readonly towardsDevice?: object, readonly seed?: number }} options
 */
export async function openLinePath(options) {
  const { agentCommand, Line, openTerminal, RunningProgram, Ser2net } = await importTestSupport([
    "line.ts",
    "processes.ts",
    "ser2net.ts",
    "terminals.ts",
  ]);
  const directory = mkdtempSync(join(tmpdir(), "sonde-bench-"));
  const [board, bridge] = [join(directory, "board"), join(directory, "bridge")];
  const line = await Line.open(options);
  const terminals = [
    await openTerminal(board, `TCP:127.0.0.1:${line.devicePort},nodelay`),
    await openTerminal(bridge, `TCP:127.0.0.1:${line.hostPort},nodelay`),
  ];
  const connector = `serialdev,${bridge},${options.baud}n81,local`;
  const ser2net = await Ser2net.start({
    configurationFile: join(directory, "ser2net.yaml"),
    accepter: "tcp",
    connector,
  });
  const agent = new RunningProgram(agentCommand, [
    ...["--serial", board, "--baud", String(options.baud)],
  ]);
  await agent.says(/^listening on serial:/m);
  return {
    line,
    target: `tcp://127.0.0.1:${ser2net.port}?baud=${options.baud}`,
    async close() {
      for (const program of [agent, ...terminals]) program.kill("SIGKILL");
      await ser2net.stop();
      line.close();
      rmSync(directory, { recursive: true });
    },
  };
}
