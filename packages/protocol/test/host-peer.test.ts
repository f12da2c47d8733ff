import { describe, expect, test } from "@jest/globals";
import {
  CancelSource,
  ConnectionClosedError,
  createChannelPair,
  encodeStreamMessage,
  handle,
  HostPeer,
  ProtocolError,
  RemoteError,
} from "../src/index.js";
import { connectPeers, createHandlers, helloOfAgent } from "./connected-peers.js";
import { RawLink, settle } from "./raw-link.js";

const stream = handle.parse(5);
const file = { path: "/proc/version" };

function start(): { host: HostPeer; link: RawLink } {
  const [hostChannel, agentChannel] = createChannelPair();
  return { host: new HostPeer(hostChannel), link: new RawLink(agentChannel) };
}

/** What the promise was rejected with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new TypeError("it was not rejected");
}

describe("HostPeer.call", () => {
  test("gives each call its own result, in whatever order they come", async () => {
    const { host, link } = start();
    const first = host.call("file.list", file);
    const second = host.call("file.list", file);
    link.send({ kind: "reply", id: 2, result: { names: ["two"] } });
    link.send({ kind: "reply", id: 1, result: { names: ["one"], later: "ignored" } });
    expect(await first).toEqual({ names: ["one"] });
    expect(await second).toEqual({ names: ["two"] });
  });

  test("knows when the agent may be kept from answering", async () => {
    const { host, link } = start();
    const list = host.call("file.list", file);
    expect(host.isAgentBusy).toBe(false);
    const features = host.call("target.features", {});
    expect(host.isAgentBusy).toBe(true);
    link.send({ kind: "reply", id: 2, result: { features: {} } });
    await features;
    expect(host.isAgentBusy).toBe(false);
    link.send({ kind: "reply", id: 1, result: { names: [] } });
    await list;
  });

  test("rejects with the agent's error", async () => {
    const { host, link } = start();
    const call = host.call("file.list", file);
    const error = { code: "forbidden", message: "not there", hint: "elsewhere" } as const;
    link.send({ kind: "error", id: 1, error });
    const rejected = await rejection(call);
    expect(rejected).toBeInstanceOf(RemoteError);
    expect(rejected).toMatchObject({ code: "forbidden", message: "not there", details: error });
  });

  test("rejects a result that is not what the method promises, and keeps the link", async () => {
    const { host, link } = start();
    const call = host.call("file.list", file);
    link.send({ kind: "reply", id: 1, result: { names: [5] } });
    const rejected = await rejection(call);
    expect(rejected).toBeInstanceOf(ProtocolError);
    expect(rejected).toMatchObject({ message: "file.list: result: names[0]: expected string" });
    expect(link.closeReason).toBeUndefined();
  });

  test("a method that the agent did not list is refused here", async () => {
    const { host, link } = start();
    host.begin({ ...helloOfAgent, methods: ["file.list"] });
    const rejected = await rejection(host.call("file.stat", file));
    expect(rejected).toMatchObject({ code: "unsupported" });
    await settle();
    expect(link.received).toEqual([]);
  });

  test("when the link closes every pending call and every later one gets the same error", async () => {
    const { host, link } = start();
    const calls = [host.call("file.list", file), host.call("file.stat", file)];
    const errors = Promise.all(calls.map(rejection));
    link.sendBytes(new Uint8Array(0));
    const [first, second] = await errors;
    expect(first).toBeInstanceOf(ConnectionClosedError);
    expect(second).toBe(first);
    expect(await rejection(host.call("file.list", file))).toBe(first);
    expect(await host.closed).toBe("the agent broke the protocol: empty message");
  });

  test("closing is idempotent and tells the reason", async () => {
    const { host, link } = start();
    host.close("done");
    host.close("again");
    expect(await host.closed).toBe("done");
    await settle();
    expect(link.closeReason).toBe("done");
  });

  test("an aborted signal cancels the request, which then settles as the agent answers", async () => {
    const { host, link } = start();
    const source = new CancelSource();
    const call = host.call("file.list", file, { signal: source.signal });
    source.cancel();
    await settle();
    expect(link.received).toMatchObject([
      { kind: "request", id: 1 },
      { kind: "cancel", id: 1 },
    ]);
    link.send({ kind: "reply", id: 1, result: { names: [] } });
    expect(await call).toEqual({ names: [] });
  });

  test("an answered request is not cancelled any more", async () => {
    const { host, link } = start();
    const source = new CancelSource();
    const call = host.call("file.list", file, { signal: source.signal });
    link.send({ kind: "reply", id: 1, result: { names: [] } });
    await call;
    source.cancel();
    await settle();
    expect(link.received).toHaveLength(1);
  });

  test("with a signal that has aborted nothing is sent", async () => {
    const { host, link } = start();
    const source = new CancelSource();
    source.cancel();
    const call = host.call("file.list", file, { signal: source.signal });
    expect(await rejection(call)).toMatchObject({ code: "cancelled" });
    await settle();
    expect(link.received).toEqual([]);
  });

  test("more calls than an agent works on at once wait for their turn", async () => {
    let working = 0;
    let most = 0;
    const { host } = await connectPeers({
      handlers: createHandlers({
        "file.list": async () => {
          working += 1;
          most = Math.max(most, working);
          for (let turn = 0; turn < 10; turn++) await settle();
          working -= 1;
          return { names: [] };
        },
      }),
    });
    await Promise.all(Array.from({ length: 300 }, () => host.call("file.list", file)));
    expect(most).toBe(64);
  });

  test("calls that wait for their turn are rejected when the link closes", async () => {
    const { host } = start();
    const calls = Array.from({ length: 70 }, () => rejection(host.call("file.list", file)));
    host.close("done");
    const errors = await Promise.all(calls);
    expect(new Set(errors).size).toBe(1);
    expect(errors[69]).toBeInstanceOf(ConnectionClosedError);
  });

  const broken: { name: string; envelope: unknown }[] = [
    { name: "an answer to what was not asked", envelope: { kind: "reply", id: 9, result: {} } },
    { name: "a request", envelope: { kind: "request", id: 1, method: "a", params: {} } },
    {
      name: "an error of an unknown code",
      envelope: { kind: "error", id: 1, error: { code: "x", message: "" } },
    },
  ];
  for (const { name, envelope } of broken) {
    test(`${name} closes the link`, async () => {
      const { host, link } = start();
      const call = rejection(host.call("file.list", file));
      link.sendAnything(envelope);
      expect(await call).toBeInstanceOf(ConnectionClosedError);
      expect(link.closeReason).toContain("broke the protocol");
    });
  }
});

describe("HostPeer.receivedBytes", () => {
  test("counts every message that came", async () => {
    const { host, link } = start();
    const call = host.call("file.list", file);
    expect(host.receivedBytes).toBe(0);
    link.send({ kind: "reply", id: 1, result: { names: [] } });
    await call;
    const answered = host.receivedBytes;
    expect(answered).toBeGreaterThan(0);
    const header = { stream, channel: 0, position: 0n, lost: 0n };
    link.sendBytes(encodeStreamMessage(header, new Uint8Array(100)));
    await settle();
    expect(host.receivedBytes).toBe(answered + 124);
  });
});

describe("HostPeer's streams", () => {
  test("spans reach their receiver, then the session's end does", async () => {
    const { host, link } = start();
    host.begin(helloOfAgent);
    const events: unknown[] = [];
    host.onStream(stream, {
      onSpan: ({ span, lost }) => events.push([[...span], lost]),
      onEnd: (error) => events.push(error),
    });
    const header = { stream, channel: 0, position: 0n, lost: 3n };
    link.sendBytes(encodeStreamMessage(header, Uint8Array.of(1, 2)));
    link.send({ kind: "end", reason: "the agent is ending" });
    await settle();
    expect(events).toMatchObject([[[1, 2], 3n], { reason: "the agent is ending" }]);
  });

  test("an ignored stream ends silently", async () => {
    const { host, link } = start();
    const ends: unknown[] = [];
    host.onStream(stream, { onSpan: () => undefined, onEnd: (error) => ends.push(error) });
    host.ignoreStream(stream);
    link.send({ kind: "end", reason: "the agent is ending" });
    await settle();
    expect(ends).toEqual([]);
  });

  test("acknowledgements are sent", async () => {
    const { host, link } = start();
    host.acknowledge(stream, 2, 2n ** 40n);
    await settle();
    expect(link.received).toEqual([
      { kind: "acknowledge", stream: 5, channel: 2, position: 2n ** 40n },
    ]);
  });

  test("within the handshake there are none", async () => {
    const { host, link } = start();
    const header = { stream, channel: 0, position: 0n, lost: 0n };
    link.sendBytes(encodeStreamMessage(header, new Uint8Array(8)));
    expect(await host.closed).toContain("a stream message within the handshake");
  });

  test("a gap closes the link", async () => {
    const { host, link } = start();
    host.begin(helloOfAgent);
    const ends: unknown[] = [];
    host.onStream(stream, { onSpan: () => undefined, onEnd: (error) => ends.push(error) });
    const header = { stream, channel: 0, position: 0n, lost: 0n };
    link.sendBytes(encodeStreamMessage(header, new Uint8Array(8)));
    link.sendBytes(encodeStreamMessage({ ...header, position: 16n }, new Uint8Array(8)));
    await settle();
    expect(link.closeReason).toContain("a span at 16, 8 was due");
    expect(ends).toMatchObject([{ name: "ConnectionClosedError" }]);
  });

  test("what an agent sends reaches the host, with and without a key", async () => {
    for (const options of [{}, { key: new Uint8Array(32).fill(3) }]) {
      const { host, agent } = await connectPeers(options, options);
      const events: unknown[] = [];
      host.onStream(stream, {
        onSpan: ({ span }) => events.push([...span]),
        onEnd: (error) => events.push(error),
      });
      const header = { stream, channel: 0, position: 0n, lost: 0n };
      const room = agent.connection?.streamMacSizeBytes ?? 0;
      const message = encodeStreamMessage(header, Uint8Array.of(4, ...new Uint8Array(room)));
      agent.connection?.sendStream(message);
      agent.close("the agent is ending");
      await settle();
      expect(events).toMatchObject([[4], { reason: "the agent is ending" }]);
    }
  });
});
