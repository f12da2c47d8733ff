import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deriveHandshake, hostDirectionKeys } from "../src/auth.js";
import { ControlCodec, type MessageBounds } from "../src/codec.js";
import { agentMessage, hostMessage, type ControlMessage } from "../src/control.js";
import {
  AgentPeer,
  decodeStreamMessage,
  encodeStreamMessage,
  type MessageChannel,
  methods,
  type Params,
  ProtocolError,
  type Result,
} from "../src/index.js";
import { createAgentOptions, createCountingBytes } from "./connected-peers.js";
import { createHostileFrame, Random } from "./hostile-frames.js";

/** A million with `npm run fuzz`. */
const frameCount = 100_000 * Math.min(Number(process.env["SONDE_FUZZ_SCALE"] ?? 1), 10);
const warmUpCount = frameCount / 20;
/** Seconds of work, but on a machine that may be busy. */
const timeoutMilliseconds = 600_000;
/** What jest and the compiler keep varies by megabytes; of a million frames, ten bytes that each left behind would show. */
const growthLimitBytes = 8_388_608;

const seed = Number(process.env["SONDE_FUZZ_SEED"] ?? Date.now() % 0x1_0000_0000);
const bounds: MessageBounds = { sizeBytes: 1_000_000, items: 10_000 };
const key = new Uint8Array(16).fill(7);
const hello: Params<"hello"> = { major: 1, minor: 0, client: "fuzz", nonce: new Uint8Array(32) };

const messages: ControlMessage[] = [
  { kind: "request", id: 1, method: "hello", params: hello },
  { kind: "request", id: 2, method: "authenticate", params: { proof: new Uint8Array(32) } },
  { kind: "request", id: 3, method: "target.describe", params: {} },
  { kind: "request", id: 4, method: "map.dump", params: { map: 3, clear: true } },
  { kind: "request", id: 5, method: "map.lookup", params: { map: 3, key: new Uint8Array(8) } },
  {
    kind: "request",
    id: 6,
    method: "file.read",
    params: { path: "/sys/kernel/notes", offset: 9n, limitBytes: 100 },
  },
  {
    kind: "request",
    id: 7,
    method: "plan.run",
    params: {
      steps: [
        { kind: "attachRawTracepoint", program: { step: 0 }, name: "sys_enter" },
        {
          kind: "attachPerfEvent",
          program: { handle: 4 },
          type: 1,
          config: 0n,
          sampling: { frequency: 99n },
          cpus: "each",
          pid: 0,
        },
      ],
    },
  },
  { kind: "request", id: 8, method: "program.statistics", params: { programs: [1, 2, 3] } },
  { kind: "cancel", id: 3 },
  // A handle's brand is only in its type.
  { kind: "acknowledge", stream: 5, channel: 0, position: 64n } as ControlMessage,
];
const frames = [
  ...messages.map((message) => new ControlCodec().encode(message)),
  encodeStreamMessage({ stream: 5, channel: 0, position: 0n, lost: 0n }, new Uint8Array(16)),
];
const corpus = { frames, messages };

/** A link without delays that checks what the agent answers. */
class Victim implements MessageChannel {
  readonly queuedBytes = 0;
  readonly answers: ControlMessage[] = [];
  readonly codec = new ControlCodec();
  isClosed = false;
  deliver: (message: Uint8Array) => void = () => undefined;

  send(message: Uint8Array, onSent?: () => void): void {
    this.answers.push(agentMessage.parse(this.codec.decode(message, bounds).envelope));
    onSent?.();
  }
  onMessage(handler: (message: Uint8Array) => void): void {
    this.deliver = handler;
  }
  onClose(): void {
    // The agent's side closes here, never the link.
  }
  close(): void {
    this.isClosed = true;
  }
}

type Stage = "hello" | "proof" | "ready" | "authenticated";
/** How the frames are shared out: hashing for those with a key takes most of the time. */
const stages: readonly Stage[] = [
  "proof",
  "authenticated",
  ...Array.from({ length: 14 }, (_, index) => (index % 3 === 0 ? "hello" : "ready")),
];

/** An agent whose handshake has come as far as the stage. */
function createVictim(stage: Stage): Victim {
  const victim = new Victim();
  const hasKey = stage === "proof" || stage === "authenticated";
  const options = createAgentOptions({
    ...(hasKey ? { key } : {}),
    validateResults: false,
    randomBytes: createCountingBytes(),
  });
  new AgentPeer(victim, options);
  if (stage === "hello") return victim;
  victim.deliver(victim.codec.encode({ kind: "request", id: 0, method: "hello", params: hello }));
  if (stage !== "authenticated") return victim;
  const { result } = victim.answers[0] as { result: Result<"hello"> };
  const secrets = deriveHandshake(key, { host: hello, agent: result, binding: undefined });
  const proof = { proof: secrets.hostProof };
  const authenticate = { kind: "request", id: 1, method: "authenticate", params: proof } as const;
  const message = victim.codec.encode(authenticate);
  victim.codec.authenticate(hostDirectionKeys(secrets));
  victim.deliver(message);
  return victim;
}

const collectGarbage = ((): (() => void) => {
  setFlagsFromString("--expose-gc");
  // With the flag, a new context has a global `gc`, a function without parameters.
  return runInNewContext("gc") as () => void;
})();

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => {
  rejections.push(reason);
};
const { stackTraceLimit } = Error;
beforeAll(() => {
  // jest sets 100, and taking that for each error costs more than all the rest.
  Error.stackTraceLimit = 4;
  process.on("unhandledRejection", onRejection);
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
  process.off("unhandledRejection", onRejection);
});

describe(`${frameCount} hostile frames (SONDE_FUZZ_SEED=${seed})`, () => {
  test(
    "half of them raise ProtocolError in the decoders, or are what they say",
    () => {
      const random = new Random(seed);
      const codec = new ControlCodec();
      let refused = 0;
      let baseline = 0;
      for (let count = 0; count < frameCount / 2; count++) {
        const frame = createHostileFrame(random, corpus);
        try {
          if (frame[0] === 2) decodeStreamMessage(frame);
          else decodeFully(codec, frame);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          refused += 1;
        }
        if (count === warmUpCount) baseline = usedBytes();
      }
      expect(refused).toBeGreaterThan(frameCount / 5);
      expect(usedBytes() - baseline).toBeLessThan(growthLimitBytes);
    },
    timeoutMilliseconds,
  );

  test(
    "half of them close a link or are answered, and the agent goes on",
    async () => {
      const random = new Random(seed + 1);
      const victims = new Map(stages.map((stage) => [stage, createVictim(stage)]));
      let closed = 0;
      let survived = 0;
      let answered = 0;
      let baseline = 0;
      for (let count = 0; count < frameCount / 2; count++) {
        const stage = stages[count % stages.length] ?? "ready";
        let victim = victims.get(stage);
        if (victim === undefined || victim.isClosed) {
          closed += 1;
          victim = createVictim(stage);
          victims.set(stage, victim);
        }
        const frame = createHostileFrame(random, corpus);
        victim.answers.length = 0;
        victim.deliver(stage === "authenticated" ? seal(victim.codec, frame) : frame);
        if (!victim.isClosed) {
          survived += 1;
          answered += victim.answers.length;
        }
        if (count % 500 === 0) await Promise.resolve();
        if (count === warmUpCount) baseline = usedBytes();
      }
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect(closed).toBeGreaterThan(frameCount / 10);
      expect(survived).toBeGreaterThan(frameCount / 20);
      expect(answered).toBeGreaterThan(frameCount / 50);
      expect(usedBytes() - baseline).toBeLessThan(growthLimitBytes);
      const survivor = createVictim("ready");
      const request = { kind: "request", id: 1, method: "session.close", params: {} } as const;
      survivor.deliver(survivor.codec.encode(request));
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect(survivor.answers).toHaveLength(2);
      expect(rejections).toEqual([]);
    },
    timeoutMilliseconds,
  );
});

/** As far as a frame gets: envelope, and params by its method. Not valid there is an answer, not a fault. */
function decodeFully(codec: ControlCodec, frame: Uint8Array): void {
  const parsed = hostMessage.safeParse(codec.decode(frame, bounds).envelope);
  if (!parsed.success || parsed.data.kind !== "request") return;
  const { method, params } = parsed.data;
  for (const [name, schemas] of Object.entries(methods)) {
    if (name === method) schemas.params.safeParse(params);
  }
}

/** With a right counter and MAC, as of a host that has the key and means harm. */
function seal(codec: ControlCodec, frame: Uint8Array): Uint8Array {
  return frame.length < 2 ? frame : codec.encodePayload(frame.subarray(1));
}
