import { describe, expect, test } from "@jest/globals";
import { CompressedChannel } from "../src/compressed-channel.js";
import {
  AgentPeer,
  createChannelPair,
  encodeStreamMessage,
  handle,
  type MessageChannel,
  openSession,
  streamMacSizeBytes,
} from "../src/index.js";
import { createAgentOptions, createHandlers, createSessionOptions } from "./connected-peers.js";
import { RawLink, settle } from "./raw-link.js";

/** A channel that keeps what is sent, and hands on what a test has come. */
class FakeChannel implements MessageChannel {
  readonly sent: Uint8Array[] = [];
  readonly queuedBytes = 17;
  readonly bytesPerSecond = 11_520;
  closeReason: string | undefined;
  receive: (message: Uint8Array) => void = () => undefined;

  send(message: Uint8Array, onSent?: () => void): void {
    this.sent.push(message);
    onSent?.();
  }
  onMessage(handler: (message: Uint8Array) => void): void {
    this.receive = handler;
  }
  onClose(): void {
    return undefined;
  }
  close(reason: string): void {
    this.closeReason = reason;
  }
}

function open(limitBytes = 100_000): {
  readonly inner: FakeChannel;
  readonly channel: CompressedChannel;
  readonly received: Uint8Array[];
} {
  const inner = new FakeChannel();
  const channel = new CompressedChannel(inner, limitBytes);
  const received: Uint8Array[] = [];
  channel.onMessage((message) => received.push(message));
  return { inner, channel, received };
}

const control = (count: number): Uint8Array => {
  const message = new Uint8Array(200).fill(count);
  message[0] = 1;
  return message;
};
const stream = (count: number): Uint8Array =>
  encodeStreamMessage(
    { stream: 1, channel: 0, position: BigInt(count), lost: 0n },
    new Uint8Array(300).fill(count + 100),
  );

describe("a compressed channel", () => {
  test("passes messages as they are until it is told to compress", () => {
    const { inner, channel, received } = open();
    channel.send(control(1));
    inner.receive(control(2));
    inner.receive(Uint8Array.of(4, 0));
    expect(inner.sent).toEqual([control(1)]);
    expect(received).toEqual([control(2), Uint8Array.of(4, 0)]);
  });

  test("says what it is by the first byte, and takes what is not compressed, too", () => {
    const { inner, channel, received } = open();
    channel.compress();
    channel.send(control(1));
    channel.send(stream(1));
    expect(inner.sent.map(([kind]) => kind)).toEqual([4, 5]);
    inner.receive(control(2));
    expect(received).toEqual([control(2)]);
  });

  test("is understood when control messages overtake those of streams, and the other way round", () => {
    const left = open();
    left.channel.compress();
    for (let count = 0; count < 5; count++) {
      left.channel.send(control(count));
      left.channel.send(stream(count));
    }
    const controls = left.inner.sent.filter(([kind]) => kind === 4);
    const streams = left.inner.sent.filter(([kind]) => kind === 5);
    for (const order of [
      [...controls, ...streams],
      [...streams, ...controls],
    ]) {
      const right = open();
      right.channel.compress();
      for (const message of order) right.inner.receive(message);
      expect(right.received).toHaveLength(10);
      expect(right.received.filter(([kind]) => kind === 1)).toEqual([0, 1, 2, 3, 4].map(control));
      expect(right.received.filter(([kind]) => kind === 2)).toEqual([0, 1, 2, 3, 4].map(stream));
    }
    // The second of a kind has little that is new.
    expect(controls[1]?.length).toBeLessThan(12);
    expect(streams[1]?.length).toBeLessThan(20);
  });

  test("closes for a message that makes no sense, or is too long when it is expanded", () => {
    const left = open();
    left.channel.compress();
    left.channel.send(new Uint8Array(1001));
    const right = open(1000);
    right.channel.compress();
    right.inner.receive(left.inner.sent[0] ?? new Uint8Array(0));
    expect(right.inner.closeReason).toBe("a compressed message has more than 1000 bytes");
    const other = open();
    other.channel.compress();
    other.inner.receive(Uint8Array.of(5, 6));
    expect(other.inner.closeReason).toBe("a compressed message has a block of no kind");
    expect([right.received, other.received]).toEqual([[], []]);
  });

  test("is as fast and as full as the channel below", () => {
    const { channel } = open();
    let sent = 0;
    channel.send(control(1), () => sent++);
    channel.compress();
    channel.send(control(1), () => sent++);
    expect([channel.bytesPerSecond, channel.queuedBytes, sent]).toEqual([11_520, 17, 2]);
  });
});

/** A pair of channels, and the first bytes of the messages that went either way. */
function watchedPair(): {
  readonly host: MessageChannel;
  readonly agent: MessageChannel;
  readonly kinds: string[];
} {
  const [host, agent] = createChannelPair();
  const kinds: string[] = [];
  const watch = (channel: MessageChannel, arrow: string): MessageChannel => ({
    send: (message, onSent) => {
      kinds.push(`${arrow}${message[0] ?? ""}`);
      channel.send(message, onSent);
    },
    queuedBytes: 0,
    onMessage: (handler) => {
      channel.onMessage(handler);
    },
    onClose: (handler) => {
      channel.onClose(handler);
    },
    close: (reason) => {
      channel.close(reason);
    },
  });
  return { host: watch(host, ">"), agent: watch(agent, "<"), kinds };
}

/** The kinds of the messages that went one way. */
function of(arrow: string, kinds: readonly string[]): number[] {
  return kinds.filter((one) => one.startsWith(arrow)).map((one) => Number(one.slice(1)));
}

const key = new Uint8Array(16).fill(9);
const handlers = createHandlers({ "file.list": ({ path }) => ({ names: [path.slice(1)] }) });

describe("a session", () => {
  test("is compressed from the end of the handshake on when its host wants it", async () => {
    const { host, agent, kinds } = watchedPair();
    const agentPeer = new AgentPeer(agent, createAgentOptions({ handlers }));
    const { peer } = await openSession(host, createSessionOptions({ compresses: true }));
    expect(await peer.call("file.list", { path: "/etc" })).toEqual({ names: ["etc"] });
    agentPeer.connection?.sendStream(stream(0));
    expect(await peer.call("file.list", { path: "/usr" })).toEqual({ names: ["usr"] });
    expect(of(">", kinds)).toEqual([1, 1, 4, 4]);
    expect(of("<", kinds)).toEqual([1, 1, 4, 5, 4]);
  });

  test("has its messages' MACs checked as before", async () => {
    const { host, agent, kinds } = watchedPair();
    const agentPeer = new AgentPeer(agent, createAgentOptions({ handlers, key }));
    const { peer } = await openSession(host, createSessionOptions({ compresses: true, key }));
    const spans: (readonly [bigint, number])[] = [];
    peer.onStream(handle.parse(1), {
      onSpan: ({ position, span }) => spans.push([position, span.length]),
      onEnd: () => undefined,
    });
    expect(await peer.call("file.list", { path: "/etc" })).toEqual({ names: ["etc"] });
    agentPeer.connection?.sendStream(stream(0));
    await settle();
    expect(spans).toEqual([[0n, 300 - streamMacSizeBytes]]);
    expect(of(">", kinds)).toEqual([1, 1, 3, 4]);
    expect(of("<", kinds)).toEqual([1, 3, 3, 4, 5]);
    // As someone in between would who can compress, too.
    agentPeer.connection?.channel.send(stream(300 - streamMacSizeBytes));
    expect(await peer.closed).toContain("a stream message without a MAC");
  });

  test("is not compressed when its host does not want it", async () => {
    const { host, agent, kinds } = watchedPair();
    new AgentPeer(agent, createAgentOptions({ handlers }));
    const { peer } = await openSession(host, createSessionOptions());
    await peer.call("file.list", { path: "/etc" });
    expect(kinds).toEqual([">1", "<1", ">1", "<1"]);
  });

  test("is not compressed when its agent cannot", async () => {
    const { host, agent, kinds } = watchedPair();
    const link = new RawLink(agent);
    const opening = openSession(host, createSessionOptions({ compresses: true }));
    await settle();
    link.send({
      kind: "reply",
      id: 1,
      result: {
        ...{ major: 1, minor: 0, agent: "older", methods: ["file.list"], planSteps: [] },
        ...{ authentication: "none", nonce: new Uint8Array(32), proof: new Uint8Array(0) },
        ...{ leaseSeconds: 0, session: new Uint8Array(16) },
      },
    });
    const { peer } = await opening;
    void peer.call("file.list", { path: "/etc" });
    await settle();
    expect(kinds).toEqual([">1", "<1", ">1"]);
    expect(link.received.at(-1)).toMatchObject({ method: "file.list" });
  });

  test("goes on over another link, which is compressed anew", async () => {
    const first = watchedPair();
    const sessions: AgentPeer[] = [];
    const options = createAgentOptions({
      handlers,
      onLinkLost: () => true,
      onResume: () => [],
    });
    const accept = (channel: MessageChannel): AgentPeer => {
      const session = new AgentPeer(channel, options, {
        resumable: (name) => sessions.find((one) => one.isNamed(name)),
      });
      sessions.push(session);
      return session;
    };
    accept(first.agent);
    const session = createSessionOptions({ compresses: true });
    const { peer, hello } = await openSession(first.host, session);
    peer.onLinkLost(() => undefined);
    await peer.call("file.list", { path: "/etc" });
    first.host.close("cut");
    const second = watchedPair();
    accept(second.agent);
    const { peer: fresh } = await openSession(second.host, session);
    await peer.resume(hello.session, fresh);
    expect(await peer.call("file.list", { path: "/usr" })).toEqual({ names: ["usr"] });
    expect(of(">", second.kinds)).toEqual([1, 1, 4, 4]);
    expect(of("<", second.kinds)).toEqual([1, 1, 4, 4]);
    expect(peer.isConnected).toBe(true);
  });

  test("ends when its host asks for another compression than there is", async () => {
    const [host, agent] = createChannelPair();
    new AgentPeer(agent, createAgentOptions({ handlers }));
    const { peer } = await openSession(host, createSessionOptions());
    // What no host of ours says.
    const params = { method: "other" } as unknown as { method: "deflate" };
    await expect(peer.call("session.compress", params)).rejects.toThrow("session.compress: params");
  });
});
