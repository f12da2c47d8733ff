import { randomBytes } from "node:crypto";
import { createChannelPair, type HostPeer, openSession } from "@sonde/protocol";
import { AgentServer, type LackName } from "../../packages/agent/src/index.js";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";

/** An agent in this process, and a host's end of a session with it. */
export interface AgentInProcess {
  readonly server: AgentServer;
  readonly peer: HostPeer;
  close(): Promise<void>;
}

export type { LackName };

/** On this machine's kernel as if it had not certain features. */
export async function startAgent(...without: readonly LackName[]): Promise<AgentInProcess> {
  const server = new AgentServer(createNodeSystem(), { agentName: "sonde-agent test", without });
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
