import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { ControlCodec } from "../../packages/protocol/src/codec.js";
import { streamHeaderSizeBytes, streamMacSizeBytes } from "../../packages/protocol/src/stream.js";
import { type ControlMessage } from "../../packages/protocol/src/control.js";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { Meddler, type Side, type Trick } from "../support/meddler.js";
import { type RunningCommand, startAgent, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, startSonde } from "../support/sonde.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf", "perf_event");

const folder = mkdtempSync(join(tmpdir(), "sonde-hijack-"));
const agents: RunningCommand[] = [];
const meddlers: Meddler[] = [];
afterEach(() => {
  for (const meddler of meddlers.splice(0)) meddler.close();
  for (const agent of agents.splice(0)) agent.kill("SIGKILL");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const keyFile = join(folder, "key");
writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
const leaseMilliseconds = 1000;

/** Messages both ways all the time: records and their acknowledgements, dumps of the map. */
const program = `
  tracepoint:sched:sched_switch { @switches = count(); }
  interval:ms:20 { printf("tick\\n"); print(@switches); }
`;

const forged: Record<Side, ControlMessage> = {
  agent: { kind: "request", id: 77_777, method: "session.close", params: {} },
  host: { kind: "reply", id: 1, result: {} },
};

/** As the next message, with a MAC that nobody without the keys can know. */
function forge(after: Uint8Array, to: Side): Uint8Array {
  const codec = new ControlCodec();
  codec.authenticate({ send: randomBytes(32), receive: randomBytes(32) });
  const message = codec.encode(forged[to]);
  const counter = new DataView(after.buffer, after.byteOffset).getBigUint64(1, true);
  new DataView(message.buffer).setBigUint64(1, counter + 1n, true);
  return message;
}

function changed(message: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(message);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}

/** Once; what comes after it passes as it is. */
function once(play: Trick): Trick {
  let isPlayed = false;
  return (message, to) => {
    if (isPlayed) return [{ to, message }];
    isPlayed = true;
    return play(message, to);
  };
}

function swapTwo(): Trick {
  let held: Uint8Array | undefined;
  let isPlayed = false;
  return (message, to) => {
    if (isPlayed) return [{ to, message }];
    if (held === undefined) {
      held = message;
      return [];
    }
    isPlayed = true;
    return [
      { to, message },
      { to, message: held },
    ];
  };
}

const other: Record<Side, Side> = { agent: "host", host: "agent" };

const tricks: { name: string; create: () => Trick; fault: RegExp; needsMore?: boolean }[] = [
  {
    name: "injects a message without a MAC",
    create: () =>
      once((message, to) => [
        { to, message },
        { to, message: new ControlCodec().encode(forged[to]) },
      ]),
    fault: /a control message without a MAC/,
  },
  {
    name: "injects a message with a MAC of their own",
    create: () =>
      once((message, to) => [
        { to, message },
        { to, message: forge(message, to) },
      ]),
    fault: /wrong MAC/,
  },
  {
    name: "changes a bit",
    create: () => once((message, to) => [{ to, message: changed(message) }]),
    fault: /wrong MAC/,
  },
  {
    name: "repeats a message",
    create: () =>
      once((message, to) => [
        { to, message },
        { to, message },
      ]),
    fault: /message \d+ came where \d+ was due/,
  },
  {
    name: "drops a message",
    create: () => once(() => []),
    fault: /message \d+ came where \d+ was due/,
    needsMore: true,
  },
  {
    name: "swaps two messages",
    create: swapTwo,
    fault: /message \d+ came where \d+ was due/,
    needsMore: true,
  },
  {
    name: "sends a message back to where it came from",
    create: () =>
      once((message, to) => [
        { to, message },
        { to: other[to], message },
      ]),
    fault: /wrong MAC/,
  },
];

describe("someone in between who, after the handshake,", () => {
  for (const { name, create, fault, needsMore } of tricks) {
    for (const towards of ["agent", "host"] as const) {
      tracing(`${name} on the way to the ${towards} is found out`, async () => {
        const listening = ["--listen", "ws://127.0.0.1:0", "--key-file", keyFile, "--lease", "1"];
        const { agent, target } = await startAgent(...listening);
        agents.push(agent);
        const meddler = await Meddler.start(target, 1);
        meddlers.push(meddler);
        const sonde = startSonde([
          "trace",
          "-t",
          meddler.url,
          "--key-file",
          keyFile,
          "-e",
          program,
        ]);
        await sonde.prints(/tick\n[^]*tick\n/);
        const held = heldBy(agent.pid);
        expect(held.size).toBeGreaterThan(0);

        meddler.begin({ towards, kind: "control" }, create());
        // What is missing shows by the next message: here that the trace is to end.
        if (needsMore === true) {
          await until(() => meddler.heardCount > 0, 5000);
          sonde.kill("SIGINT");
        }
        const { code, errors } = await endOf(sonde);
        expect({ code, errors }).toEqual({ code: 2, errors: expect.stringMatching(fault) });
        expect(await until(() => heldBy(agent.pid).size === 0, leaseMilliseconds + 3000)).toBe(
          true,
        );
        expect(await leftInKernel(held)).toEqual([]);
        expect(agent.hasEnded).toBe(false);
      });
    }
  }
});

const twice: Trick = (message, to) => [
  { to, message },
  { to, message },
];

/** The same events once more, as if they were the next. */
const makeUpEvents: Trick = (message, to) => {
  const next = Uint8Array.from(message);
  const view = new DataView(next.buffer);
  const spanSizeBytes = message.length - streamHeaderSizeBytes - streamMacSizeBytes;
  view.setBigUint64(
    positionOffset,
    view.getBigUint64(positionOffset, true) + BigInt(spanSizeBytes),
    true,
  );
  return [
    { to, message },
    { to, message: next },
  ];
};

const makeUpLosses: Trick = (message, to) => {
  const changed = Uint8Array.from(message);
  new DataView(changed.buffer).setBigUint64(lostOffset, 1000n, true);
  return [{ to, message: changed }];
};

/** docs/protocol.md, of a stream message. */
const positionOffset = 8;
const lostOffset = 16;

/** Consecutive numbers, and dumps of the map, as long as it runs. */
const counting = `
  tracepoint:sched:sched_switch { @switches = count(); }
  interval:ms:10 { printf("number %d\\n", @n); @n++; }
  interval:ms:50 { print(@switches); }
`;

const passing: { name: string; kind: "control" | "stream"; towards: Side; create: () => Trick }[] =
  [
    ...tricks
      .filter(({ needsMore }) => needsMore !== true)
      .flatMap(({ name, create }) =>
        (["agent", "host"] as const).map(
          (towards) => ({ name, kind: "control", towards, create }) as const,
        ),
      ),
    { name: "repeats events", kind: "stream", towards: "host", create: () => once(twice) },
    { name: "drops events", kind: "stream", towards: "host", create: () => once(() => []) },
    { name: "swaps events", kind: "stream", towards: "host", create: swapTwo },
    { name: "makes up events", kind: "stream", towards: "host", create: () => once(makeUpEvents) },
    { name: "makes up losses", kind: "stream", towards: "host", create: () => once(makeUpLosses) },
  ];

describe("without TLS", () => {
  tracing("what events say can be changed, and a trace ends when it makes no sense", async () => {
    const { agent, target } = await startAgent(
      ...["--listen", "ws://127.0.0.1:0", "--key-file", keyFile, "--lease", "1"],
    );
    agents.push(agent);
    const meddler = await Meddler.start(target, 1);
    meddlers.push(meddler);
    const sonde = startSonde(["trace", "-t", meddler.url, "--key-file", keyFile, "-e", counting]);
    await sonde.prints(/number 5\n/);
    meddler.begin({ towards: "host", kind: "stream" }, (message, to) => {
      message.subarray(streamHeaderSizeBytes, message.length - streamMacSizeBytes).fill(0xff);
      return [{ to, message }];
    });
    const { code, errors } = await endOf(sonde);
    expect({ code, errors }).toEqual({
      code: 2,
      errors: expect.stringMatching(/^sonde: read a ring buffer's span .*\nHINT: .*wss:/m),
    });
    expect(await until(() => heldBy(agent.pid).size === 0, leaseMilliseconds + 3000)).toBe(true);
  });
});

describe("a trace goes on over its next connection", () => {
  for (const { name, kind, towards, create } of passing) {
    tracing(`when someone ${name} on the way to the ${towards}, and is gone then`, async () => {
      const { agent, target } = await startAgent(
        ...["--listen", "ws://127.0.0.1:0", "--key-file", keyFile],
      );
      agents.push(agent);
      const meddler = await Meddler.start(target, 2);
      meddlers.push(meddler);
      const sonde = startSonde(["trace", "-t", meddler.url, "--key-file", keyFile, "-e", counting]);
      await sonde.prints(/number 5\n/);
      meddler.begin({ towards, kind }, create());
      await sonde.says(/^link lost \(.*\), reconnecting/m);
      await sonde.says(/^resumed after .* s, 0 lost$/m);
      const before = numbers(sonde.output).length;
      await until(() => numbers(sonde.output).length > before + 20, 10_000);
      const { code, output, errors } = await interrupt(sonde);
      expect(code).toBe(130);
      expect(numbers(output).length).toBeGreaterThan(before + 20);
      expect(numbers(output)).toEqual(numbers(output).map((_, index) => index));
      expect(errors.match(/resumed/g)).toHaveLength(1);
      expect(await until(() => heldBy(agent.pid).size === 0, 3000)).toBe(true);
    });
  }
});

describe("a trace goes on", () => {
  const refusal: ControlMessage = {
    kind: "error",
    id: 1,
    error: { code: "authentication", message: "\u001b[31mgo away" },
  };

  tracing("when someone refuses its host in the agent's name, and is gone then", async () => {
    const listening = ["--listen", "ws://127.0.0.1:0", "--key-file", keyFile];
    const { agent, target } = await startAgent(...listening);
    agents.push(agent);
    const meddler = await Meddler.start(target, 3);
    meddlers.push(meddler);
    const sonde = startSonde(["trace", "-t", meddler.url, "--key-file", keyFile, "-e", counting]);
    await sonde.prints(/number 5\n/);
    const refuse = once((_message, to) => [{ to, message: new ControlCodec().encode(refusal) }]);
    meddler.begin({ towards: "host", kind: "handshake" }, refuse);
    meddler.begin(
      { towards: "host", kind: "stream" },
      once(() => []),
    );
    await sonde.says(/^resumed after .* s, 0 lost$/m);
    expect(meddler.connectionCount).toBe(3);
    const { code, output } = await interrupt(sonde);
    expect(code).toBe(130);
    expect(numbers(output)).toEqual(numbers(output).map((_, index) => index));
  });

  tracing("and who refuses it from the first is told of as printable text", async () => {
    const { agent, target } = await startAgent("--listen", "ws://127.0.0.1:0");
    agents.push(agent);
    const meddler = await Meddler.start(target, 1);
    meddlers.push(meddler);
    meddler.begin({ towards: "host", kind: "handshake" }, (_message, to) => [
      { to, message: new ControlCodec().encode(refusal) },
    ]);
    const { code, errors } = await endOf(startSonde(["info", "-t", meddler.url]));
    expect({ code, errors }).toEqual({ code: 2, errors: "sonde: \ufffd[31mgo away\n" });
  });
});

function numbers(output: string): number[] {
  return [...output.matchAll(/^number (\d+)$/gm)].map((match) => Number(match[1]));
}
