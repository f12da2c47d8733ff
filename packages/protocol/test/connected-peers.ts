import {
  AgentPeer,
  type AgentPeerOptions,
  createChannelPair,
  type HostPeer,
  type MessageChannel,
  openSession,
  RemoteError,
  type RequestHandlers,
  type Result,
  type SessionOptions,
} from "../src/index.js";

/** Bytes that differ from call to call and are the same in every run. */
export function createCountingBytes(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => Uint8Array.from({ length }, () => next++ & 0xff);
}

function refuse(): never {
  throw new RemoteError({ code: "unsupported", message: "not in this test" });
}

/** Handlers that refuse everything but what a test gives. */
export function createHandlers(given: Partial<RequestHandlers> = {}): RequestHandlers {
  return {
    "target.describe": refuse,
    "target.features": refuse,
    "clock.read": refuse,
    "plan.run": refuse,
    "map.dump": refuse,
    "map.lookup": refuse,
    "map.update": refuse,
    "map.delete": refuse,
    "program.run": refuse,
    "program.statistics": refuse,
    "process.start": refuse,
    "process.go": refuse,
    "process.read": refuse,
    "iterator.read": refuse,
    "session.detach": refuse,
    "session.leave": refuse,
    "session.list": refuse,
    "session.stop": refuse,
    "session.disable": refuse,
    "session.countRunTime": refuse,
    "stream.flush": refuse,
    "session.close": refuse,
    "agent.stop": refuse,
    "file.read": refuse,
    "file.lines": refuse,
    "file.list": refuse,
    "file.stat": refuse,
    "tracePipe.read": refuse,
    "btf.types": refuse,
    "vdso.read": refuse,
    "symbols.kernel": refuse,
    ...given,
  };
}

export function createAgentOptions(given: Partial<AgentPeerOptions> = {}): AgentPeerOptions {
  return {
    agent: "sonde-agent test",
    leaseSeconds: 30,
    planSteps: ["createMap"],
    handlers: createHandlers(),
    randomBytes: createCountingBytes(),
    validateResults: true,
    ...given,
  };
}

/** Of an agent without a key that lists no methods. */
export const helloOfAgent: Result<"hello"> = {
  major: 1,
  minor: 0,
  agent: "sonde-agent test",
  methods: [],
  planSteps: [],
  authentication: "none",
  nonce: new Uint8Array(32),
  proof: new Uint8Array(0),
  leaseSeconds: 0,
  session: new Uint8Array(16),
};

export function createSessionOptions(given: Partial<SessionOptions> = {}): SessionOptions {
  return { client: "sonde test", randomBytes: createCountingBytes(), ...given };
}

export interface ConnectedPeers {
  readonly host: HostPeer;
  readonly agent: AgentPeer;
  readonly hostChannel: MessageChannel;
  readonly agentChannel: MessageChannel;
}

/** A host and an agent that have shaken hands over an in-process link. */
export async function connectPeers(
  agentOptions: Partial<AgentPeerOptions> = {},
  sessionOptions: Partial<SessionOptions> = {},
): Promise<ConnectedPeers> {
  const [hostChannel, agentChannel] = createChannelPair();
  const agent = new AgentPeer(agentChannel, createAgentOptions(agentOptions));
  const { peer } = await openSession(hostChannel, createSessionOptions(sessionOptions));
  return { host: peer, agent, hostChannel, agentChannel };
}
