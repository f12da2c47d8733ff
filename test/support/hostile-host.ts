import { type MethodName, methods, type Params } from "@sonde/protocol";
import { ControlCodec } from "../../packages/protocol/src/codec.js";
import { type ControlMessage } from "../../packages/protocol/src/control.js";
import { createHostileFrame, Random } from "../../packages/protocol/test/hostile-frames.js";
import { attack, frameMessage } from "./hostile-link.js";

/** Connections at the same time. */
const lanes = 8;

/** Of what is sent: SONDE_FUZZ_SEED=N repeats a run. */
export const seed = Number(process.env["SONDE_FUZZ_SEED"] ?? Date.now() % 0x1_0000_0000);
const random = new Random(seed);

const hello: Params<"hello"> = { major: 1, minor: 0, client: "fuzz", nonce: new Uint8Array(32) };
const encode = (message: ControlMessage): Uint8Array => new ControlCodec().encode(message);
const helloFrame = frameMessage(encode({ kind: "request", id: 0, method: "hello", params: hello }));

const strangeParams: readonly unknown[] = [
  {},
  null,
  [],
  { map: 1 },
  { map: 0xffff_ffff, clear: true },
  { map: 7, key: new Uint8Array(4), value: new Uint8Array(8) },
  { map: 7, key: new Uint8Array(4) },
  { program: 3 },
  { programs: [1, 2, 3] },
  { stream: 9 },
  { path: "/etc/shadow" },
  { path: "/proc/self/../../etc/shadow", offset: 0n, limitBytes: 100 },
  { path: "/sys/kernel/notes", offset: 2n ** 63n, limitBytes: 16_777_216 },
  { path: "relative", offset: -1n, limitBytes: -1 },
  { steps: [] },
  { steps: [{ kind: "fillMap", map: { step: 0 }, entries: [] }] },
  { steps: [{ kind: "attachTracing", program: { handle: 5 } }] },
  { steps: [{ kind: "attachTracepoint", program: { step: 0 }, category: "../..", name: "id" }] },
  { steps: [badProgram(16)] },
  { steps: [badProgram(7)] },
  { steps: [badMap(0xffff)] },
  { steps: [badMap(2), badProgram(8)] },
];

/** Noise where instructions should be: the verifier refuses it. */
function badProgram(sizeBytes: number): object {
  return {
    kind: "loadProgram",
    name: "hostile",
    type: 17,
    expectedAttachType: 0,
    attachBtfId: 0,
    instructions: random.bytes(sizeBytes),
    maps: [],
    license: "GPL",
    flags: 0,
  };
}

/** Without keys or values: the kernel refuses it. */
function badMap(type: number): object {
  const sizes = { keySizeBytes: 0, valueSizeBytes: 0, maxEntries: 0 };
  return { kind: "createMap", name: "hostile", type, flags: 0, ...sizes };
}

const names = (Object.keys(methods) as MethodName[]).filter((name) => name !== "session.close");

/** Requests that an agent answers with an error, and goes on: each with an id of its own. */
const requests = Array.from({ length: 4000 }, (_, index) =>
  frameMessage(
    encode({
      kind: "request",
      id: 0x1_0000 + index,
      method: random.below(20) === 0 ? "no.such.method" : random.pick(names),
      params: random.pick(strangeParams),
    }),
  ),
);

/** Cancels of requests that there are not. */
const unanswered = Array.from({ length: 1000 }, () =>
  frameMessage(encode({ kind: "cancel", id: random.word() })),
);

/** No message: ends the link. */
function noise(): Uint8Array {
  return frameMessage(Uint8Array.of(1, 0xc1, ...random.bytes(random.below(100))));
}

function shuffle<T>(values: T[]): T[] {
  for (let last = values.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const moved = values[last] as T;
    values[last] = values[other] as T;
    values[other] = moved;
  }
  return values;
}

const corpus = {
  frames: [
    encode({ kind: "cancel", id: 1 }),
    encode({ kind: "request", id: 1, method: "hello", params: hello }),
  ],
  messages: [
    { kind: "request", id: 1, method: "map.dump", params: { map: 3, clear: true } },
    { kind: "cancel", id: 3 },
    // A handle's brand is only in its type.
    { kind: "acknowledge", stream: 5, channel: 0, position: 64n } as ControlMessage,
  ] satisfies ControlMessage[],
};

/** One connection's worth: how many frames were sent. */
async function attackOnce(port: number): Promise<number> {
  const hostile = (): Uint8Array => frameMessage(createHostileFrame(random, corpus));
  switch (random.below(20)) {
    case 0:
      // No WebSocket at all.
      await attack(port, [random.bytes(300)], { upgrades: false });
      return 0;
    case 1:
      // Bytes that are no frames.
      await attack(port, [helloFrame, random.bytes(300)], { upgrades: true });
      return 1;
    case 2:
      // A stranger who does not say hello first.
      await attack(port, [hostile(), hostile(), hostile()], { upgrades: true });
      return 3;
    case 3: {
      // A host that dies in the middle of a frame.
      const half = frameMessage(random.bytes(200)).subarray(0, 100);
      await attack(port, [helloFrame, half], { upgrades: true });
      return 2;
    }
    default: {
      // What an agent answers or passes over, then what ends the link, and then more, for which it is too late.
      const from = random.below(requests.length - 90);
      const survived = requests.slice(from, from + 20 + random.below(40));
      const passed = Array.from({ length: 40 }, () => random.pick(unanswered));
      const late = requests.slice(from + 60, from + 90);
      const frames = [
        helloFrame,
        ...shuffle([...survived, ...passed]),
        noise(),
        ...late,
        hostile(),
      ];
      await attack(port, frames, { upgrades: true });
      return frames.length;
    }
  }
}

/** Hostile hosts, until they have sent so many frames. */
export async function attackUntil(
  port: number,
  count: number,
): Promise<{ frames: number; connections: number }> {
  let frames = 0;
  let connections = 0;
  const lane = async (): Promise<void> => {
    while (frames < count) {
      connections++;
      const sent = await attackOnce(port);
      frames += sent;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { frames, connections };
}
