import { describe, expect, test } from "@jest/globals";
import { type ControlRecord } from "../../src/output/decoded-record.js";
import { RingCursor } from "../../src/output/ring-span.js";
import { type TraceEvent } from "../../src/output/value.js";
import { RecordPump, type ControlHandler, type RecordSink } from "../../src/trace/record-pump.js";
import {
  type FinalCounts,
  type SourceSpan,
  type TraceSource,
} from "../../src/trace/trace-source.js";

/** A ring buffer's span whose records are one u32 each. */
function spanOf(position: bigint, ids: readonly number[], lost = 0n): SourceSpan {
  const bytes = new Uint8Array(ids.length * 16);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, index) => {
    view.setUint32(index * 16, 4, true);
    view.setUint32(index * 16 + 8, id, true);
  });
  return { channel: 0, position, lost, bytes };
}

class FakeSource implements TraceSource {
  readonly acknowledged: bigint[] = [];
  receiver: Parameters<TraceSource["open"]>[0] | undefined;
  open(receiver: Parameters<TraceSource["open"]>[0]): void {
    this.receiver = receiver;
  }
  acknowledge(span: SourceSpan): void {
    this.acknowledged.push(span.position + BigInt(span.bytes.length));
  }
  dump = (): never => {
    throw new TypeError("not asked for here");
  };
  perform = this.dump;
  run = this.dump;
  iterate = this.dump;
  fill = (): Promise<void> => Promise.resolve();
  catchUp = (): Promise<void> => Promise.resolve();
  finish = (): Promise<FinalCounts> =>
    Promise.resolve({ positions: [], lost: 0n, failedUpdates: 0n, missedRuns: 0n });
  time = 0n;
  now = (): bigint => this.time;
  resolveKernelSymbol = (): undefined => undefined;
  resolveUserSymbol = (): undefined => undefined;
  resolveStack = (): undefined => undefined;
  resolveControlGroup = (): readonly [] => [];
}

/** Ids: 1 prints map 0, 2 clears it, 102 does both, 3 exits with 7, 100 tells something, 101 runs a command; others are ordinary. */
function harness(): {
  readonly source: FakeSource;
  readonly pump: RecordPump;
  readonly log: string[];
  readonly give: (span: SourceSpan) => void;
  readonly hold: { full: Promise<void> | undefined };
  readonly sink: RecordSink;
  readonly handler: ControlHandler;
} {
  const source = new FakeSource();
  const log: string[] = [];
  const hold: { full: Promise<void> | undefined } = { full: undefined };
  const idOf = (bytes: Uint8Array, offset: number): number => bytes[offset] ?? 0;
  const sink: RecordSink = {
    record: (bytes, offset) => log.push(`record ${idOf(bytes, offset)}`),
    event: (event: TraceEvent) =>
      log.push(event.kind === "lost" ? `lost ${event.count}` : event.kind),
    flush: () => undefined,
    ready: () => hold.full,
  };
  const controls: Readonly<Record<number, ControlRecord>> = {
    1: { kind: "printMap", map: 0, top: 0, divisor: 0 },
    2: { kind: "clearMap", map: 0 },
    3: { kind: "exit", code: 7 },
    100: {
      kind: "message",
      text: "told",
      call: { level: "ERROR", place: "stdin:1:1-2", text: "told" },
    },
    101: { kind: "system", text: "ls" },
    102: { kind: "printMap", map: 0, top: 0, divisor: 0, clears: true },
  };
  const later = async (line: string): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    log.push(line);
  };
  const handler: ControlHandler = {
    controlOf: (bytes, offset) => controls[idOf(bytes, offset)],
    printMap: ({ clears }) => later(clears === true ? "print and clear" : "print"),
    clearMap: () => later("clear"),
    zeroMap: () => later("zero"),
    exit: (code) => log.push(`exit ${code}`),
    message: (text) => log.push(`message ${text}`),
    perform: ({ kind, text }) => later(`${kind} ${text}`),
  };
  const pump = new RecordPump(source, new RingCursor("little"), sink, handler);
  pump.start();
  return { source, pump, log, hold, sink, handler, give: (span) => source.receiver?.onSpan(span) };
}

describe("RecordPump", () => {
  test("deals with ordinary records at once and gives their credit back", () => {
    const { give, log, source } = harness();
    give(spanOf(0n, [10, 11]));
    expect(log).toEqual(["record 10", "record 11"]);
    expect(source.acknowledged).toEqual([32n]);
  });

  test("holds records back while a map is read for one before them", async () => {
    const { give, log, pump } = harness();
    give(spanOf(0n, [10, 1, 11]));
    give(spanOf(48n, [12]));
    expect(log).toEqual(["record 10"]);
    await pump.reach([64n]);
    expect(log).toEqual(["record 10", "print", "record 11", "record 12"]);
  });

  test("prints and clears in its turn", async () => {
    const { give, log, pump } = harness();
    give(spanOf(0n, [102, 10, 1, 10, 2]));
    await pump.reach([80n]);
    expect(log).toEqual(["print and clear", "record 10", "print", "record 10", "clear"]);
  });

  test("obeys a control record that follows a print", async () => {
    const { give, log, pump } = harness();
    give(spanOf(0n, [1, 3, 1, 1]));
    await pump.reach([64n]);
    // Nothing more is dealt with after it.
    expect(log).toEqual(["print", "exit 7"]);
  });

  test("passes over what comes after exit, until what runs at the end", async () => {
    const { give, log, pump } = harness();
    give(spanOf(0n, [9, 3, 9, 1]));
    await pump.reach([64n]);
    pump.listen();
    give(spanOf(64n, [9]));
    await pump.reach([80n]);
    expect(log).toEqual(["record 9", "exit 7", "record 9"]);
  });

  test("does what a program asks for before it goes on", async () => {
    const { source, pump, log, give } = harness();
    give(spanOf(0n, [9, 100, 101, 9]));
    await pump.reach([64n]);
    expect(log).toEqual(["record 9", "message told", "system ls", "record 9"]);
    expect(source.acknowledged).toEqual([64n]);
  });

  test("gives no credit back while the sink is full", async () => {
    const { give, source, hold, pump } = harness();
    let drain: () => void = () => undefined;
    hold.full = new Promise((resolve) => {
      drain = resolve;
    });
    give(spanOf(0n, [10]));
    give(spanOf(16n, [11]));
    expect(source.acknowledged).toEqual([]);
    hold.full = undefined;
    drain();
    await pump.reach([32n]);
    expect(source.acknowledged).toEqual([16n, 32n]);
  });

  test("tells of losses as the difference, at most once a second, and of the rest at the end", () => {
    const { give, log, pump, source } = harness();
    give(spanOf(0n, [10], 5n));
    give(spanOf(16n, [10], 5n));
    source.time = 999_999_999n;
    give(spanOf(32n, [10], 8n));
    source.time = 1_000_000_000n;
    give(spanOf(48n, [10], 10n));
    give(spanOf(64n, [10], 11n));
    pump.endLosses(12n);
    expect(log.filter((line) => line.startsWith("lost"))).toEqual(["lost 5", "lost 5", "lost 2"]);
    expect(pump.lost).toBe(12n);
  });

  test("rejects who waits when the source fails", async () => {
    const { pump, source } = harness();
    const waiting = pump.reach([16n]);
    source.receiver?.onEnd(new TypeError("the link broke"));
    await expect(waiting).rejects.toThrow("the link broke");
    await expect(pump.ended()).rejects.toThrow("the link broke");
  });

  test("rejects when a span is malformed", async () => {
    const { pump, give } = harness();
    give({ channel: 0, position: 0n, lost: 0n, bytes: new Uint8Array(3) });
    await expect(pump.reach([3n])).rejects.toThrow("span");
  });
});

test("a pump that is halted deals with no more spans, and goes on where it was", async () => {
  const { source, pump, log, give } = harness();
  give(spanOf(0n, [4, 2, 5]));
  give(spanOf(48n, [6]));
  // The first span is at hand: clearing the map takes a while.
  await pump.halt();
  expect(log).toEqual(["record 4", "clear", "record 5"]);
  expect(source.acknowledged).toEqual([48n]);
  give(spanOf(64n, [7]));
  expect(source.acknowledged).toEqual([48n]);
  pump.goOn();
  expect(log.slice(3)).toEqual(["record 6", "record 7"]);
  expect(source.acknowledged).toEqual([48n, 64n, 80n]);
});

test("a pump that goes on where another stopped has reached that place, and tells only later losses", async () => {
  const { source, log, sink, handler } = harness();
  const positions = [{ channel: 0, position: 64n }];
  const pump = new RecordPump(source, new RingCursor("little"), sink, handler, {
    lost: 5n,
    positions,
  });
  pump.start();
  await pump.reach([64n]);
  source.receiver?.onSpan(spanOf(64n, [4], 7n));
  await pump.reach([80n]);
  expect(log).toEqual(["lost 2", "record 4"]);
  expect(pump.lost).toBe(7n);
});
