import { describe, expect, test } from "@jest/globals";
import {
  AgentPeer,
  createChannelPair,
  encodeStreamMessage,
  handle,
  HostPeer,
  openSession,
  ProtocolError,
  type Result,
  type SessionFinder,
} from "../src/index.js";
import {
  createAgentOptions,
  createHandlers,
  createSessionOptions,
  helloOfAgent,
} from "./connected-peers.js";
import { RawLink, settle } from "./raw-link.js";

const stream = handle.parse(5);

const attached: Result<"session.attach"> = {
  note: Uint8Array.of(1),
  keeps: "newest",
  ageMilliseconds: 5n,
  isOver: false,
  streams: [{ stream, lost: 3n, dropped: 4n, positions: [{ channel: 0, position: 64n }] }],
};

describe("HostPeer.attach", () => {
  test("takes spans that come right behind the answer, from the positions in it", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const host = new HostPeer(hostChannel);
    const link = new RawLink(agentChannel);
    host.begin({ ...helloOfAgent, methods: ["session.attach"] });
    const answer = host.attach({ name: "boot", takeOver: false });
    link.send({ kind: "reply", id: 1, result: attached });
    const header = { channel: 0, stream, position: 64n, lost: 3n };
    link.sendBytes(encodeStreamMessage(header, new Uint8Array(8)));
    expect(await answer).toEqual(attached);
    await settle();
    expect(link.closeReason).toBeUndefined();
    const positions: bigint[] = [];
    host.onStream(stream, {
      onSpan: ({ position }) => positions.push(position),
      onEnd: () => undefined,
    });
    expect(positions).toEqual([64n]);
  });

  test("closes the link when the answer makes no sense", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const host = new HostPeer(hostChannel);
    const link = new RawLink(agentChannel);
    const answer = host.attach({ name: "boot", takeOver: false });
    link.send({ kind: "reply", id: 1, result: { note: 5 } });
    await expect(answer).rejects.toBeInstanceOf(ProtocolError);
    expect(await host.closed).toContain("session.attach");
  });
});

/** An agent whose sessions go on without a link, and whose first one can be attached to. */
class Agent {
  readonly peers: AgentPeer[] = [];
  /** Answers to file.list that were asked for, by path. */
  readonly answer = new Map<string, (names: string[]) => void>();
  readonly cancelled: string[] = [];

  async connect(): Promise<{ host: HostPeer; session: Uint8Array }> {
    const [hostChannel, agentChannel] = createChannelPair();
    const finder: SessionFinder = {
      resumable: (name) => this.peers.find((peer) => peer.isNamed(name)),
      attachable: () => this.#first(),
    };
    const options = createAgentOptions({
      handlers: createHandlers({
        "file.list": ({ path }, { signal }) => {
          signal.addEventListener("abort", () => this.cancelled.push(path));
          return new Promise((resolve) => {
            this.answer.set(path, (names) => {
              resolve({ names });
            });
          });
        },
      }),
      randomBytes: (length) => new Uint8Array(length).fill(this.peers.length + 1),
      onLinkLost: () => true,
      onResume: () => [],
      onAttach: () => attached,
    });
    this.peers.push(new AgentPeer(agentChannel, options, finder));
    const { peer, hello } = await openSession(hostChannel, createSessionOptions());
    return { host: peer, session: hello.session };
  }

  #first(): AgentPeer {
    const [first] = this.peers;
    if (first === undefined) throw new TypeError("nobody has connected");
    return first;
  }
}

describe("a session that another host attaches to", () => {
  test("answers nothing that the host before had asked for, under whatever id", async () => {
    const agent = new Agent();
    const first = await agent.connect();
    const lost = first.host.call("file.list", { path: "/first" }).catch(String);
    await settle();
    const second = await agent.connect();
    await second.host.attach({ name: "boot", takeOver: true });
    expect(agent.cancelled).toEqual(["/first"]);
    expect(await lost).toContain("another host has attached");
    // Ids are each host's own: both have used the same.
    const calls = ["/a", "/b", "/c"].map((path) => second.host.call("file.list", { path }));
    await settle();
    agent.answer.get("/first")?.(["of the first host"]);
    for (const path of ["/a", "/b", "/c"]) agent.answer.get(path)?.([path]);
    const results = await Promise.all(calls);
    expect(results.map(({ names }) => names)).toEqual([["/a"], ["/b"], ["/c"]]);
  });

  test("is resumed under the name of the link by which it was attached to, and under no other", async () => {
    const agent = new Agent();
    const first = await agent.connect();
    const second = await agent.connect();
    second.host.onLinkLost(() => undefined);
    await second.host.attach({ name: "boot", takeOver: true });
    const call = second.host.call("file.list", { path: "/kept" });
    await settle();
    second.host.onClose("cut"); // as its link would
    const third = await agent.connect();
    const refused = second.host.resume(first.session, third.host);
    await expect(refused).rejects.toMatchObject({ code: "missing" });
    const fourth = await agent.connect();
    expect(await second.host.resume(second.session, fourth.host)).toBe(0n);
    agent.answer.get("/kept")?.(["once"]);
    expect(await call).toEqual({ names: ["once"] });
    expect(agent.answer.size).toBe(1);
  });

  test("cannot be asked for once something else was", async () => {
    const agent = new Agent();
    await agent.connect();
    const { host } = await agent.connect();
    void host.call("file.list", { path: "/" }).catch(() => undefined);
    await expect(host.attach({ name: "boot", takeOver: false })).rejects.toThrow("comes first");
  });
});

test("an agent that detaches nothing says so", async () => {
  const [hostChannel, agentChannel] = createChannelPair();
  new AgentPeer(agentChannel, createAgentOptions());
  const { peer } = await openSession(hostChannel, createSessionOptions());
  const refused = peer.attach({ name: "boot", takeOver: false });
  await expect(refused).rejects.toMatchObject({ code: "missing" });
});
