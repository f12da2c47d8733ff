import { afterEach } from "@jest/globals";
import { AgentServer, type System } from "../../packages/agent/src/index.js";
import { AuthenticationThrottle } from "../../packages/agent/src/listeners/authentication-throttle.js";
import { listenOnTcp } from "../../packages/agent/src/listeners/node/listeners.js";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";

const CLOCK_REALTIME = 0;
const clockGettime = { x64: 228, arm64: 113 }[process.arch as "x64" | "arm64"];

const agents: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of agents.splice(0)) await close();
});

/** This machine as if its wall clock were ahead by so many seconds, behind when they are negative. */
function withWallClock(aheadSeconds: bigint): System {
  const system = createNodeSystem();
  return {
    ...system,
    syscall: (number, ...args) => {
      const result = system.syscall(number, ...args);
      const [clock, timespec] = args;
      if (number === clockGettime && clock === CLOCK_REALTIME && timespec instanceof Uint8Array) {
        const view = new DataView(timespec.buffer, timespec.byteOffset);
        view.setBigInt64(0, view.getBigInt64(0, true) + aheadSeconds, true);
      }
      return result;
    },
  };
}

/** An agent of this process whose machine's wall clock is wrong; gives its address. It ends with the test. */
export async function startAgentWithClock(aheadSeconds: bigint): Promise<string> {
  const system = withWallClock(aheadSeconds);
  const server = new AgentServer(system, { agentName: "sonde-agent test" });
  const listener = await listenOnTcp({
    host: "127.0.0.1",
    port: 0,
    hasKey: false,
    throttle: new AuthenticationThrottle(() => system.now()),
    accept: (channel, handshake) => {
      server.accept(channel, handshake);
    },
  });
  agents.push(async () => {
    listener.close();
    await server.close();
  });
  return listener.address;
}
