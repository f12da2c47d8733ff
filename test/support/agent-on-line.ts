import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach } from "@jest/globals";
import { Line, type LineOptions } from "./line.js";
import { RunningAgent, type RunningCommand } from "./processes.js";
import { openTerminal } from "./terminals.js";

export interface AgentOnLine {
  /** By which a host reaches it. */
  readonly target: string;
  readonly agent: RunningCommand;
  readonly line: Line;
}

const folder = mkdtempSync(join(tmpdir(), "sonde-lines-"));
const running: RunningCommand[] = [];
const lines: Line[] = [];

afterEach(async () => {
  for (const program of running.splice(0)) {
    program.kill("SIGKILL");
    await program.ended;
  }
  for (const line of lines.splice(0)) line.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let count = 0;

/** An agent on a terminal of socat's, and a paced line to it. Both go when the test is over. */
export async function startAgentOnLine(options: LineOptions): Promise<AgentOnLine> {
  const line = await Line.open(options);
  lines.push(line);
  const device = join(folder, `tty${count++}`);
  running.push(await openTerminal(device, `TCP:127.0.0.1:${line.devicePort},nodelay`));
  const agent = new RunningAgent(["--serial", device, "--baud", String(options.baud)]);
  running.push(agent);
  await agent.says(/^listening on serial:/m);
  return { target: `tcp://127.0.0.1:${line.hostPort}?baud=${options.baud}`, agent, line };
}
