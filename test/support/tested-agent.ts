import { randomBytes } from "node:crypto";
import { createChannelPair, type HostPeer, openSession } from "@sonde/protocol";
import { AgentServer, type LackName } from "../../packages/agent/src/index.js";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";
import { visit } from "./open-peer.js";
import { isMicroTested, startAgent as startProgram } from "./processes.js";

/** An agent of the kind that is tested (processes.ts), and a host's end of a session with it. */
export interface TestedAgent {
  /** Of the process that it is in. */
  readonly pid: number;
  readonly peer: HostPeer;
  /** Another session with it, which outlives its link by the lease. */
  connect(leaseSeconds?: number): Promise<HostPeer>;
  close(): Promise<void>;
}

export type { LackName };

/** On this machine's kernel as if it had not certain features. Node's agent runs in this process, the micro agent in its own. */
export async function startAgent(...without: readonly LackName[]): Promise<TestedAgent> {
  return isMicroTested ? await startMicroAgent(without) : await startNodeAgent(without);
}

async function startNodeAgent(without: readonly LackName[]): Promise<TestedAgent> {
  const server = new AgentServer(createNodeSystem(), { agentName: "sonde-agent test", without });
  const connect = async (leaseSeconds = 0): Promise<HostPeer> => {
    const [hostEnd, agentEnd] = createChannelPair();
    server.accept(agentEnd, { leaseSeconds });
    const { peer } = await openSession(hostEnd, {
      client: "sonde test",
      randomBytes: (length) => randomBytes(length),
    });
    return peer;
  };
  const peer = await connect();
  return {
    pid: process.pid,
    peer,
    connect,
    close: async () => {
      peer.close("the test is over");
      await server.close();
    },
  };
}

async function startMicroAgent(without: readonly LackName[]): Promise<TestedAgent> {
  const lacks = without.length > 0 ? ["--without", without.join(",")] : [];
  const { agent, target } = await startProgram(
    "--listen",
    "ws://127.0.0.1:0",
    // A host that is silent for as long loses its link: this process may be busy.
    "--lease",
    "3",
    ...lacks,
  );
  const connect = async (): Promise<HostPeer> => (await visit(Number(new URL(target).port))).peer;
  const peer = await connect();
  return {
    pid: agent.pid,
    peer,
    // Its lease is the same for all, three seconds.
    connect,
    close: async () => {
      peer.close("the test is over");
      agent.kill();
      await agent.ended;
    },
  };
}
