import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { findAgent } from "../support/line-host.js";
import { RunningAgent, type RunningCommand } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { openTerminal } from "../support/terminals.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-strangers-"));
const keyFile = join(folder, "key");
writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
const running: RunningCommand[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const program of running.splice(0)) {
    program.kill("SIGKILL");
    await program.ended;
  }
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** An agent with a key at a terminal; gives the line's other end. */
async function reachAgent(): Promise<Socket> {
  const server = createServer({ noDelay: true });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const reached = new Promise<Socket>((resolve) => {
    server.once("connection", (socket) => {
      // The terminal's end is killed when the test is over.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
  const device = join(folder, "board");
  const { port } = server.address() as AddressInfo;
  running.push(await openTerminal(device, `TCP:127.0.0.1:${port}`));
  const agent = new RunningAgent(["--serial", device, "--key-file", keyFile]);
  running.push(agent);
  await agent.says(/^listening on serial:/m);
  return await reached;
}

/** Sends a first message over the link; gives the reason with which the agent ended it. */
async function endAfter(socket: Socket, message: Uint8Array): Promise<string> {
  const channel = await findAgent(socket, 115_200);
  return await new Promise((resolve) => {
    channel.onClose(resolve);
    channel.send(message);
  });
}

describe("a host on a raw line that has not been let in", () => {
  requiresCommand("socat", "socat")(
    "cannot make the agent keep a large message, be it control or stream",
    async () => {
      const control = 1;
      const stream = 2;
      const socket = await reachAgent();
      for (const kind of [control, stream]) {
        const message = new Uint8Array(5000).fill(kind, 0, 1);
        const reason = await endAfter(socket, message);
        expect(reason).toBe("a message was longer than may be");
      }
    },
  );
});
