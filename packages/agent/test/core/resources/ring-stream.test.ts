import { beforeEach, describe, expect, test } from "@jest/globals";
import { decodeStreamMessage, handle, type StreamSpan } from "@sonde/protocol";
import { Target } from "../../../src/features/target.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { BufferPool } from "../../../src/resources/buffer-pool.js";
import { type EventStream } from "../../../src/resources/event-stream.js";
import { LoadedMap } from "../../../src/resources/loaded-map.js";
import { openRingStream } from "../../../src/resources/ring-reader.js";
import { type Machine } from "../../../src/system/system.js";
import { FakeKernel, settle } from "../fake-kernel.js";

const pageSize = 4096;
const ringSize = 4096;

/** The producer's side of a ring in plain memory: what programs in the kernel do. */
class Producer {
  readonly consumerPage = new Uint8Array(pageSize);
  readonly producerPages = new Uint8Array(pageSize + 2 * ringSize);
  readonly #view = new DataView(this.producerPages.buffer);
  readonly #isLittleEndian: boolean;
  readonly #pointerSize: number;
  position = 0;

  constructor(isLittleEndian = true, pointerSize = 8) {
    this.#isLittleEndian = isLittleEndian;
    this.#pointerSize = pointerSize;
  }

  /** Takes room for a record; it is busy until it is committed. Gives its position. */
  reserve(lengthBytes: number): number {
    const at = this.position;
    this.#word(at, (lengthBytes | 0x8000_0000) >>> 0);
    this.#moveTo(this.position + ((lengthBytes + 15) & ~7));
    return at;
  }

  commit(at: number, data: readonly number[], { discard = false } = {}): void {
    for (const [index, byte] of data.entries()) {
      this.#byte((at + 8 + index) % ringSize, byte);
    }
    this.#word(at, (data.length | (discard ? 0x4000_0000 : 0)) >>> 0);
  }

  write(...data: readonly number[]): void {
    this.commit(this.reserve(data.length), data);
  }

  /** As if so much had gone through the ring before. */
  startAt(position: number): void {
    this.#moveTo(position);
    new DataView(this.consumerPage.buffer).setBigUint64(0, BigInt(position), this.#isLittleEndian);
  }

  get consumed(): bigint {
    const view = new DataView(this.consumerPage.buffer);
    return this.#pointerSize === 8
      ? view.getBigUint64(0, this.#isLittleEndian)
      : BigInt(view.getUint32(0, this.#isLittleEndian));
  }

  #moveTo(position: number): void {
    this.position = position;
    if (this.#pointerSize === 8) this.#view.setBigUint64(0, BigInt(position), this.#isLittleEndian);
    else this.#view.setUint32(0, position % 2 ** 32, this.#isLittleEndian);
  }

  /** The data are mapped twice, one after the other. */
  #word(at: number, value: number): void {
    const offset = at % ringSize;
    this.#view.setUint32(pageSize + offset, value, this.#isLittleEndian);
    this.#view.setUint32(pageSize + ringSize + offset, value, this.#isLittleEndian);
  }

  #byte(offset: number, value: number): void {
    this.producerPages[pageSize + offset] = value;
    this.producerPages[pageSize + ringSize + offset] = value;
  }
}

interface Bench {
  readonly fake: FakeKernel;
  readonly target: Target;
  readonly map: LoadedMap;
  readonly producer: Producer;
  readonly spans: StreamSpan[];
  readonly stream: EventStream;
  /** Calls that tell the pool that a message has left. */
  readonly sent: (() => void)[];
  readonly channel: { isOpen: boolean; queuedBytes: number };
  /** Called while a message is being sent. */
  onSend: (() => void) | undefined;
}

interface Settings {
  readonly creditBytes?: number;
  readonly gatherMilliseconds?: number;
  readonly producer?: Producer;
  readonly hasLossMap?: boolean;
}

function open(settings: Settings = {}): Bench {
  const fake = new FakeKernel();
  const target = new Target(new Kernel(fake));
  const ring = { name: "ring", type: 27, keySizeBytes: 0, valueSizeBytes: 0, flags: 0 };
  const map = LoadedMap.create(target, { ...ring, maxEntries: ringSize });
  const producer = settings.producer ?? new Producer();
  fake.memory.set(`${map.fd}:0`, producer.consumerPage);
  fake.memory.set(`${map.fd}:${pageSize}`, producer.producerPages);
  const lossMap = settings.hasLossMap === true ? createLossMap(fake, target) : undefined;
  const spans: StreamSpan[] = [];
  const sent: (() => void)[] = [];
  const channel = {
    isOpen: true,
    queuedBytes: 0,
    send(message: Uint8Array, onSent?: () => void): void {
      spans.push(decodeStreamMessage(Uint8Array.from(message)));
      if (onSent !== undefined) sent.push(onSent);
      bench.onSend?.();
    },
  };
  const stream = openRingStream(
    target,
    {
      map,
      creditBytes: settings.creditBytes ?? 1 << 20,
      gatherMilliseconds: settings.gatherMilliseconds ?? 5,
      perfPages: 0,
      lossMap,
    },
    { channel, pool: new BufferPool(262_168), stream: handle.parse(3) },
  );
  stream.start();
  const bench: Bench = {
    fake,
    target,
    map,
    producer,
    spans,
    stream,
    sent,
    channel,
    onSend: undefined,
  };
  return bench;
}

function createLossMap(fake: FakeKernel, target: Target): LoadedMap {
  const array = { name: "losses", type: 2, keySizeBytes: 4, valueSizeBytes: 8, flags: 1 << 10 };
  const map = LoadedMap.create(target, { ...array, maxEntries: 1 });
  const page = new Uint8Array(pageSize);
  new DataView(page.buffer).setBigUint64(0, 12n, true);
  fake.memory.set(`${map.fd}:0`, page);
  return map;
}

/** The descriptor becomes readable, and what was gathered is sent. */
function wake({ fake, map }: Bench, milliseconds = 5): void {
  fake.wake(map.fd);
  fake.advance(milliseconds);
}

const lengths = ({ spans }: Bench): number[] => spans.map(({ span }) => span.length);

describe("a ring's stream", () => {
  let b: Bench;
  beforeEach(() => {
    b = open();
  });

  test("is idle until the ring is readable, gathers, then sends all in one message", () => {
    b.fake.advance(10_000);
    expect(b.fake.timers).toEqual([]);
    b.producer.write(1, 2, 3);
    b.fake.wake(b.map.fd);
    b.producer.write(4);
    b.fake.advance(4);
    expect(b.spans).toEqual([]);
    b.fake.advance(1);
    expect(b.spans).toHaveLength(1);
    const [span] = b.spans;
    expect(span).toMatchObject({ channel: 0, stream: 3, position: 0n, lost: 0n });
    expect([...(span?.span ?? [])]).toEqual([
      ...[3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0],
      ...[1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0],
    ]);
  });

  test("stops at a record that is being written, and goes on when it is complete", () => {
    b.producer.write(1);
    const busy = b.producer.reserve(4);
    b.producer.write(2);
    wake(b);
    expect(lengths(b)).toEqual([16]);
    b.producer.commit(busy, [9, 9, 9, 9]);
    b.fake.advance(5);
    expect(lengths(b)).toEqual([16, 32]);
    expect(b.spans[1]?.position).toBe(16n);
  });

  test("sends in one go what was there when it began, and leaves the rest to the next", () => {
    b.producer.write(1);
    b.onSend = () => {
      b.producer.write(2);
    };
    wake(b);
    // Programs write all the time: a message for every few records would cost more than the records.
    expect(lengths(b)).toEqual([16]);
    b.fake.advance(5);
    expect(lengths(b)).toEqual([16, 16]);
  });

  test("passes discarded records on: the host skips them", () => {
    b.producer.commit(b.producer.reserve(8), [0, 0, 0, 0, 0, 0, 0, 0], { discard: true });
    b.producer.write(1);
    wake(b);
    expect(lengths(b)).toEqual([32]);
    expect(b.spans[0]?.span[3]).toBe(0x40);
  });

  test("gives records across the ring's end in one piece", () => {
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 30; index++)
        b.producer.write(...new Array<number>(24).fill(index));
      wake(b, 200);
      b.stream.acknowledge(0, BigInt(b.producer.position));
      b.fake.advance(50);
    }
    expect(b.producer.position).toBe(5 * 30 * 32);
    expect(lengths(b).reduce((sum, length) => sum + length, 0)).toBe(b.producer.position);
    const all = b.spans.flatMap(({ span }) => [...span]);
    for (let record = 0; record < 150; record++) {
      expect(all.slice(record * 32, record * 32 + 9)).toEqual([
        24,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        record % 30,
      ]);
    }
  });

  test("moves the consumer's position when the host has acknowledged, not before", () => {
    b.producer.write(1);
    wake(b);
    expect(b.producer.consumed).toBe(0n);
    b.stream.acknowledge(0, 16n);
    expect(b.producer.consumed).toBe(16n);
  });

  test("goes on where the consumer stood when it was opened", () => {
    const producer = new Producer();
    producer.startAt(2 ** 32 - 32);
    const late = open({ producer });
    for (const value of [1, 2, 3, 4]) producer.write(value);
    wake(late);
    expect(late.spans.map(({ position }) => position)).toEqual([0n]);
    expect(lengths(late)).toEqual([64]);
    late.stream.acknowledge(0, 64n);
    expect(producer.consumed).toBe(2n ** 32n + 32n);
  });

  test("reads the positions of a 32-bit kernel", () => {
    const producer = new Producer(true, 4);
    // What lies behind the position there is another counter.
    producer.producerPages.fill(0xff, 4, 8);
    const board = openOn32BitKernel(producer);
    producer.write(7);
    wake(board);
    expect(lengths(board)).toEqual([16]);
    board.stream.acknowledge(0, 16n);
    expect(producer.consumed).toBe(16n);
    expect(producer.consumerPage[8]).toBe(0);
  });

  test("looks by itself while the host has not acknowledged: the kernel wakes nobody then", () => {
    b.producer.write(1);
    wake(b);
    b.producer.write(2);
    b.fake.advance(20);
    expect(lengths(b)).toEqual([16, 16]);
    expect(b.fake.watches[0]?.state).toBe("paused");
  });

  test("waits for the descriptor again once all is acknowledged", () => {
    b.producer.write(1);
    wake(b);
    b.stream.acknowledge(0, 16n);
    b.fake.advance(50);
    expect(b.fake.watches[0]?.state).toBe("watching");
    expect(b.fake.timers).toEqual([]);
  });

  test("counts what the program could not write", () => {
    const counted = open({ hasLossMap: true });
    counted.producer.write(1);
    wake(counted);
    expect(counted.spans[0]?.lost).toBe(12n);
  });

  test("uses a message's buffer again only when it has left", () => {
    b.producer.write(1);
    wake(b);
    const first = b.spans[0]?.span;
    b.producer.write(2);
    b.fake.advance(40);
    expect(first?.[8]).toBe(1);
    expect(b.sent).toHaveLength(2);
    for (const left of b.sent) left();
    b.producer.write(3);
    b.fake.advance(40);
    expect(b.spans[2]?.span[8]).toBe(3);
  });
});

function openOn32BitKernel(producer: Producer): Bench {
  const bench = open({ producer });
  bench.stream.release();
  const machine: Machine = { architecture: "arm", isLittleEndian: true, pointerSize: 4 };
  const fake = new FakeKernel(machine);
  fake.machineName = "armv7l";
  const target = new Target(new Kernel(fake));
  const ring = { name: "ring", type: 27, keySizeBytes: 0, valueSizeBytes: 0, flags: 0 };
  const map = LoadedMap.create(target, { ...ring, maxEntries: ringSize });
  fake.memory.set(`${map.fd}:0`, producer.consumerPage);
  fake.memory.set(`${map.fd}:${pageSize}`, producer.producerPages);
  const spans: StreamSpan[] = [];
  const channel = {
    isOpen: true,
    queuedBytes: 0,
    send: (message: Uint8Array) => spans.push(decodeStreamMessage(Uint8Array.from(message))),
  };
  const stream = openRingStream(
    target,
    { map, creditBytes: 1000, gatherMilliseconds: 5, perfPages: 0, lossMap: undefined },
    { channel, pool: new BufferPool(262_168), stream: handle.parse(1) },
  );
  stream.start();
  return { fake, target, map, producer, spans, stream, sent: [], channel, onSend: undefined };
}

describe("a ring's stream with little credit", () => {
  test("stops when it is used up, and goes on when a good part has come back", () => {
    const b = open({ creditBytes: 128 });
    for (let index = 0; index < 20; index++) b.producer.write(index);
    wake(b, 1000);
    expect(lengths(b)).toEqual([128]);
    // A quarter of the credit at least: less would make tiny messages.
    b.stream.acknowledge(0, 16n);
    expect(lengths(b)).toEqual([128]);
    b.stream.acknowledge(0, 48n);
    expect(lengths(b)).toEqual([128, 48]);
    b.stream.acknowledge(0, 176n);
    expect(lengths(b)).toEqual([128, 48, 128]);
    b.stream.acknowledge(0, 304n);
    expect(lengths(b)).toEqual([128, 48, 128, 16]);
  });

  test("needs no timer while it waits for credit", () => {
    const b = open({ creditBytes: 128 });
    for (let index = 0; index < 20; index++) b.producer.write(index);
    wake(b, 1000);
    expect(b.fake.timers).toEqual([]);
  });

  test("sends a record that is larger than all the credit when nothing else is on its way", () => {
    const b = open({ creditBytes: 32 });
    b.producer.write(1);
    b.producer.write(...new Array<number>(100).fill(2));
    wake(b, 100);
    expect(lengths(b)).toEqual([16]);
    b.stream.acknowledge(0, 16n);
    expect(lengths(b)).toEqual([16, 112]);
  });

  test("waits while the link has too much queued", () => {
    const b = open();
    b.channel.queuedBytes = 64 << 20;
    b.producer.write(1);
    wake(b, 100);
    expect(b.spans).toEqual([]);
    b.channel.queuedBytes = 0;
    b.fake.advance(5);
    expect(lengths(b)).toEqual([16]);
  });

  test("refuses to take back what was never sent", () => {
    const b = open();
    b.producer.write(1);
    wake(b);
    expect(() => {
      b.stream.acknowledge(0, 17n);
    }).toThrow("acknowledged position 17");
    expect(() => {
      b.stream.acknowledge(1, 1n);
    }).toThrow("channel 1");
  });
});

describe("flushing a ring's stream", () => {
  test("sends at once, and says where the stream will stand beyond its credit", async () => {
    const b = open({ creditBytes: 64, hasLossMap: true });
    for (let index = 0; index < 10; index++) b.producer.write(index);
    expect(await b.stream.flush()).toEqual({ positions: [160n], lost: 12n });
    expect(lengths(b)).toEqual([64]);
  });

  test("waits a little for a record that is being written", async () => {
    const b = open();
    const busy = b.producer.reserve(4);
    const flushed = b.stream.flush();
    await settle();
    b.producer.commit(busy, [1, 2, 3, 4]);
    b.fake.advance(1);
    expect((await flushed).positions).toEqual([16n]);
  });

  test("does not wait for ever", async () => {
    const b = open();
    b.producer.write(1);
    b.producer.reserve(4);
    const flushed = b.stream.flush();
    for (let turn = 0; turn < 30; turn++) {
      await settle();
      b.fake.advance(1);
    }
    expect((await flushed).positions).toEqual([16n]);
  });
});

describe("a ring's stream without a host", () => {
  const record = new Array<number>(56).fill(1); // 64 bytes with its header: 64 of them fill the ring

  /** The link is gone. */
  function leave(b: Bench, keeps: "newest" | "oldest"): void {
    b.channel.isOpen = false;
    b.stream.goOnAlone(keeps);
  }

  function comeBack(b: Bench): void {
    b.channel.isOpen = true;
    b.spans.length = 0;
    b.stream.resume([]);
  }

  test("keeps what was not acknowledged, and sends it again to the next host", () => {
    const b = open();
    b.producer.write(1);
    b.producer.write(2);
    wake(b);
    b.stream.acknowledge(0, 16n);
    leave(b, "oldest");
    b.producer.write(3);
    b.fake.advance(10_000);
    expect(b.stream.waitingBytes).toBe(32);
    expect(b.stream.consumed).toEqual([{ channel: 0, position: 16n }]);
    comeBack(b);
    expect(b.spans.map(({ position, span }) => [position, span.length])).toEqual([[16n, 32]]);
  });

  test("that keeps the oldest leaves a full ring as it is", () => {
    const b = open();
    leave(b, "oldest");
    for (let count = 0; count < 60; count++) b.producer.write(...record);
    b.fake.advance(10_000);
    expect([b.producer.consumed, b.stream.dropped, b.stream.waitingBytes]).toEqual([0n, 0n, 3840]);
  });

  test("that keeps the newest drops the oldest when the ring is fuller than three quarters", () => {
    const b = open();
    leave(b, "newest");
    for (let count = 0; count < 48; count++) b.producer.write(...record);
    b.fake.advance(1000);
    expect([b.producer.consumed, b.stream.dropped]).toEqual([0n, 0n]);
    b.producer.write(...record);
    b.fake.advance(1000);
    // Half of the ring is left.
    expect([b.producer.consumed, b.stream.dropped]).toEqual([17n * 64n, 17n]);
    expect(b.stream.waitingBytes).toBe(32 * 64);
    comeBack(b);
    expect(b.spans.map(({ position, span }) => [position, span.length])).toEqual([
      [17n * 64n, 32 * 64],
    ]);
    b.stream.acknowledge(0, 49n * 64n);
    expect(b.producer.consumed).toBe(49n * 64n);
  });

  test("counts no record as dropped that its program had discarded", () => {
    const b = open();
    leave(b, "newest");
    for (let count = 0; count < 49; count++) {
      b.producer.commit(b.producer.reserve(56), record, { discard: count % 2 === 0 });
    }
    b.fake.advance(1000);
    expect([b.producer.consumed, b.stream.dropped]).toEqual([17n * 64n, 8n]);
  });

  test("drops nothing from a record on that is being written", () => {
    const b = open();
    leave(b, "newest");
    b.producer.write(...record);
    const busy = b.producer.reserve(56);
    for (let count = 0; count < 50; count++) b.producer.write(...record);
    b.fake.advance(1000);
    expect(b.stream.dropped).toBe(1n);
    b.producer.commit(busy, record);
    b.fake.advance(1000);
    expect(b.stream.waitingBytes).toBe(32 * 64);
    expect(b.stream.dropped).toBe(20n);
  });

  test("drops again after a second host has come and gone, and counts on", () => {
    const b = open();
    leave(b, "newest");
    for (let count = 0; count < 49; count++) b.producer.write(...record);
    b.fake.advance(1000);
    comeBack(b);
    b.stream.acknowledge(0, 20n * 64n);
    leave(b, "newest");
    expect(b.stream.consumed).toEqual([{ channel: 0, position: 20n * 64n }]);
    for (let count = 0; count < 22; count++) b.producer.write(...record);
    b.fake.advance(1000);
    // 49 and 22 were written, 17 and 3 had gone: of 51 half a ring is left.
    expect([b.stream.dropped, b.stream.waitingBytes]).toEqual([36n, 32 * 64]);
  });

  test("drops nothing while its host is there", () => {
    const b = open({ creditBytes: 64 });
    leave(b, "newest");
    comeBack(b);
    for (let count = 0; count < 60; count++) b.producer.write(...record);
    b.fake.advance(1000);
    expect(b.stream.dropped).toBe(0n);
  });

  test("looks at the ring more seldom while little comes, and not at all once it is released", () => {
    const b = open();
    leave(b, "newest");
    b.fake.advance(1000);
    const [timer] = b.fake.timers;
    expect((timer?.at ?? 0) - b.fake.time).toBeGreaterThan(20);
    b.stream.release();
    expect(b.fake.timers).toEqual([]);
  });
});

describe("a ring's stream that is released", () => {
  test("touches no memory and calls nothing any more", async () => {
    const b = open({ hasLossMap: true });
    b.producer.write(1);
    b.fake.wake(b.map.fd);
    expect(b.stream.release()).toEqual([]);
    b.fake.advance(1000);
    b.fake.wake(b.map.fd);
    expect(b.spans).toEqual([]);
    expect(b.fake.unmapped).toHaveLength(3);
    expect(b.fake.watches[0]?.state).toBe("closed");
    expect(b.map.hasStream).toBe(false);
    await expect(b.stream.flush()).rejects.toThrow("the stream is closed");
  });

  test("leaves nothing mapped when it cannot be opened", () => {
    const fake = new FakeKernel();
    const target = new Target(new Kernel(fake));
    const ring = { name: "ring", type: 27, keySizeBytes: 0, valueSizeBytes: 0, flags: 0 };
    const map = LoadedMap.create(target, { ...ring, maxEntries: ringSize });
    fake.memory.set(`${map.fd}:0`, new Uint8Array(pageSize));
    const lossMap = createLossMap(fake, target);
    const request = { map, creditBytes: 1, gatherMilliseconds: 1, perfPages: 0, lossMap };
    const channel = { isOpen: true, queuedBytes: 0, send: () => undefined };
    const outlet = { channel, pool: new BufferPool(100), stream: handle.parse(1) };
    expect(() => openRingStream(target, request, outlet)).toThrow('open ring map "ring": mmap');
    expect(fake.unmapped).toHaveLength(2);
  });
});
