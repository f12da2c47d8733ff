import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  AgentPeer,
  type AgentPeerOptions,
  ConnectionClosedError,
  encodeStreamMessage,
  handle,
  type HostPeer,
  openSession,
  ProtocolError,
  RemoteError,
  type Result,
  type SessionFinder,
  type StreamProgress,
} from "../src/index.js";
import { createAgentOptions, createHandlers, createSessionOptions } from "./connected-peers.js";
import { CuttableLink } from "./cuttable-link.js";

const stream = handle.parse(7);

/** A session with an agent that keeps it, and the means to break its links and to come back. */
class Conversation {
  readonly sessions: AgentPeer[] = [];
  readonly ran: string[] = [];
  readonly resumedFrom: StreamProgress[][] = [];
  hasEnded = false;
  link = new CuttableLink();
  #host: HostPeer | undefined;
  #hello: Result<"hello"> | undefined;
  #nextByte = 0;

  static async begin(given: Partial<AgentPeerOptions> = {}): Promise<Conversation> {
    const conversation = new Conversation();
    const { peer, hello } = await conversation.#open(given);
    conversation.#host = peer;
    conversation.#hello = hello;
    peer.onLinkLost(() => undefined);
    void peer.closed.then(() => {
      conversation.hasEnded = true;
    });
    return conversation;
  }

  get host(): HostPeer {
    if (this.#host === undefined) throw new TypeError("not begun");
    return this.#host;
  }

  get agent(): AgentPeer {
    const [agent] = this.sessions;
    if (agent === undefined) throw new TypeError("not begun");
    return agent;
  }

  get session(): Uint8Array {
    return this.#hello?.session ?? new Uint8Array(16);
  }

  cut(): void {
    this.link.cut();
  }

  async comeBack(session = this.session): Promise<bigint> {
    const { peer } = await this.#open({});
    const resumed = this.host.resume(session, peer);
    await this.link.settle();
    return await resumed;
  }

  async #open(
    given: Partial<AgentPeerOptions>,
  ): Promise<{ peer: HostPeer; hello: Result<"hello"> }> {
    this.link = new CuttableLink();
    const options = createAgentOptions({
      handlers: createHandlers({
        "file.list": ({ path }) => {
          this.ran.push(path);
          return { names: [path.slice(1)] };
        },
      }),
      onLinkLost: () => true,
      onResume: () => [{ stream, lost: 5n }],
      onResumed: (streams) => {
        this.resumedFrom.push([...streams]);
      },
      randomBytes: (length) => Uint8Array.from({ length }, () => this.#nextByte++ & 0xff),
      ...given,
    });
    const finder: SessionFinder = {
      resumable: (name) => this.sessions.find((peer) => peer.isNamed(name)),
    };
    this.sessions.push(new AgentPeer(this.link.agent, options, finder));
    const opening = openSession(this.link.host, createSessionOptions());
    await this.link.settle();
    return await opening;
  }
}

const list = async (host: HostPeer, path: string): Promise<readonly string[]> =>
  (await host.call("file.list", { path })).names;

describe("a session whose link breaks", () => {
  test("sends a request again that never came", async () => {
    const talk = await Conversation.begin();
    await Promise.all([list(talk.host, "/first"), talk.link.settle()]);
    const answer = list(talk.host, "/a");
    talk.cut();
    await talk.comeBack();
    expect(await answer).toEqual(["a"]);
    expect(talk.ran).toEqual(["/first", "/a"]);
  });

  test("has its answer sent again when only that was lost, and the request runs once", async () => {
    const talk = await Conversation.begin();
    const answer = list(talk.host, "/a");
    talk.link.host.deliver();
    await Promise.resolve();
    expect(talk.ran).toEqual(["/a"]);
    talk.cut();
    await talk.comeBack();
    expect(await answer).toEqual(["a"]);
    expect(talk.ran).toEqual(["/a"]);
  });

  test("takes requests while there is no link, and sends them in their order", async () => {
    const talk = await Conversation.begin();
    await Promise.all([list(talk.host, "/first"), talk.link.settle()]);
    talk.cut();
    const answers = Promise.all(["/a", "/b", "/c"].map((path) => list(talk.host, path)));
    await talk.comeBack();
    expect(await answers).toEqual([["a"], ["b"], ["c"]]);
    expect(talk.ran).toEqual(["/first", "/a", "/b", "/c"]);
  });

  test("goes on with each stream from what has come, and says what was lost meanwhile", async () => {
    const talk = await Conversation.begin();
    const spans: [bigint, number][] = [];
    talk.host.onStream(stream, {
      onSpan: ({ position, span }) => spans.push([position, span.length]),
      onEnd: () => undefined,
    });
    await Promise.all([list(talk.host, "/first"), talk.link.settle()]);
    const send = (position: bigint, lost: bigint): void => {
      const header = { stream, channel: 0, position, lost };
      talk.agent.connection?.sendStream(encodeStreamMessage(header, new Uint8Array(16)));
    };
    send(0n, 1n);
    send(16n, 2n);
    talk.link.agent.deliver();
    talk.host.acknowledge(stream, 0, 16n);
    talk.cut();
    expect(talk.agent.connection).toBeUndefined();
    expect(await talk.comeBack()).toBe(4n);
    expect(talk.resumedFrom).toEqual([[{ stream, channel: 0, received: 16n, consumed: 16n }]]);
    send(16n, 5n);
    await talk.link.settle();
    expect(spans).toEqual([
      [0n, 16],
      [16n, 16],
    ]);
  });

  test("can be taken up while the agent still has the old link, which it then closes", async () => {
    const talk = await Conversation.begin();
    await Promise.all([list(talk.host, "/first"), talk.link.settle()]);
    talk.link.host.break("the host alone has noticed");
    const old = talk.link;
    await talk.comeBack();
    old.agent.send(Uint8Array.of(1));
    expect(old.agent.queuedBytes).toBe(0);
    const [names] = await Promise.all([list(talk.host, "/a"), talk.link.settle()]);
    expect(names).toEqual(["a"]);
  });

  test("is not there for a host that names another", async () => {
    const talk = await Conversation.begin();
    await Promise.all([list(talk.host, "/first"), talk.link.settle()]);
    talk.cut();
    const refused = await talk
      .comeBack(new Uint8Array(16).fill(9))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RemoteError);
    expect(refused).toMatchObject({ code: "missing" });
  });

  test("goes on waiting when a host cannot have come as far as it says", async () => {
    const talk = await Conversation.begin({
      onResume: () => {
        throw new ProtocolError("that cannot be");
      },
    });
    await Promise.all([list(talk.host, "/first"), talk.link.settle()]);
    talk.cut();
    const refused = await talk.comeBack().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConnectionClosedError);
    expect(talk.agent.isNamed(talk.session)).toBe(true);
    expect(talk.hasEnded).toBe(false);
  });

  test("ends for the host when the agent says that it has ended", async () => {
    const talk = await Conversation.begin();
    const answer = list(talk.host, "/first");
    await talk.link.settle();
    await answer;
    talk.agent.close("the agent is ending");
    await talk.link.settle();
    expect(talk.hasEnded).toBe(true);
    expect(talk.agent.isNamed(talk.session)).toBe(false);
  });

  test("ends with its link when it has made no request", async () => {
    const talk = await Conversation.begin();
    talk.cut();
    expect(await talk.agent.closed).toBe("cut");
  });
});

describe("answers that are kept", () => {
  test("are forgotten as the host says that they have come", async () => {
    const talk = await Conversation.begin({ limits: { keptAnswers: 9 } });
    for (let round = 0; round < 100; round++) {
      await Promise.all([list(talk.host, "/a"), talk.link.settle()]);
    }
    expect(talk.ran).toHaveLength(100);
    expect(talk.hasEnded).toBe(false);
  });

  test("end the session when there are too many of them", async () => {
    const talk = await Conversation.begin({ limits: { keptAnswers: 3 } });
    const answers = Promise.allSettled(Array.from({ length: 5 }, () => list(talk.host, "/a")));
    await talk.link.settle();
    expect((await answers).map(({ status }) => status)).toContain("rejected");
    expect(await talk.agent.closed).toContain("does not say that its answers come");
  });
});

test("whatever is cut, and whenever, each request runs once and is answered once, in order", async () => {
  const move = fc.constantFrom("call", "deliver to agent", "deliver to host", "cut");
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
      const talk = await Conversation.begin();
      await Promise.all([list(talk.host, "/0"), talk.link.settle()]);
      const answers: Promise<readonly string[]>[] = [];
      for (const one of moves) {
        if (one === "call") answers.push(list(talk.host, `/${answers.length + 1}`));
        else if (one === "deliver to agent") talk.link.host.deliver();
        else if (one === "deliver to host") talk.link.agent.deliver();
        else {
          talk.cut();
          await talk.comeBack();
        }
        await Promise.resolve();
      }
      talk.cut();
      await talk.comeBack();
      await talk.link.settle();
      const expected = answers.map((_, index) => String(index + 1));
      expect((await Promise.all(answers)).flat()).toEqual(expected);
      expect(talk.ran).toEqual(["/0", ...expected.map((name) => `/${name}`)]);
    }),
    { numRuns: 200 },
  );
});
