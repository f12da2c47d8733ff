import { describe, expect, test } from "@jest/globals";
import { decodeStreamMessage, handle, type StreamSpan } from "@sonde/protocol";
import { Target } from "../../../src/features/target.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { BufferPool } from "../../../src/resources/buffer-pool.js";
import { type EventStream } from "../../../src/resources/event-stream.js";
import { LoadedMap } from "../../../src/resources/loaded-map.js";
import { openPerfStream } from "../../../src/resources/perf-reader.js";
import { FakeKernel } from "../fake-kernel.js";

const pageSize = 4096;

/** One CPU's buffer of one page, as the kernel writes it. */
class CpuProducer {
  readonly memory = new Uint8Array(2 * pageSize);
  readonly #view = new DataView(this.memory.buffer);
  head = 0;

  /** A record of so many bytes, header included, full of one value. */
  write(sizeBytes: number, value: number): void {
    const record = new Uint8Array(sizeBytes).fill(value);
    const view = new DataView(record.buffer);
    view.setUint32(0, 9, true);
    view.setUint16(4, 0, true);
    view.setUint16(6, sizeBytes, true);
    for (const [index, byte] of record.entries()) {
      this.memory[pageSize + ((this.head + index) % pageSize)] = byte;
    }
    this.head += sizeBytes;
    this.#view.setBigUint64(1024, BigInt(this.head), true);
  }

  get tail(): bigint {
    return this.#view.getBigUint64(1032, true);
  }
}

interface Bench {
  readonly fake: FakeKernel;
  readonly map: LoadedMap;
  readonly lossMap: LoadedMap;
  readonly cpus: readonly CpuProducer[];
  readonly events: readonly number[];
  readonly spans: StreamSpan[];
  readonly stream: EventStream;
}

function open(creditBytes = 1 << 20, perfPages = 1): Bench {
  const fake = new FakeKernel();
  const target = new Target(new Kernel(fake));
  const array = { name: "events", type: 4, keySizeBytes: 4, valueSizeBytes: 4, flags: 0 };
  const map = LoadedMap.create(target, { ...array, maxEntries: 0 });
  // As before 5.5: not to be mapped.
  const counter = { name: "loss", type: 2, keySizeBytes: 4, valueSizeBytes: 16, flags: 0 };
  const lossMap = LoadedMap.create(target, { ...counter, maxEntries: 1 });
  const cpus = [new CpuProducer(), new CpuProducer()];
  // Reading the list of CPUs and the page size takes descriptors first.
  const events: number[] = [];
  const system = fake.map.bind(fake);
  fake.map = (request) => {
    const producer = cpus[events.length];
    if (producer === undefined) return system(request);
    events.push(request.fd);
    fake.memory.set(`${request.fd}:0`, producer.memory);
    return system(request);
  };
  const spans: StreamSpan[] = [];
  const channel = {
    isOpen: true,
    queuedBytes: 0,
    send: (message: Uint8Array) => {
      spans.push(decodeStreamMessage(Uint8Array.from(message)));
    },
  };
  const stream = openPerfStream(
    target,
    { map, creditBytes, gatherMilliseconds: 5, perfPages, lossMap },
    { channel, pool: new BufferPool(262_168), stream: handle.parse(2) },
  );
  stream.start();
  return { fake, map, lossMap, cpus, events, spans, stream };
}

const seen = ({ spans }: Bench): [number, bigint, number][] =>
  spans.map(({ channel, position, span }) => [channel, position, span.length]);

describe("a perf event array's stream", () => {
  test("opens an event with a watermark on each CPU, puts it into the array, enables it", () => {
    const { fake, map, events } = open();
    const made = fake.calls.filter((call) => !call.startsWith("bpf(MAP_CREATE)"));
    expect(made).toEqual([
      `perf_event_open type=1 config=10 period=1 flags=4001 pid=-1 cpu=0 -> ${events[0]}`,
      `ioctl(ENABLE) ${events[0]} -> 0`,
      `perf_event_open type=1 config=10 period=1 flags=4001 pid=-1 cpu=1 -> ${events[1]}`,
      `ioctl(ENABLE) ${events[1]} -> 0`,
    ]);
    const array = fake.maps.get(map.fd);
    expect(array?.get(Uint8Array.of(1, 0, 0, 0))?.[0]).toBe(events[1]);
  });

  test("sends what reached no watermark when the timer comes", () => {
    const b = open();
    b.cpus[1]?.write(24, 5);
    b.fake.advance(49);
    expect(b.spans).toEqual([]);
    b.fake.advance(1);
    expect(seen(b)).toEqual([[1, 0n, 24]]);
  });

  test("sends after the gathering when a CPU's event is readable", () => {
    const b = open();
    b.cpus[0]?.write(16, 1);
    b.fake.wake(b.events[0] ?? 0);
    b.fake.advance(5);
    expect(seen(b)).toEqual([[0, 0n, 16]]);
  });

  test("tells what programs counted as lost, which it asks the kernel for", () => {
    const b = open();
    b.lossMap.update(
      new Uint8Array(4),
      Uint8Array.of(7, 1, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0),
    );
    b.cpus[0]?.write(24, 5);
    b.fake.advance(50);
    expect(b.spans.map(({ lost }) => lost)).toEqual([263n]);
    expect(b.stream.lost).toBe(263n);
  });

  test("joins a record that lies across the buffer's end", () => {
    const b = open();
    const [cpu] = b.cpus;
    if (cpu === undefined) throw new Error("no CPU");
    for (let index = 0; index < 42; index++) cpu.write(96, index);
    b.fake.advance(50);
    b.stream.acknowledge(0, BigInt(cpu.head));
    expect(cpu.tail).toBe(4032n);
    cpu.write(96, 77);
    cpu.write(8, 0);
    b.fake.advance(50);
    const last = b.spans.at(-1);
    expect(last?.position).toBe(4032n);
    expect([...(last?.span.subarray(8, 96) ?? [])]).toEqual(new Array<number>(88).fill(77));
    expect(last?.span.length).toBe(104);
  });

  test("sends whole records when credit is little, each CPU in its turn", () => {
    const b = open(64);
    for (let index = 0; index < 5; index++) {
      b.cpus[0]?.write(24, index);
      b.cpus[1]?.write(24, index);
    }
    b.fake.advance(50);
    expect(seen(b)).toEqual([[0, 0n, 48]]);
    b.stream.acknowledge(0, 48n);
    expect(seen(b).at(-1)).toEqual([1, 0n, 48]);
    b.stream.acknowledge(1, 48n);
    expect(seen(b).at(-1)).toEqual([0, 48n, 48]);
    expect(b.cpus[0]?.tail).toBe(48n);
  });

  test("says where each CPU's channel will stand when it is flushed", async () => {
    const b = open(24);
    b.cpus[0]?.write(24, 1);
    b.cpus[1]?.write(24, 1);
    b.cpus[1]?.write(16, 1);
    expect(await b.stream.flush()).toEqual({ positions: [24n, 40n], lost: 0n });
  });

  test("closes its events when it is released, and touches nothing after", () => {
    const b = open();
    b.cpus[0]?.write(16, 1);
    expect(b.stream.release()).toEqual(b.events);
    b.fake.advance(1000);
    expect(b.spans).toEqual([]);
    expect(b.fake.unmapped).toHaveLength(2);
  });

  test("wants a power of two of pages", () => {
    expect(() => open(1, 3)).toThrow("3 pages are no power of two");
    expect(() => open(1, 0)).toThrow("0 pages are no power of two");
  });
});

test("a perf array's stream without a host keeps its oldest records, and says how much waits", () => {
  const b = open();
  b.cpus[0]?.write(24, 1);
  b.cpus[1]?.write(32, 2);
  b.fake.advance(100);
  b.stream.acknowledge(0, 24n);
  b.stream.goOnAlone("oldest");
  b.cpus[0]?.write(16, 3);
  expect(b.stream.canKeepNewest).toBe(false);
  expect(b.stream.waitingBytes).toBe(48);
  b.spans.length = 0;
  b.stream.resume([]);
  expect(seen(b)).toEqual([
    [0, 24n, 16],
    [1, 0n, 32],
  ]);
});
