import { describe, expect, test } from "@jest/globals";
import {
  AgentPeer,
  ConnectionClosedError,
  createChannelPair,
  HandshakeError,
  type MessageChannel,
  openSession,
  type Params,
  ProtocolError,
  type Result,
} from "../src/index.js";
import {
  connectPeers,
  createAgentOptions,
  createHandlers,
  createSessionOptions,
} from "./connected-peers.js";
import { RawLink, settle } from "./raw-link.js";

const key = new Uint8Array(16).fill(7);
const otherKey = new Uint8Array(16).fill(8);

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new TypeError("it was not rejected");
}

/** As over a TLS connection whose keying material is 32 of this byte. */
function bindChannel(channel: MessageChannel, byte: number | undefined): MessageChannel {
  if (byte === undefined) return channel;
  return Object.assign(channel, { binding: new Uint8Array(32).fill(byte) });
}

const hello: Result<"hello"> = {
  major: 1,
  minor: 0,
  agent: "a test",
  methods: [],
  planSteps: [],
  authentication: "none",
  nonce: new Uint8Array(32),
  proof: new Uint8Array(0),
  leaseSeconds: 0,
  session: new Uint8Array(16),
};

describe("openSession", () => {
  test("without a key on either side opens a session", async () => {
    const { host } = await connectPeers({
      handlers: createHandlers({ "file.list": () => ({ names: ["a"] }) }),
    });
    expect(await host.call("file.list", { path: "/sys" })).toEqual({ names: ["a"] });
  });

  test("with the same key on both sides opens a session whose messages carry a MAC", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const kinds: (number | undefined)[] = [];
    const agent = new AgentPeer(agentChannel, createAgentOptions({ key }));
    const send = hostChannel.send.bind(hostChannel);
    hostChannel.send = (message, onSent): void => {
      kinds.push(message[0]);
      send(message, onSent);
    };
    const { peer, hello: answer } = await openSession(hostChannel, createSessionOptions({ key }));
    expect(answer).toMatchObject({ authentication: "key", leaseSeconds: 30 });
    await rejection(peer.call("session.close", {}));
    expect(agent.isReady).toBe(true);
    expect(kinds).toEqual([1, 1, 3]);
  });

  const refused = [
    { name: "the keys differ", agentKey: key, hostKey: otherKey, message: /same key/ },
    {
      name: "only the agent has a key",
      agentKey: key,
      hostKey: undefined,
      message: /asks for a key/,
    },
    {
      name: "only the host has a key",
      agentKey: undefined,
      hostKey: key,
      message: /agent has none/,
    },
    {
      name: "the host's key is too short",
      agentKey: key,
      hostKey: key.subarray(1),
      message: /15 bytes/,
    },
  ];
  for (const { name, agentKey, hostKey, message } of refused) {
    test(`when ${name}, says so and closes the link`, async () => {
      const [hostChannel, agentChannel] = createChannelPair();
      const agent = new AgentPeer(
        agentChannel,
        createAgentOptions(agentKey === undefined ? {} : { key: agentKey }),
      );
      const options = createSessionOptions(hostKey === undefined ? {} : { key: hostKey });
      const error = await rejection(openSession(hostChannel, options));
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({
        code: "authentication",
        message: expect.stringMatching(message),
        details: { hint: expect.any(String) },
      });
      await agent.closed;
    });
  }

  const bindings = [
    { name: "the two ends of one TLS connection", host: 1, agent: 1, opens: true },
    { name: "two TLS connections with someone in between", host: 1, agent: 2, opens: false },
    { name: "TLS that does not end at the agent", host: 1, agent: undefined, opens: false },
    { name: "TLS that the host does not know of", host: undefined, agent: 1, opens: false },
  ];
  for (const { name, host, agent, opens } of bindings) {
    test(`a key ${opens ? "is" : "is not"} believed over ${name}`, async () => {
      const [hostChannel, agentChannel] = createChannelPair();
      const peer = new AgentPeer(bindChannel(agentChannel, agent), createAgentOptions({ key }));
      const opening = openSession(bindChannel(hostChannel, host), createSessionOptions({ key }));
      if (opens) await opening;
      else expect(await rejection(opening)).toMatchObject({ code: "authentication" });
      expect(peer.isReady).toBe(opens);
    });
  }

  test("when the agent refuses the proof, says so", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const link = new RawLink(agentChannel);
    const opened = rejection(openSession(hostChannel, createSessionOptions()));
    await settle();
    const error = { code: "authentication", message: "no", hint: "yes" } as const;
    link.send({ kind: "error", id: 1, error });
    expect(await opened).toMatchObject({
      name: "HandshakeError",
      message: "no",
      details: error,
    });
    await settle();
    expect(link.closeReason).toBe("no");
  });

  test("an agent of another major that answers hello is refused", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const link = new RawLink(agentChannel);
    const opened = rejection(openSession(hostChannel, createSessionOptions()));
    link.send({ kind: "reply", id: 1, result: { ...hello, major: 0 } });
    expect(await opened).toMatchObject({
      name: "HandshakeError",
      code: "version",
      details: { hint: expect.stringContaining("update sonde-agent") },
    });
  });

  test("an agent that refuses the host's major is told as the same error", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const link = new RawLink(agentChannel);
    const opened = rejection(openSession(hostChannel, createSessionOptions()));
    link.send({ kind: "error", id: 1, error: { code: "version", message: "older" } });
    expect(await opened).toMatchObject({ name: "HandshakeError", code: "version" });
  });

  test("an agent that makes no sense is refused", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const link = new RawLink(agentChannel);
    const opened = rejection(openSession(hostChannel, createSessionOptions()));
    link.send({ kind: "reply", id: 1, result: { ...hello, nonce: new Uint8Array(3) } });
    expect(await opened).toBeInstanceOf(ProtocolError);
    await settle();
    expect(link.closeReason).toContain("nonce");
  });

  test("a link that closes meanwhile rejects", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    agentChannel.close("gone");
    const error = await rejection(openSession(hostChannel, createSessionOptions()));
    expect(error).toBeInstanceOf(ConnectionClosedError);
  });

  test("an impostor who relays the handshake cannot answer for the agent afterwards", async () => {
    const [hostChannel, impostorToHost] = createChannelPair();
    const [impostorToAgent, agentChannel] = createChannelPair();
    new AgentPeer(agentChannel, createAgentOptions({ key }));
    impostorToHost.onMessage((message) => {
      impostorToAgent.send(message);
    });
    impostorToAgent.onMessage((message) => {
      impostorToHost.send(message);
    });
    const { peer } = await openSession(hostChannel, createSessionOptions({ key }));
    const call = rejection(peer.call("session.close", {}));
    const forged = new RawLink(createChannelPair()[0]).codec;
    impostorToHost.send(forged.encode({ kind: "reply", id: 3, result: {} }));
    expect(await call).toMatchObject({ name: "ConnectionClosedError" });
    expect(await peer.closed).toContain("without a MAC");
  });

  test("an impostor who changes what the agent told is found out", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const agent = new AgentPeer(agentChannel, createAgentOptions({ key }));
    const send = agentChannel.send.bind(agentChannel);
    agentChannel.send = (message, onSent): void => {
      // The agent's name, "sonde-agent test", becomes "sonde-agent tesT".
      const at = message.findIndex((byte, index) => byte === 0x74 && message[index - 1] === 0x73);
      message[at] = 0x54;
      send(message, onSent);
    };
    const opened = await rejection(openSession(hostChannel, createSessionOptions({ key })));
    expect(opened).toMatchObject({ code: "authentication" });
    await agent.closed;
  });

  test("tells the agent who it is", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const link = new RawLink(agentChannel);
    void rejection(openSession(hostChannel, createSessionOptions({ client: "sonde 9" })));
    await settle();
    const [request] = link.received as { params: Params<"hello"> }[];
    expect(request?.params).toMatchObject({ major: 1, minor: 0, client: "sonde 9" });
  });
});
