import { describe, expect, test } from "@jest/globals";
import { FrameScanner } from "../../src/link/frame-scanner.js";
import { FrameSize } from "../../src/link/frame-size.js";
import { describeNoise, LineNoise } from "../../src/link/line-noise.js";
import { LinePace } from "../../src/link/line-pace.js";
import { RoundTrip } from "../../src/link/round-trip.js";

const ascii = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("the scanner", () => {
  function scan(limitBytes: number, ...pieces: readonly number[][]): (number[] | "flow")[] {
    const found: (number[] | "flow")[] = [];
    const scanner = new FrameScanner(limitBytes, {
      onSegment: (segment) => found.push([...segment]),
      onFlowControl: () => found.push("flow"),
    });
    for (const piece of pieces) scanner.receive(Uint8Array.from(piece));
    return found;
  }

  test("cuts at delimiters, wherever the pieces end", () => {
    expect(scan(10, [1, 2], [3, 0, 0, 4], [0], [5])).toEqual([[1, 2, 3], [4]]);
  });

  test("takes XON and XOFF out and tells of them", () => {
    expect(scan(10, [1, 0x11, 2, 0x13, 0])).toEqual(["flow", "flow", [1, 2]]);
  });

  test("keeps no more than its limit", () => {
    expect(scan(3, [1, 2, 3, 4, 5, 0])).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });
});

describe("noise", () => {
  test("the last lines of text are kept, also from within damaged frames", () => {
    const noise = new LineNoise();
    noise.discard(ascii("board login: \r\n[    1.5] usb 1-1: new device\r\n"));
    noise.discard(Uint8Array.from([0x80, 0xaa, ...ascii("[    2.0] eth0: up"), 0x99]));
    expect(noise.report().text).toEqual([
      "board login:",
      "[    1.5] usb 1-1: new device",
      "[    2.0] eth0: up",
    ]);
    for (let line = 0; line < 100; line++) noise.discard(ascii(`line ${line}`));
    expect(noise.report().text).toHaveLength(16);
    expect(noise.report().text.at(-1)).toBe("line 99");
  });

  test.each([
    { name: "nothing", segments: [], expected: undefined },
    {
      name: "frames without their highest bits",
      segments: Array.from({ length: 3 }, () => [0x05, 0x04, 0x01, 0x02, 0x1b]),
      expected: /seven bits/,
    },
    { name: "a prompt", segments: [[...ascii("login: ")]], expected: /text: "login:"/ },
    {
      name: "frames of ours as a terminal shows them",
      segments: [[...ascii("^Z"), 0x80, ...ascii("^A^@^@^Z"), 0x80, ...ascii("^A")]],
      expected: /what is sent comes back/,
    },
    { name: "rubbish", segments: [[0xc3, 0x91]], expected: /1 damaged.*baud rate/ },
  ])("$name is told to people", ({ segments, expected }) => {
    const noise = new LineNoise();
    for (const segment of segments) noise.discard(Uint8Array.from(segment));
    const said = describeNoise(noise.report());
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(expected);
  });

  test("frames of ours that come back mean that no agent is there", () => {
    const noise = new LineNoise();
    noise.echo();
    noise.echo();
    expect(describeNoise(noise.report())).toMatch(/comes back/);
  });
});

describe("the line's pace", () => {
  test("holds what is outside to 100 ms", () => {
    const pace = new LinePace(115_200);
    let now = 1000;
    let given = 0;
    for (; pace.readyAt(500, now, 0) <= now; given += 500) pace.given(500, now);
    expect(given).toBeGreaterThan(500);
    expect(pace.milliseconds(given)).toBeLessThanOrEqual(100);
    now = pace.readyAt(500, now, 0);
    expect(pace.readyAt(500, now, 0)).toBeLessThanOrEqual(now);
  });

  test("believes the operating system where that still holds more than the clock says", () => {
    const pace = new LinePace(115_200);
    expect(pace.readyAt(500, 1000, 0)).toBeLessThanOrEqual(1000);
    expect(pace.readyAt(500, 1000, 4096)).toBeGreaterThan(1250);
  });

  test("a slow line does not run dry between frames", () => {
    const pace = new LinePace(1200);
    pace.given(72, 0);
    expect(pace.readyAt(72, 0, 0)).toBeLessThan(pace.milliseconds(72));
  });
});

describe("the size of frames", () => {
  function afterLosses(bytesPerSecond: number, lostEvery: number): number {
    const size = new FrameSize(bytesPerSecond);
    let sinceLoss = 0;
    for (let frame = 0; frame < 2000; frame++) {
      const lineBytes = size.payloadBytes + 14;
      sinceLoss += lineBytes;
      size.record(lineBytes, sinceLoss > lostEvery);
      if (sinceLoss > lostEvery) sinceLoss = 0;
    }
    return size.payloadBytes;
  }

  test("is 50 ms of a clean line, within bounds", () => {
    expect(new FrameSize(11_520).payloadBytes).toBe(576 - 13);
    expect(new FrameSize(960).payloadBytes).toBe(72 - 13);
    expect(new FrameSize(100_000).payloadBytes).toBe(1024 - 13);
  });

  test("shrinks with what the line loses", () => {
    expect(afterLosses(11_520, 10_000)).toBeGreaterThan(250);
    expect(afterLosses(11_520, 10_000)).toBeLessThan(500);
    expect(afterLosses(11_520, 1000)).toBeGreaterThan(70);
    expect(afterLosses(11_520, 1000)).toBeLessThan(200);
    expect(afterLosses(11_520, 50)).toBeGreaterThanOrEqual(32);
  });

  test("a stall that costs many frames at once hardly changes it, and it is forgotten", () => {
    const size = new FrameSize(11_520);
    for (let frame = 0; frame < 200; frame++) size.record(576, false);
    for (let frame = 0; frame < 20; frame++) size.record(576, true);
    expect(size.payloadBytes).toBeGreaterThan(563 / 4);
    for (let frame = 0; frame < 400; frame++) size.record(576, false);
    expect(size.payloadBytes).toBe(563);
  });
});

describe("round trips", () => {
  test("the timeout follows what is measured", () => {
    const roundTrip = new RoundTrip();
    expect(roundTrip.timeoutMilliseconds).toBe(500);
    for (let sample = 0; sample < 50; sample++) roundTrip.sample(40, 10, sample * 10);
    expect(roundTrip.timeoutMilliseconds).toBeGreaterThanOrEqual(60);
    expect(roundTrip.timeoutMilliseconds).toBeLessThan(70);
    roundTrip.sample(200, 10, 1000);
    expect(roundTrip.timeoutMilliseconds).toBeGreaterThan(150);
    expect(roundTrip.shortestMilliseconds).toBe(30);
  });

  test("the shortest is forgotten after a while", () => {
    const roundTrip = new RoundTrip();
    roundTrip.sample(5, 1, 0);
    for (let now = 1000; now < 100_000; now += 1000) roundTrip.sample(90, 20, now);
    expect(roundTrip.shortestMilliseconds).toBe(70);
  });
});
