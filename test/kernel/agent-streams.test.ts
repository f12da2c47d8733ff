import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import {
  type HostPeer,
  type Params,
  type RemoteError,
  type Result,
  type StreamSpan,
} from "@sonde/protocol";
import { startAgent, type TestedAgent } from "../support/tested-agent.js";
import { requiresFeature } from "../support/requires.js";
import {
  callGetppid,
  createMap,
  loadProgram,
  mapType,
  mmapable,
  reporting,
} from "../support/tracing-programs.js";

type PlanStep = Params<"plan.run">["steps"][number];
type Handle = Params<"map.dump">["map"];

const onRing = requiresFeature("tracepoint", "ringbuf", "map_mmapable", "map_value_pointer");
const onPerf = requiresFeature("tracepoint", "map_mmapable", "map_value_pointer");

let agent: TestedAgent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(async () => {
  await agent.close();
});

interface StreamSettings {
  readonly bufferSizeBytes?: number;
  readonly creditBytes?: number;
  readonly gatherMilliseconds?: number;
  readonly recordSizeBytes?: number;
  readonly through?: "ringbuf" | "perf";
}

/** The steps of a plan that reports every getppid of this process. */
function reportingPlan(settings: StreamSettings): PlanStep[] {
  const { bufferSizeBytes = 1 << 20, recordSizeBytes = 8, through = "ringbuf" } = settings;
  const ring = { type: mapType.ringbuf, keySizeBytes: 0, valueSizeBytes: 0 } as const;
  const array = { type: mapType.perfEventArray, valueSizeBytes: 4, maxEntries: 0 } as const;
  const program = reporting({
    ring: "ring",
    losses: "losses",
    pid: process.pid,
    recordSizeBytes,
    through,
  });
  return [
    createMap("ring", through === "ringbuf" ? { ...ring, maxEntries: bufferSizeBytes } : array),
    createMap("losses", { flags: mmapable }),
    loadProgram(program, { ring: 0, losses: 1 }),
    {
      kind: "openStream",
      map: { step: 0 },
      creditBytes: settings.creditBytes ?? 1 << 22,
      gatherMilliseconds: settings.gatherMilliseconds ?? 1,
      perfPages: through === "perf" ? bufferSizeBytes / 4096 : 0,
      lossMap: { step: 1 },
    },
    {
      kind: "attachTracepoint",
      program: { step: 2 },
      category: "syscalls",
      name: "sys_enter_getppid",
    },
  ];
}

/** One stream's spans as they came, acknowledged at once unless told otherwise. */
class Receiver {
  readonly spans: StreamSpan[] = [];
  readonly stream: Handle;
  end: RemoteError | Error | undefined;
  isAcknowledging = true;
  readonly #peer: HostPeer;
  #unacknowledged: StreamSpan[] = [];

  constructor(stream: Handle, peer = agent.peer) {
    this.stream = stream;
    this.#peer = peer;
    peer.onStream(stream, {
      onSpan: (span) => {
        this.spans.push(span);
        this.#unacknowledged.push(span);
        if (this.isAcknowledging) this.acknowledge();
      },
      onEnd: (error) => {
        this.end = error;
      },
    });
  }

  acknowledge(): void {
    for (const { channel, position, span } of this.#unacknowledged) {
      this.#peer.acknowledge(this.stream, channel, position + BigInt(span.length));
    }
    this.#unacknowledged = [];
  }

  get bytes(): number {
    return this.spans.reduce((sum, { span }) => sum + span.length, 0);
  }

  /** Until every channel has come to its position. */
  async until(positions: readonly bigint[]): Promise<void> {
    const reached = (): boolean =>
      positions.every((position, channel) => this.#position(channel) >= position);
    for (let turn = 0; !reached(); turn++) {
      if (turn > 2000) throw new Error(`only ${this.bytes} bytes came`);
      await later(2);
    }
  }

  #position(channel: number): bigint {
    const last = this.spans.findLast((span) => span.channel === channel);
    return last === undefined ? 0n : last.position + BigInt(last.span.length);
  }
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function openReceiver(settings: StreamSettings = {}): Promise<Receiver> {
  const { results } = await agent.peer.call("plan.run", { steps: reportingPlan(settings) });
  const handle = results[3]?.handle;
  if (handle === undefined) throw new Error("no stream");
  return new Receiver(handle);
}

async function flush(receiver: Receiver): Promise<Result<"stream.flush">> {
  return agent.peer.call("stream.flush", { stream: receiver.stream });
}

/** Records of a ring's span: the first u64 of each, discarded ones left out (kernel/bpf/ringbuf.c). */
function ringRecords(span: Uint8Array): bigint[] {
  const view = new DataView(span.buffer, span.byteOffset, span.length);
  const records: bigint[] = [];
  for (let offset = 0; offset < span.length;) {
    const header = view.getUint32(offset, true);
    const length = header & 0x3fff_ffff;
    expect(header >>> 31).toBe(0);
    if ((header & 0x4000_0000) === 0) records.push(view.getBigUint64(offset + 8, true));
    offset += (length + 15) & ~7;
    expect(offset).toBeLessThanOrEqual(span.length);
  }
  return records;
}

/** Samples and losses of a perf buffer's span (struct perf_event_header, PERF_RECORD_SAMPLE 9, PERF_RECORD_LOST 2). */
function perfRecords(span: Uint8Array): { samples: number; lost: bigint } {
  const view = new DataView(span.buffer, span.byteOffset, span.length);
  let samples = 0;
  let lost = 0n;
  for (let offset = 0; offset < span.length;) {
    const type = view.getUint32(offset, true);
    if (type === 9) samples += 1;
    if (type === 2) lost += view.getBigUint64(offset + 16, true);
    offset += view.getUint16(offset + 6, true);
    expect(offset).toBeLessThanOrEqual(span.length);
  }
  return { samples, lost };
}

describe("a ring buffer's stream", () => {
  onRing("brings every record, in whole records, without a gap", async () => {
    const receiver = await openReceiver();
    callGetppid(1000);
    await later(20);
    callGetppid(234);
    const { positions, lost } = await flush(receiver);
    await receiver.until(positions);
    const records = receiver.spans.flatMap(({ span }) => ringRecords(span));
    expect(lost).toBe(0n);
    expect(records).toHaveLength(1234);
    expect(new Set(records.map((record) => Number(record >> 32n)))).toEqual(new Set([process.pid]));
    expect(positions).toEqual([BigInt(1234 * 16)]);
  });

  onRing("brings records by itself, without being asked", async () => {
    const receiver = await openReceiver();
    callGetppid(3);
    await receiver.until([48n]);
    // The ring is quiet and acknowledged now: the next record must wake it again.
    await later(100);
    callGetppid(1);
    await receiver.until([64n]);
  });

  onRing("delivers or counts each record when the ring overflows", async () => {
    const produced = 100_000;
    const receiver = await openReceiver({ bufferSizeBytes: 65_536, recordSizeBytes: 32 });
    for (let round = 0; round < produced / 10_000; round++) {
      callGetppid(10_000);
      await later(1);
    }
    await agent.peer.call("session.disable", {});
    const { positions, lost } = await flush(receiver);
    await receiver.until(positions);
    const records = receiver.spans.flatMap(({ span }) => ringRecords(span));
    expect(lost).toBeGreaterThan(0n);
    expect(records.length + Number(lost)).toBe(produced);
  });

  onRing("sends no more than the credit, and goes on when the host acknowledges", async () => {
    const creditBytes = 16_384;
    const receiver = await openReceiver({ creditBytes });
    receiver.isAcknowledging = false;
    callGetppid(10_000);
    await later(50);
    const { positions } = await flush(receiver);
    expect(positions).toEqual([160_000n]);
    expect(receiver.bytes).toBeGreaterThan(creditBytes / 2);
    expect(receiver.bytes).toBeLessThanOrEqual(creditBytes);
    receiver.isAcknowledging = true;
    receiver.acknowledge();
    await receiver.until(positions);
    expect(receiver.bytes).toBe(160_000);
  });

  onRing("gives the ring's room back only when the host has acknowledged", async () => {
    // 4096 bytes hold 256 records of 16 bytes, less the one that would make it full.
    const receiver = await openReceiver({ bufferSizeBytes: 4096 });
    receiver.isAcknowledging = false;
    callGetppid(200);
    await receiver.until([3200n]);
    callGetppid(200);
    const { lost } = await flush(receiver);
    expect(lost).toBeGreaterThanOrEqual(144n);
    receiver.isAcknowledging = true;
    receiver.acknowledge();
    await later(20);
    callGetppid(100);
    expect((await flush(receiver)).lost).toBe(lost);
  });

  onRing("sends a record that is larger than the credit alone", async () => {
    const receiver = await openReceiver({ creditBytes: 64, recordSizeBytes: 128 });
    callGetppid(5);
    await receiver.until([BigInt(5 * 136)]);
    expect(receiver.spans).toHaveLength(5);
  });

  onRing("can be opened only once at a time", async () => {
    const steps = reportingPlan({});
    const open = steps[3];
    if (open === undefined) throw new Error("no such step");
    const refused = agent.peer.call("plan.run", { steps: [...steps, open] });
    await expect(refused).rejects.toMatchObject({ code: "protocol", details: { step: 5 } });
  });

  onRing("refuses a position that was never sent by closing the link", async () => {
    const receiver = await openReceiver();
    agent.peer.acknowledge(receiver.stream, 0, 1_000_000n);
    expect(await agent.peer.closed).toContain("acknowledged position 1000000");
  });
});

describe("a perf event array's stream", () => {
  onPerf("brings every record, with a channel for each CPU", async () => {
    const receiver = await openReceiver({ through: "perf", bufferSizeBytes: 1 << 18 });
    callGetppid(1000);
    const { positions, lost } = await flush(receiver);
    await receiver.until(positions);
    const samples = receiver.spans.reduce((sum, { span }) => sum + perfRecords(span).samples, 0);
    expect(lost).toBe(0n);
    expect(samples).toBe(1000);
  });

  onPerf("brings few records too, which reach no watermark", async () => {
    const receiver = await openReceiver({ through: "perf", bufferSizeBytes: 1 << 18 });
    callGetppid(1);
    for (let turn = 0; receiver.spans.length === 0 && turn < 500; turn++) await later(2);
    expect(receiver.spans).toHaveLength(1);
  });

  onPerf("goes on across the buffer's end, and counts what did not fit", async () => {
    const produced = 20_000;
    const receiver = await openReceiver({
      through: "perf",
      bufferSizeBytes: 16_384,
      recordSizeBytes: 24,
    });
    for (let round = 0; round < 200; round++) {
      callGetppid(produced / 200);
      await later(round % 10 === 0 ? 3 : 0);
    }
    await agent.peer.call("session.disable", {});
    const { positions, lost } = await flush(receiver);
    await receiver.until(positions);
    const samples = receiver.spans.reduce((sum, { span }) => sum + perfRecords(span).samples, 0);
    expect(receiver.bytes).toBeGreaterThan(3 * 16_384);
    expect(samples + Number(lost)).toBe(produced);
  });

  onPerf(
    "goes on without a host and keeps its oldest: delivered and lost are what was produced",
    async () => {
      const produced = 5000;
      const steps = reportingPlan({
        through: "perf",
        bufferSizeBytes: 16_384,
        recordSizeBytes: 24,
      });
      const first = await agent.connect(30);
      const { results } = await first.call("plan.run", { steps });
      const stream = results[3]?.handle;
      if (stream === undefined) throw new Error("no stream");
      const detachment = { name: "perf", note: new Uint8Array(0) };
      await expect(
        first.call("session.detach", { ...detachment, keeps: "newest" }),
      ).rejects.toMatchObject({ code: "unsupported" });
      await first.call("session.detach", { ...detachment, keeps: "oldest" });
      first.close("gone home");
      callGetppid(produced);

      const second = await agent.connect(30);
      await second.attach({ name: "perf", takeOver: false });
      const receiver = new Receiver(stream, second);
      await second.call("session.disable", {});
      const { positions, lost } = await second.call("stream.flush", { stream });
      await receiver.until(positions);
      const samples = receiver.spans.reduce((sum, { span }) => sum + perfRecords(span).samples, 0);
      expect(samples).toBeGreaterThan(0);
      expect(lost).toBeGreaterThan(0n);
      expect(samples + Number(lost)).toBe(produced);
      await second.call("session.close", {});
      second.close("done");
    },
  );
});
