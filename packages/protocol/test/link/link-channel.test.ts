import { describe, expect, test } from "@jest/globals";
import { type MessageChannel } from "../../src/channel.js";
import { LinkEndpoint } from "../../src/link/link-channel.js";
import { type LinkRole } from "../../src/link/frame.js";

/** A clock that goes on by hand, and what is to happen when. */
class ManualClock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  run(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      this.#timers.sort((left, right) => left.at - right.at);
      const next = this.#timers[0];
      if (next === undefined || next.at > end) break;
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}

interface End {
  readonly endpoint: LinkEndpoint;
  readonly channels: MessageChannel[];
  readonly messages: number[][];
  readonly closes: string[];
  readonly refusals: string[];
}

function connect(clock: ManualClock): { host: End; agent: End } {
  const ends: Partial<Record<LinkRole, End>> = {};
  const create = (role: LinkRole): End => {
    const channels: MessageChannel[] = [];
    const messages: number[][] = [];
    const closes: string[] = [];
    const refusals: string[] = [];
    const endpoint = new LinkEndpoint({
      role,
      baud: 115_200,
      clock,
      line: {
        write: (bytes) => {
          const other = role === "host" ? "agent" : "host";
          clock.after(2, () => ends[other]?.endpoint.receive(bytes));
        },
        outsideBytes: () => 0,
      },
      randomU32: () => (role === "host" ? 1 : 2),
      silenceMilliseconds: 30_000,
      messageLimitBytes: 10_000,
      onChannel: (channel) => {
        channels.push(channel);
        channel.onMessage((message) => messages.push([...message]));
        channel.onClose((reason) => closes.push(reason));
      },
      onRefused: ({ kind }) => refusals.push(kind),
    });
    return (ends[role] = { endpoint, channels, messages, closes, refusals });
  };
  const host = create("host");
  const agent = create("agent");
  agent.endpoint.start();
  host.endpoint.start();
  clock.run(100);
  return { host, agent };
}

const streamMessage = Uint8Array.from([2, ...new Array<number>(3000).fill(9)]);

describe("a link as a message channel", () => {
  test("carries messages, and tells when the other side has them", () => {
    const clock = new ManualClock();
    const { host, agent } = connect(clock);
    let isDelivered = false;
    host.channels[0]?.send(Uint8Array.from([1, 5]), () => {
      isDelivered = true;
    });
    expect(isDelivered).toBe(false);
    clock.run(100);
    expect(agent.messages).toEqual([[1, 5]]);
    expect(isDelivered).toBe(true);
  });

  test("a reply overtakes stream messages, and stream messages keep their order", () => {
    const clock = new ManualClock();
    const { host, agent } = connect(clock);
    for (let index = 0; index < 3; index++) agent.channels[0]?.send(streamMessage);
    expect(agent.channels[0]?.queuedBytes).toBeGreaterThan(5000);
    agent.channels[0]?.send(Uint8Array.from([1]));
    clock.run(2000);
    expect(host.messages.map(([kind]) => kind)).toEqual([1, 2, 2, 2]);
    expect(agent.channels[0]?.queuedBytes).toBe(0);
  });

  test("closing reaches both ends once, and the agent is there for the next host", () => {
    const clock = new ManualClock();
    const { host, agent } = connect(clock);
    host.channels[0]?.close("the session is over");
    host.channels[0]?.close("again");
    clock.run(1000);
    expect(host.closes).toEqual(["the session is over"]);
    expect(agent.closes).toEqual(["the session is over"]);
    agent.channels[0]?.send(Uint8Array.from([1]));
    expect(agent.channels[0]?.queuedBytes).toBe(0);
  });

  test("a line that is lost closes the channel, and nothing comes after", () => {
    const clock = new ManualClock();
    const { host, agent } = connect(clock);
    host.endpoint.lineLost("the bridge hung up");
    host.endpoint.lineLost("again");
    agent.channels[0]?.send(Uint8Array.from([1]));
    clock.run(1000);
    expect(host.closes).toEqual(["the bridge hung up"]);
    expect(host.messages).toEqual([]);
    expect(host.refusals).toEqual([]);
  });

  test("a line that is lost before an agent was found is told as well", () => {
    const refusals: string[] = [];
    const endpoint = new LinkEndpoint({
      role: "host",
      baud: 9600,
      clock: new ManualClock(),
      line: { write: () => undefined, outsideBytes: () => 0 },
      randomU32: () => 1,
      silenceMilliseconds: 1000,
      messageLimitBytes: 100,
      onChannel: () => undefined,
      onRefused: ({ reason }) => refusals.push(reason),
    });
    endpoint.start();
    endpoint.lineLost("unplugged");
    expect(refusals).toEqual(["unplugged"]);
  });
});
