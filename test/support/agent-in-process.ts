import { randomBytes } from "node:crypto";
import { createChannelPair, type HostPeer, openSession } from "@sonde/protocol";
import { AgentServer, type SyscallArgument, type System } from "../../packages/agent/src/index.js";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";

/** An agent in this process, and a host's end of a session with it. */
export interface AgentInProcess {
  readonly server: AgentServer;
  readonly peer: HostPeer;
  close(): Promise<void>;
}

/** Over another system, what the kernel answers can be changed on the way. */
export async function startAgent(system: System = createNodeSystem()): Promise<AgentInProcess> {
  const server = new AgentServer(system, {
    agentName: "sonde-agent test",
  });
  const peer = await connect(server);
  return {
    server,
    peer,
    close: async () => {
      peer.close("the test is over");
      await server.close();
    },
  };
}

/** Another session with the same agent, which outlives its link by the lease. */
export async function connect(server: AgentServer, leaseSeconds = 0): Promise<HostPeer> {
  const [hostEnd, agentEnd] = createChannelPair();
  server.accept(agentEnd, { leaseSeconds });
  const { peer } = await openSession(hostEnd, {
    client: "sonde test",
    randomBytes: (length) => randomBytes(length),
  });
  return peer;
}

const numbers = {
  x64: { bpf: 321, openat: 257 },
  arm64: { bpf: 280, openat: 56 },
}[process.arch as "x64" | "arm64"];
const ENOENT = 2;
const EINVAL = 22;

/** The machine as an older kernel: some commands of bpf(2) are unknown to it. */
export function withoutBpfCommands(...commands: readonly number[]): System {
  const system = createNodeSystem();
  return {
    ...system,
    syscall: (number, ...args) =>
      number === numbers.bpf && commands.includes(Number(args[0]))
        ? -EINVAL
        : system.syscall(number, ...args),
  };
}

/** The machine as if some files were not there. */
export function withoutFiles(...paths: readonly string[]): System {
  const system = createNodeSystem();
  return {
    ...system,
    syscall: (number, ...args) =>
      number === numbers.openat && paths.includes(pathOf(args[1]))
        ? -ENOENT
        : system.syscall(number, ...args),
  };
}

function pathOf(argument: SyscallArgument | undefined): string {
  return argument instanceof Uint8Array ? Buffer.from(argument.subarray(0, -1)).toString() : "";
}
