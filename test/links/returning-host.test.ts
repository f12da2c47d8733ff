import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { afterEach, describe, expect } from "@jest/globals";
import { openSession } from "@sonde/protocol";
import { startAgentOnLine } from "../support/agent-on-line.js";
import { findAgent } from "../support/line-host.js";
import { requiresCommand } from "../support/requires.js";
import { startAttached } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const onLine = requiresCommand("socat", "socat");
const tracing = requiresCommand(
  "socat",
  "socat",
  "tracepoint",
  "raw_tracepoint",
  "ringbuf",
  "program_run",
);

const baud = 115_200;
/** For the doubt whether the host before is still there, the handshakes, and the first answer. */
const returnLimitMilliseconds = 3000;

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Connects, and asks the agent something; the time until it has answered. */
async function comeBack(port: number): Promise<number> {
  const begin = performance.now();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  sockets.push(socket);
  const channel = await findAgent(socket, baud);
  await openSession(channel, {
    client: "a test",
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  });
  return performance.now() - begin;
}

describe("a host that comes back to an agent that still has its connection", () => {
  onLine("is taken in soon, again and again", async () => {
    const port = (await startAgentOnLine({ baud })).line.hostPort;
    const times: number[] = [await comeBack(port)];
    for (let round = 0; round < 10; round++) {
      // The bridge is cut: nothing tells the agent.
      sockets.at(-1)?.destroy();
      times.push(await comeBack(port));
    }
    const rounded = times.map((time) => Math.round(time));
    process.stdout.write(
      `links: found in ${rounded[0] ?? 0} ms, again in ${rounded.slice(1).join(" ")} ms\n`,
    );
    expect(Math.max(...times)).toBeLessThan(returnLimitMilliseconds);
  });

  tracing("is taken in soon, in the middle of a stream of events", async () => {
    const { target, line } = await startAgentOnLine({ baud });
    const workload = await Workload.start("streaming", "stat('/none') while 1;");
    workload.begin();
    const sonde = await startAttached([
      ...["-t", target],
      ...["-e", 'rawtracepoint:sys_enter /comm == "streaming"/ { printf("%llu\\n", nsecs); }'],
    ]);
    await sonde.prints(/(\d+\n){50}/);
    sonde.kill("SIGKILL");
    await sonde.ended;
    const milliseconds = await comeBack(line.hostPort);
    await workload.stop();
    process.stdout.write(`links: found again in ${Math.round(milliseconds)} ms amid events\n`);
    expect(milliseconds).toBeLessThan(returnLimitMilliseconds);
  });
});
