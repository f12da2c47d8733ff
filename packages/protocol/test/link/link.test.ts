import { describe, expect, test } from "@jest/globals";
import { encodeFrame } from "../../src/link/frame.js";
import { Link } from "../../src/link/link.js";
import { encodeUtf8 } from "../../src/utf8.js";
import { Simulation } from "./simulation.js";

const message = (...values: number[]): Uint8Array => Uint8Array.from(values);

function connected(options: Partial<ConstructorParameters<typeof Simulation>[0]> = {}): Simulation {
  const simulation = new Simulation({ seed: 1, baud: 115_200, ...options });
  expect(simulation.run(3000, () => simulation.agent.link.isOpen)).toBe(true);
  return simulation;
}

/** A host of its own, whose frames are put onto the line beside the other's. */
function rivalHost(simulation: Simulation): { link: Link; ends: string[]; say: () => void } {
  const ends: string[] = [];
  const link = new Link(
    {
      role: "host",
      baud: 115_200,
      randomU32: () => 0xdead_beef,
      silenceMilliseconds: 30_000,
      messageLimitBytes: 100,
      onOpen: () => ends.push("open"),
      onMessage: () => undefined,
      onEnd: ({ kind }) => ends.push(kind),
    },
    simulation.now,
  );
  const say = (): void => {
    for (const bytes of link.poll(simulation.now, 0).output) {
      simulation.towardsAgent.put(bytes, simulation.now);
    }
  };
  return { link, ends, say };
}

describe("finding the other side", () => {
  test("a host and an agent find each other within two round trips", () => {
    const simulation = connected({ latencyMilliseconds: 20 });
    expect(simulation.now).toBeLessThan(100);
    expect([simulation.host.opens, simulation.agent.opens]).toEqual([1, 1]);
  });

  test("a host that begins before its agent finds it when it comes", () => {
    const simulation = new Simulation({
      seed: 2,
      baud: 115_200,
      towardsAgent: [{ kind: "cut", from: 0, to: 7000 }],
    });
    expect(simulation.run(7900, () => simulation.agent.link.isOpen)).toBe(true);
  });

  test("text on the line before, and any rubbish, does no harm", () => {
    const simulation = new Simulation({ seed: 3, baud: 115_200 });
    const rubbish = simulation.random.bytes(3000);
    simulation.towardsAgent.put(rubbish, 0);
    simulation.towardsHost.put(rubbish, 0);
    expect(simulation.run(2000, () => simulation.agent.link.isOpen)).toBe(true);
  });

  test("the lower baud rate of the two sides counts", () => {
    const simulation = new Simulation({ seed: 4, baud: 9600 });
    simulation.run(3000, () => simulation.agent.link.isOpen);
    expect(simulation.host.link.bytesPerSecond).toBe(960);
  });

  test("a restarted agent is noticed, and found again by a new host", () => {
    const simulation = connected();
    simulation.agent.restart(simulation.now);
    const { host } = simulation;
    expect(simulation.run(simulation.now + 1500, () => host.ends.length > 0)).toBe(true);
    expect(host.ends[0]?.kind).toBe("peerRestarted");
    host.restart(simulation.now);
    const { agent } = simulation;
    expect(simulation.run(simulation.now + 1000, () => agent.opens === 2)).toBe(true);
  });

  test("a restarted host takes the place of the one before", () => {
    const simulation = connected();
    simulation.host.restart(simulation.now);
    const { agent, host } = simulation;
    expect(simulation.run(simulation.now + 1500, () => host.opens === 2)).toBe(true);
    expect(agent.ends.map(({ kind }) => kind)).toEqual(["replaced"]);
  });

  test("a second host is told that the agent is busy, and the first goes on", () => {
    const simulation = connected();
    const rival = rivalHost(simulation);
    const hear = simulation.towardsHost.take.bind(simulation.towardsHost);
    simulation.towardsHost.take = (now) => {
      const arrived = hear(now);
      for (const bytes of arrived) rival.link.receive(bytes, now);
      return arrived;
    };
    for (let time = 0; time < 2000; time += 100) simulation.plan(simulation.now + time, rival.say);
    simulation.run(simulation.now + 2500);
    expect(rival.ends).toEqual(["busy"]);
    expect([simulation.host.ends, simulation.agent.ends]).toEqual([[], []]);
  });

  test("another version is refused on both sides", () => {
    const simulation = new Simulation({ seed: 5, baud: 115_200 });
    const { agent, host } = simulation;
    const open = { kind: "open", version: 9, host: 77, baud: 115_200 } as const;
    agent.link.receive(encodeFrame(open, "host", 0), 0);
    const answers = agent.link.poll(0, 0).output;
    expect(agent.opens).toBe(0);
    const refusal = { kind: "refuse", version: 1, host: 77, why: "version" } as const;
    expect(answers).toContainEqual(encodeFrame(refusal, "agent", 0));

    let host32 = 0;
    const link = new Link(
      {
        role: "host",
        baud: 9600,
        randomU32: () => (host32 = 5),
        silenceMilliseconds: 1000,
        messageLimitBytes: 1,
        onOpen: () => undefined,
        onMessage: () => undefined,
        onEnd: (end) => host.ends.push(end),
      },
      0,
    );
    link.receive(encodeFrame({ ...refusal, version: 9, host: host32 }, "agent", 0), 10);
    expect(host.ends[0]).toEqual({
      kind: "version",
      reason: "the other side speaks version 9 of the link layer, this one 1: update this side",
    });
  });
});

describe("an open link", () => {
  test("carries messages both ways, whole and in order", () => {
    const simulation = connected();
    const { host, agent } = simulation;
    host.link.send(message(1, 2), "control");
    agent.link.send(message(3), "stream");
    agent.link.send(message(), "stream");
    host.wakeAt = agent.wakeAt = simulation.now;
    simulation.run(simulation.now + 200);
    expect(agent.arrivals.map((arrival) => [...arrival.message])).toEqual([[1, 2]]);
    expect(host.arrivals.map((arrival) => [...arrival.message])).toEqual([[3], []]);
  });

  test.each([9600, 115_200])(
    "at %i baud a reply waits about 100 ms behind stream data, and for its own bytes",
    (baud) => {
      const simulation = connected({ baud });
      const { host, agent } = simulation;
      for (let index = 0; index < 20; index++) agent.link.send(new Uint8Array(2000), "stream");
      agent.wakeAt = simulation.now;
      simulation.run(simulation.now + 333);
      const begin = simulation.now;
      agent.link.send(message(7), "control");
      simulation.poll(agent);
      expect(
        simulation.run(begin + 300, () =>
          host.arrivals.some(({ priority }) => priority === "control"),
        ),
      ).toBe(true);
      const ownMilliseconds = 72_000 / (baud / 10);
      expect(simulation.now - begin).toBeLessThan(110 + Math.max(60, ownMilliseconds));
    },
  );

  test("never has more than about 100 ms of line time outside, and stays within it when the line stalls", () => {
    const simulation = connected({
      towardsHost: [{ kind: "stall", from: 5000, to: 12_000 }],
    });
    const { agent, towardsHost } = simulation;
    const refill = (): void => {
      while (agent.link.queuedBytes < 20_000) agent.link.send(new Uint8Array(3000), "stream");
    };
    for (let time = 0; time < 20_000; time += 200) simulation.plan(simulation.now + time, refill);
    simulation.run(5000);
    expect(towardsHost.longestQueueMilliseconds).toBeLessThan(101);
    const before = towardsHost.carriedBytes;
    simulation.run(11_900);
    // What was there already, and probes.
    expect(towardsHost.carriedBytes - before).toBeLessThan(1152 + 400);
    const arrived = simulation.host.arrivals.length;
    simulation.run(14_000);
    expect(simulation.host.arrivals.length).toBeGreaterThan(arrived);
  });

  test("gives up when nothing has come for as long as it was told", () => {
    const simulation = connected({
      silenceMilliseconds: 5000,
      towardsHost: [{ kind: "cut", from: 1000, to: Infinity }],
      towardsAgent: [{ kind: "cut", from: 1000, to: Infinity }],
    });
    simulation.run(8000);
    expect(simulation.host.ends).toEqual([
      { kind: "silence", reason: "nothing came over the line for 5 s" },
    ]);
    expect(simulation.agent.ends.map(({ kind }) => kind)).toEqual(["silence"]);
  });

  test("an idle link costs next to nothing and stays", () => {
    const simulation = connected();
    simulation.run(2000);
    const before = simulation.towardsAgent.carriedBytes;
    simulation.run(62_000);
    expect(simulation.towardsAgent.carriedBytes - before).toBeLessThan(60 * 10);
    expect([simulation.host.ends, simulation.agent.ends]).toEqual([[], []]);
  });

  test("an agent that has given a connection up says so to a host that goes on with it", () => {
    const simulation = connected({ silenceMilliseconds: 5000 });
    const { agent, host } = simulation;
    const hear = simulation.towardsAgent.take.bind(simulation.towardsAgent);
    const deafUntil = simulation.now + 5500;
    simulation.towardsAgent.take = (now) => {
      const arrived = hear(now);
      return now < deafUntil ? [] : arrived;
    };
    const talk = (): void => {
      agent.link.send(message(1), "stream");
      agent.wakeAt = simulation.now;
    };
    for (let time = 0; time < 4500; time += 500) simulation.plan(simulation.now + time, talk);
    expect(simulation.run(deafUntil + 3000, () => host.ends.length > 0)).toBe(true);
    expect(agent.ends.map(({ kind }) => kind)).toEqual(["silence"]);
    expect(host.ends.map(({ kind }) => kind)).toEqual(["peerRestarted"]);
  });

  test("a message longer than the other side takes ends the connection at both ends", () => {
    const simulation = connected();
    simulation.host.link.send(new Uint8Array((1 << 20) + 1), "control");
    simulation.host.wakeAt = simulation.now;
    simulation.run(simulation.now + 3000);
    const reason = "a message was longer than may be";
    expect(simulation.agent.ends).toEqual([{ kind: "protocol", reason }]);
    expect(simulation.host.ends).toEqual([{ kind: "closedByPeer", reason }]);
  });

  test("tells of the text that was on the line", () => {
    const simulation = connected({
      towardsHost: [{ kind: "text", perSecond: 20, from: 500, to: 3000 }],
    });
    const refill = (): void => {
      simulation.agent.link.send(new Uint8Array(300), "stream");
    };
    for (let time = 500; time < 4000; time += 100) simulation.plan(time, refill);
    simulation.run(6000);
    const report = simulation.host.link.report();
    expect(report.text.at(-1)).toMatch(/new high-speed USB device/);
    expect(report.noiseBytes).toBeGreaterThan(500);
  });
});

test("text that nothing follows is told when the line is given up", () => {
  const { host } = new Simulation({ seed: 6, baud: 115_200 });
  host.link.receive(encodeUtf8("\r\nboard login: "), 10);
  host.link.lineLost("no agent answered", 20);
  expect(host.link.report().text).toEqual(["board login:"]);
});

describe("closing", () => {
  test("what was sent before arrives first, and the other side hears the reason", () => {
    const simulation = connected();
    const { host, agent } = simulation;
    for (let index = 0; index < 5; index++) agent.link.send(new Uint8Array(1000), "stream");
    agent.link.close("the agent is ending", simulation.now);
    agent.wakeAt = simulation.now;
    expect(simulation.run(simulation.now + 3000, () => agent.ends.length > 0)).toBe(true);
    expect(host.arrivals).toHaveLength(5);
    expect(host.ends).toEqual([{ kind: "closedByPeer", reason: "the agent is ending" }]);
    expect(agent.ends).toEqual([{ kind: "closed", reason: "the agent is ending" }]);
  });

  test("a close whose answer is lost is asked and answered again", () => {
    const simulation = connected();
    const { host, agent } = simulation;
    simulation.run(1000);
    const put = simulation.towardsHost.put.bind(simulation.towardsHost);
    let lost = 0;
    simulation.towardsHost.put = (bytes, now) => {
      if (lost++ > 0) put(bytes, now);
    };
    host.link.close("done", simulation.now);
    host.wakeAt = simulation.now;
    expect(simulation.run(simulation.now + 900, () => host.ends.length > 0)).toBe(true);
    expect(lost).toBe(2);
    expect(agent.ends).toEqual([{ kind: "closedByPeer", reason: "done" }]);
  });

  test("an agent takes the next host at once", () => {
    const simulation = connected();
    const { host, agent } = simulation;
    host.link.close("done", simulation.now);
    host.wakeAt = simulation.now;
    simulation.run(simulation.now + 500);
    host.restart(simulation.now);
    expect(simulation.run(simulation.now + 100, () => agent.opens === 2)).toBe(true);
  });

  test("without an answer it ends all the same", () => {
    const simulation = connected({ towardsAgent: [{ kind: "cut", from: 500, to: Infinity }] });
    simulation.run(600);
    simulation.host.link.close("done", simulation.now);
    simulation.host.wakeAt = simulation.now;
    simulation.run(8000);
    expect(simulation.host.ends).toEqual([{ kind: "closed", reason: "done" }]);
  });
});
