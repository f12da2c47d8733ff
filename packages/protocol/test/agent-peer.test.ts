import { describe, expect, test } from "@jest/globals";
import { agentDirectionKeys, deriveHandshake, hostDirectionKeys } from "../src/auth.js";
import {
  AgentPeer,
  type AgentPeerOptions,
  createChannelPair,
  handle,
  HandshakeError,
  type MessageChannel,
  type Params,
  ProtocolError,
  RemoteError,
  type Result,
} from "../src/index.js";
import { createAgentOptions, createHandlers } from "./connected-peers.js";
import { RawLink, settle } from "./raw-link.js";

const key = new Uint8Array(16).fill(7);
const hello: Params<"hello"> = {
  major: 1,
  minor: 0,
  client: "a test",
  nonce: new Uint8Array(32),
};

interface RawHost {
  readonly link: RawLink;
  readonly agent: AgentPeer;
}

function start(options: Partial<AgentPeerOptions> = {}): RawHost {
  const [hostChannel, agentChannel] = createChannelPair();
  const agent = new AgentPeer(agentChannel, createAgentOptions(options));
  return { link: new RawLink(hostChannel), agent };
}

async function startReady(options: Partial<AgentPeerOptions> = {}): Promise<RawHost> {
  const host = start(options);
  host.link.request(0, "hello", hello);
  await settle();
  host.link.received.length = 0;
  return host;
}

function errorOf(id: number, code: string): unknown {
  return expect.objectContaining({ kind: "error", id, error: expect.objectContaining({ code }) });
}

describe("AgentPeer before a host is ready", () => {
  test("answers hello with what it is, and without a key is ready", async () => {
    const { link, agent } = start();
    link.request(1, "hello", hello);
    await settle();
    expect(agent.isReady).toBe(true);
    expect(link.received).toMatchObject([
      {
        kind: "reply",
        id: 1,
        result: {
          major: 1,
          minor: 0,
          agent: "sonde-agent test",
          authentication: "none",
          leaseSeconds: 30,
          planSteps: ["createMap"],
          proof: new Uint8Array(0),
        },
      },
    ]);
  });

  test("refuses a host of a later major whose hello it cannot know, and says what to update", async () => {
    const { link } = start();
    link.request(1, "hello", { major: 2, minor: 0, somethingNew: true });
    await settle();
    expect(link.received).toMatchObject([
      { kind: "error", id: 1, error: { code: "version", hint: expect.stringContaining("agent") } },
    ]);
    expect(link.closeReason).toContain("protocol 2.0");
  });

  const refused: { name: string; method: string; params: unknown; code: string }[] = [
    { name: "another method first", method: "file.list", params: {}, code: "authentication" },
    {
      name: "a short nonce",
      method: "hello",
      params: { ...hello, nonce: new Uint8Array(31) },
      code: "protocol",
    },
    {
      name: "an unknown key in hello",
      method: "hello",
      params: { ...hello, more: 1 },
      code: "protocol",
    },
    { name: "a hello of nothing", method: "hello", params: null, code: "protocol" },
  ];
  for (const { name, method, params, code } of refused) {
    test(`${name}: an error, and the link closes`, async () => {
      const { link, agent } = start();
      link.request(1, method, params);
      await settle();
      expect(link.received).toEqual([errorOf(1, code)]);
      expect(link.closeReason).toBeDefined();
      expect(agent.isReady).toBe(false);
    });
  }

  test("closes on more than 4 kB", async () => {
    const { link } = start();
    link.sendBytes(new Uint8Array(4097).fill(1));
    await settle();
    expect(link.closeReason).toBe("message of 4097 bytes, at most 4096");
  });

  test("closes on an acknowledgement", async () => {
    const { link } = start();
    link.send({ kind: "acknowledge", stream: handle.parse(1), channel: 0, position: 0n });
    await settle();
    expect(link.closeReason).toContain("before authentication");
  });

  test("does not take a key that is too short", () => {
    const [, channel] = createChannelPair();
    expect(() => new AgentPeer(channel, createAgentOptions({ key: new Uint8Array(15) }))).toThrow(
      HandshakeError,
    );
  });
});

describe("AgentPeer with a key", () => {
  async function greet(
    options: Partial<AgentPeerOptions> = {},
  ): Promise<RawHost & { secrets: ReturnType<typeof deriveHandshake> }> {
    const host = start({ key, ...options });
    host.link.request(0, "hello", hello);
    await settle();
    const { result } = host.link.received.pop() as { result: Result<"hello"> };
    const secrets = deriveHandshake(key, { host: hello, agent: result, binding: undefined });
    expect(result.authentication).toBe("key");
    expect(result.proof).toEqual(secrets.agentProof);
    return { ...host, secrets };
  }

  test("is ready once the host has proven that it knows the key, and answers with a MAC", async () => {
    const clients: string[] = [];
    const { link, agent, secrets } = await greet({ onReady: (client) => clients.push(client) });
    expect(agent.isReady).toBe(false);
    link.request(1, "authenticate", { proof: secrets.hostProof });
    link.codec.authenticate(hostDirectionKeys(secrets));
    link.request(2, "file.list", { path: "/sys" });
    await settle();
    expect(link.received).toEqual([
      { kind: "reply", id: 1, result: {} },
      errorOf(2, "unsupported"),
    ]);
    expect(clients).toEqual(["a test"]);
  });

  const wrong: { name: string; proof: (right: Uint8Array, own: Uint8Array) => Uint8Array }[] = [
    { name: "a wrong proof", proof: () => new Uint8Array(32) },
    { name: "its own proof sent back", proof: (_right, own) => own },
    { name: "a part of the right proof", proof: (right) => right.subarray(0, 31) },
  ];
  for (const { name, proof } of wrong) {
    test(`refuses ${name}, closes, and hears nothing more`, async () => {
      const { link, agent, secrets } = await greet();
      link.request(1, "authenticate", { proof: proof(secrets.hostProof, secrets.agentProof) });
      link.request(2, "authenticate", { proof: secrets.hostProof });
      await settle();
      expect(link.received).toEqual([errorOf(1, "authentication")]);
      expect(link.closeReason).toContain("same key");
      expect(agent.isReady).toBe(false);
    });
  }

  test("makes the host with a wrong proof wait as long as it is told to", async () => {
    let release: () => void = () => undefined;
    const pause = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { link, secrets } = await greet({ onWrongKey: () => pause });
    link.request(1, "authenticate", { proof: new Uint8Array(32) });
    link.request(2, "authenticate", { proof: secrets.hostProof });
    await settle();
    expect(link.received).toEqual([]);
    release();
    await settle();
    expect(link.received).toEqual([errorOf(1, "authentication")]);
  });

  test("refuses requests before the proof", async () => {
    const { link } = await greet();
    link.request(1, "file.list", { path: "/sys" });
    await settle();
    expect(link.received).toEqual([errorOf(1, "authentication")]);
    expect(link.closeReason).toBeDefined();
  });

  const afterwards: { name: string; send: (link: RawLink, message: Uint8Array) => void }[] = [
    {
      name: "without a MAC",
      send: (link) => {
        link.sendBytes(new RawLink(createChannelPair()[0]).codec.encode({ kind: "cancel", id: 1 }));
      },
    },
    {
      name: "twice",
      send: (link, message) => {
        link.sendBytes(message);
        link.sendBytes(message);
      },
    },
    {
      name: "with a changed byte",
      send: (link, message) => {
        message[message.length - 1] = 0;
        link.sendBytes(message);
      },
    },
  ];
  for (const { name, send } of afterwards) {
    test(`closes on a message that comes ${name}`, async () => {
      const { link, secrets } = await greet();
      link.request(1, "authenticate", { proof: secrets.hostProof });
      link.codec.authenticate(hostDirectionKeys(secrets));
      await settle();
      send(link, link.codec.encode({ kind: "cancel", id: 9 }));
      await settle();
      expect(link.closeReason).toMatch(/MAC|was due/);
    });
  }

  test("does not take its own messages back", async () => {
    const { link, secrets } = await greet();
    link.request(1, "authenticate", { proof: secrets.hostProof });
    link.codec.authenticate(hostDirectionKeys(secrets));
    await settle();
    const reflected = new RawLink(createChannelPair()[0]).codec;
    reflected.authenticate(agentDirectionKeys(secrets));
    link.sendBytes(reflected.encode({ kind: "cancel", id: 1 }));
    await settle();
    expect(link.closeReason).toBe("wrong MAC");
  });
});

describe("AgentPeer with a host that is ready", () => {
  test("gives handlers validated params and sends their results", async () => {
    const { link } = await startReady({
      handlers: createHandlers({ "file.list": ({ path }) => ({ names: [`in ${path}`] }) }),
    });
    link.request(1, "file.list", { path: "/sys" });
    await settle();
    expect(link.received).toEqual([{ kind: "reply", id: 1, result: { names: ["in /sys"] } }]);
  });

  test("answers in the order in which handlers finish", async () => {
    let finishFirst: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      finishFirst = resolve;
    });
    const { link } = await startReady({
      handlers: createHandlers({
        "session.disable": async () => {
          await first;
          return {};
        },
        "session.close": () => ({}),
      }),
    });
    link.request(1, "session.disable", {});
    link.request(2, "session.close", {});
    await settle();
    finishFirst();
    await settle();
    expect(link.received).toMatchObject([{ id: 2 }, { id: 1 }]);
  });

  const refused: { name: string; envelope: Record<string, unknown> }[] = [
    { name: "an unknown method", envelope: { method: "bpf", params: {} } },
    { name: "a method of Object.prototype", envelope: { method: "toString", params: {} } },
    { name: "hello again", envelope: { method: "hello", params: hello } },
    { name: "params of the wrong type", envelope: { method: "file.list", params: { path: 5 } } },
    {
      name: "an unknown key in params",
      envelope: { method: "file.list", params: { path: "/sys", deep: true } },
    },
    { name: "no params", envelope: { method: "file.list" } },
    {
      name: "a number where a u64 is due",
      envelope: { method: "file.read", params: { path: "/sys", offset: 5, limitBytes: 1 } },
    },
    {
      name: "an unknown key beside params",
      envelope: { method: "file.list", params: {}, more: 1 },
    },
    { name: "no method", envelope: { params: {} } },
  ];
  for (const { name, envelope } of refused) {
    test(`${name}: a protocol error for the request, and the link stays`, async () => {
      const { link } = await startReady();
      link.sendAnything({ kind: "request", id: 3, ...envelope });
      await settle();
      expect(link.received).toEqual([errorOf(3, "protocol")]);
      expect(link.closeReason).toBeUndefined();
    });
  }

  const fatal: { name: string; envelope: unknown }[] = [
    { name: "no map", envelope: 5 },
    { name: "no kind", envelope: { id: 1 } },
    { name: "a kind of the agent's", envelope: { kind: "reply", id: 1, result: {} } },
    { name: "a negative id", envelope: { kind: "request", id: -1, method: "a", params: {} } },
    { name: "a fractional id", envelope: { kind: "request", id: 1.5, method: "a", params: {} } },
    { name: "a cancel without an id", envelope: { kind: "cancel" } },
    {
      name: "an acknowledgement for handle 0",
      envelope: { kind: "acknowledge", stream: 0, channel: 0, position: 0n },
    },
  ];
  for (const { name, envelope } of fatal) {
    test(`an envelope with ${name}: the link closes`, async () => {
      const { link } = await startReady();
      link.sendAnything(envelope);
      await settle();
      expect(link.closeReason).toBeDefined();
    });
  }

  test("closes on a stream message", async () => {
    const { link } = await startReady();
    link.sendBytes(new Uint8Array(32).fill(2));
    await settle();
    expect(link.closeReason).toBe("a stream message to an agent");
  });

  test("closes on an id that is not answered yet", async () => {
    const { link } = await startReady({
      handlers: createHandlers({ "session.close": () => new Promise(() => undefined) }),
    });
    link.request(1, "session.close", {});
    link.request(1, "session.close", {});
    await settle();
    expect(link.closeReason).toContain("request 1");
  });

  const failures: { name: string; thrown: unknown; expected: unknown }[] = [
    {
      name: "a RemoteError goes as it is",
      thrown: new RemoteError({ code: "syscall", message: "bpf: EPERM", errno: 1, syscall: "bpf" }),
      expected: { code: "syscall", message: "bpf: EPERM", errno: 1, syscall: "bpf" },
    },
    {
      name: "an error that the agent can name goes by that name",
      thrown: new RangeError("named"),
      expected: { code: "missing", message: "named" },
    },
    {
      name: "any other is told as internal",
      thrown: new TypeError("x is not a function"),
      expected: {
        code: "internal",
        message: "session.close: internal error: TypeError: x is not a function",
        hint: expect.any(String),
      },
    },
    {
      name: "what is no error, too",
      thrown: "text",
      expected: {
        code: "internal",
        message: "session.close: internal error: unknown",
        hint: expect.any(String),
      },
    },
  ];
  for (const { name, thrown, expected } of failures) {
    test(`of what a handler throws, ${name}`, async () => {
      const { link } = await startReady({
        handlers: createHandlers({
          "session.close": () => {
            throw thrown;
          },
        }),
        toWireError: (error) =>
          error instanceof RangeError ? { code: "missing", message: error.message } : undefined,
      });
      link.request(1, "session.close", {});
      await settle();
      expect(link.received).toEqual([{ kind: "error", id: 1, error: expected }]);
      expect(link.closeReason).toBeUndefined();
    });
  }

  test("a result that msgpack cannot hold is told as internal", async () => {
    const { link } = await startReady({
      validateResults: false,
      handlers: createHandlers({
        "stream.flush": () => ({ positions: [2n ** 64n], lost: 0n }),
      }),
    });
    link.request(1, "stream.flush", { stream: 1 });
    await settle();
    expect(link.received).toEqual([errorOf(1, "internal")]);
  });

  test("a result that its schema refuses is not sent, where results are checked", async () => {
    const { link } = await startReady({
      handlers: createHandlers({ "file.list": () => ({ names: ["n".repeat(256)] }) }),
    });
    link.request(1, "file.list", { path: "/sys" });
    await settle();
    expect(link.received).toEqual([errorOf(1, "internal")]);
  });

  test("a cancelled request's signal aborts, and its answer is the handler's", async () => {
    const { link } = await startReady({
      handlers: createHandlers({
        "session.close": (_params, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reject(new RemoteError({ code: "cancelled", message: "session.close: cancelled" }));
            });
          }),
      }),
    });
    link.request(1, "session.close", {});
    link.send({ kind: "cancel", id: 1 });
    link.send({ kind: "cancel", id: 77 });
    await settle();
    expect(link.received).toEqual([errorOf(1, "cancelled")]);
    expect(link.closeReason).toBeUndefined();
  });

  test("the link's end aborts what is being worked on", async () => {
    let isAborted = false;
    const { agent, link } = await startReady({
      handlers: createHandlers({
        "session.close": (_params, { signal }) =>
          new Promise(() => {
            signal.addEventListener("abort", () => {
              isAborted = true;
            });
          }),
      }),
    });
    link.request(1, "session.close", {});
    await settle();
    agent.close("done");
    expect(isAborted).toBe(true);
    expect(await agent.closed).toBe("done");
  });

  test("beyond the limit requests are refused, and served again when others are answered", async () => {
    const waiting: (() => void)[] = [];
    const { link } = await startReady({
      limits: { requests: 2 },
      handlers: createHandlers({
        "session.close": () =>
          new Promise((resolve) => {
            waiting.push(() => {
              resolve({});
            });
          }),
      }),
    });
    for (const id of [1, 2, 3]) link.request(id, "session.close", {});
    await settle();
    expect(link.received).toEqual([errorOf(3, "limit")]);
    for (const finish of waiting.splice(0)) finish();
    await settle();
    link.request(4, "session.close", {});
    await settle();
    expect(waiting).toHaveLength(1);
  });

  test("requests are refused while too much is queued for the host", async () => {
    const [hostChannel, stuckChannel] = createChannelPair();
    const stuck: MessageChannel = {
      ...bindChannel(stuckChannel),
      get queuedBytes() {
        return 1001;
      },
    };
    new AgentPeer(stuck, createAgentOptions({ limits: { queuedBytes: 1000 } }));
    const link = new RawLink(hostChannel);
    link.request(0, "hello", hello);
    link.request(1, "session.close", {});
    await settle();
    expect(link.received).toMatchObject([{ id: 0 }, { id: 1, error: { code: "limit" } }]);
  });

  test("a host that sends and does not read its answers loses the link", async () => {
    const [hostChannel, agentChannel] = createChannelPair();
    const neverSent: MessageChannel = {
      ...bindChannel(agentChannel),
      send: (message) => {
        agentChannel.send(message);
      },
    };
    new AgentPeer(neverSent, createAgentOptions({ limits: { unsentAnswers: 4 } }));
    const link = new RawLink(hostChannel);
    link.request(0, "hello", hello);
    for (let id = 1; id <= 5; id++) link.request(id, "no.method", {});
    await settle();
    expect(link.closeReason).toBe("the host does not read its answers");
  });

  test("passes acknowledgements on, and closes when they are wrong", async () => {
    const acknowledged: unknown[] = [];
    const { link } = await startReady({
      onAcknowledge: (stream, channel, position) => {
        if (position > 100n) throw new ProtocolError("beyond what was sent");
        acknowledged.push([stream, channel, position]);
      },
    });
    const stream = handle.parse(9);
    link.send({ kind: "acknowledge", stream, channel: 3, position: 50n });
    link.send({ kind: "acknowledge", stream, channel: 3, position: 101n });
    await settle();
    expect(acknowledged).toEqual([[9, 3, 50n]]);
    expect(link.closeReason).toBe("beyond what was sent");
  });

  test("a fault in what it calls closes the link and no more", async () => {
    const { link, agent } = await startReady({
      onAcknowledge: () => {
        throw new TypeError("oops");
      },
    });
    link.send({ kind: "acknowledge", stream: handle.parse(9), channel: 3, position: 50n });
    await settle();
    expect(await agent.closed).toBe("internal error: TypeError: oops");
  });
});

function bindChannel(channel: MessageChannel): MessageChannel {
  return {
    queuedBytes: 0,
    send: (message, onSent) => {
      channel.send(message, onSent);
    },
    onMessage: (handler) => {
      channel.onMessage(handler);
    },
    onClose: (handler) => {
      channel.onClose(handler);
    },
    close: (reason) => {
      channel.close(reason);
    },
  };
}
