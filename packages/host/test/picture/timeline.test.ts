import { describe, expect, test } from "@jest/globals";
import { type Value } from "../../src/output/value.js";
import { Timeline } from "../../src/picture/timeline.js";

function integer(value: bigint): Value {
  return { kind: "integer", value, sizeBytes: 8, isSigned: false };
}

function text(value: string): Value {
  return { kind: "string", value, isCut: false };
}

/** Fields by their numbers, in their order; what has a length is bytes. */
function decode(bytes: Uint8Array): readonly (readonly [number, bigint | Uint8Array])[] {
  const fields: [number, bigint | Uint8Array][] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    if ((key & 7) === 0) fields.push([key >> 3, varint()]);
    else {
      const length = Number(varint());
      fields.push([key >> 3, bytes.subarray(at, (at += length))]);
    }
  }
  return fields;
}

function inner(fields: ReturnType<typeof decode>, number: number): ReturnType<typeof decode> {
  const bytes = fields.find(([field]) => field === number)?.[1];
  return bytes instanceof Uint8Array ? decode(bytes) : [];
}

function number(fields: ReturnType<typeof decode>, field: number): bigint | undefined {
  const value = fields.find(([one]) => one === field)?.[1];
  return typeof value === "bigint" ? value : undefined;
}

function name(fields: ReturnType<typeof decode>, field: number): string | undefined {
  const value = fields.find(([one]) => one === field)?.[1];
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : undefined;
}

interface Shown {
  readonly at: bigint | undefined;
  readonly type: bigint | undefined;
  readonly name: string | undefined;
  /** From the outermost one. */
  readonly path: readonly string[];
}

/** What a file shows, and on which tracks. */
function show(timeline: Timeline): readonly Shown[] {
  const packets = decode(timeline.encode()).map(([, packet]) => decode(packet as Uint8Array));
  const tracks = new Map<bigint, readonly string[]>();
  const shown: Shown[] = [];
  for (const packet of packets) {
    const track = inner(packet, 60);
    if (track.length > 0) {
      const [process, thread] = [inner(track, 3), inner(track, 4)];
      const title =
        name(track, 2) ??
        (process.length > 0
          ? `${name(process, 6)} ${number(process, 1)}`
          : `${name(thread, 5)} ${number(thread, 1)}/${number(thread, 2)}`);
      const parent = tracks.get(number(track, 5) ?? 0n) ?? [];
      tracks.set(number(track, 1) ?? 0n, [...parent, title]);
      continue;
    }
    const event = inner(packet, 11);
    const path = tracks.get(number(event, 11) ?? 0n) ?? [];
    shown.push({ at: number(packet, 8), type: number(event, 9), name: name(event, 23), path });
  }
  return shown;
}

describe("a timeline", () => {
  test("has records on the tracks of their threads and CPUs, in the order of time", () => {
    const timeline = new Timeline();
    const who = { pid: integer(10n), tid: integer(11n), comm: text("cat") };
    timeline.add({ name: "second", fields: { nsecs: integer(2000n), ...who, cpu: integer(0n) } });
    timeline.add({ name: "first", fields: { nsecs: integer(1000n), ...who } });
    timeline.add({ name: "timeless", fields: who });
    expect(timeline.eventCount).toBe(2);
    const thread = ["cat 10", "cat 10/11"];
    expect(show(timeline)).toEqual([
      { at: 1000n, type: 3n, name: "first", path: thread },
      { at: 2000n, type: 3n, name: "second", path: thread },
      { at: 2000n, type: 3n, name: "second (cat)", path: ["CPUs", "CPU 0"] },
    ]);
  });

  test("has what took time beside what took time meanwhile", () => {
    const timeline = new Timeline();
    const add = (end: bigint, duration: bigint): void => {
      timeline.add({ name: "io", fields: { nsecs: integer(end), duration: integer(duration) } });
    };
    add(300n, 200n);
    add(400n, 200n);
    add(500n, 200n);
    const packets = decode(timeline.encode()).map(([, packet]) => decode(packet as Uint8Array));
    const events = packets
      .map((packet) => ({ at: number(packet, 8), event: inner(packet, 11) }))
      .filter(({ event }) => event.length > 0)
      .map(({ at, event }) => [at, number(event, 9), number(event, 11)]);
    expect(events).toEqual([
      [100n, 1n, 1n],
      [300n, 2n, 1n],
      [200n, 1n, 2n],
      [400n, 2n, 2n],
      [300n, 1n, 1n],
      [500n, 2n, 1n],
    ]);
  });

  test("keeps the values of fields, zero among them", () => {
    const timeline = new Timeline();
    timeline.add({ name: "e", fields: { nsecs: integer(1n), ret: integer(0n), path: text("/x") } });
    const packets = decode(timeline.encode()).map(([, packet]) => decode(packet as Uint8Array));
    const event = packets.map((packet) => inner(packet, 11)).find((fields) => fields.length > 0);
    const annotations = (event ?? [])
      .filter(([field]) => field === 4)
      .map(([, bytes]) => decode(bytes as Uint8Array));
    expect(annotations.map((one) => [name(one, 10), number(one, 4) ?? name(one, 6)])).toEqual([
      ["ret", 0n],
      ["path", "/x"],
    ]);
  });
});
