import { describe, expect, test } from "@jest/globals";
import { Flight } from "../../src/link/flight.js";
import { type Acknowledgement } from "../../src/link/frame.js";
import { ReceivedFrames } from "../../src/link/received-frames.js";

function sendMany(flight: Flight, count: number): void {
  for (let index = 0; index < count; index++) {
    flight.sent({ sentAt: index, lineBytes: 10, carried: [] });
  }
}

function receive(received: ReceivedFrames, ...numbers: readonly number[]): Acknowledgement {
  for (const number of numbers) received.receive(number & 0xffff);
  return received.acknowledgement() ?? { largest: -1, earlier: new Uint8Array(0) };
}

describe("received frames", () => {
  test("nothing is acknowledged before something has come", () => {
    expect(new ReceivedFrames().acknowledgement()).toBeUndefined();
  });

  test("an acknowledgement has the largest number and a bit for each before it", () => {
    const { largest, earlier } = receive(new ReceivedFrames(), 0, 1, 3, 5);
    expect(largest).toBe(5);
    // From the lowest bit: 4 missing, 3 come, 2 missing, 1 and 0 come.
    expect([...earlier]).toEqual([0b11010]);
  });

  test("tells whether a frame is the one that was due", () => {
    const received = new ReceivedFrames();
    expect([0, 1, 3, 2, 3, 4].map((number) => received.receive(number).isNext)).toEqual([
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  test("numbers go on beyond 65,535", () => {
    const received = new ReceivedFrames();
    for (let number = 0; number < 70_000; number++) {
      if (!received.receive(number & 0xffff).isNext) throw new Error(`at ${number}`);
    }
    expect(receive(received, 70_000).largest).toBe(70_000 & 0xffff);
  });

  test("four bytes are enough where nothing is missing, and eight are the most", () => {
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    expect([...receive(new ReceivedFrames(), ...numbers).earlier]).toEqual([255, 255, 255, 255]);
    const gaps = numbers.filter((number) => number % 2 === 1);
    expect([...receive(new ReceivedFrames(), ...gaps).earlier]).toEqual(new Array(8).fill(0xaa));
  });
});

describe("frames on their way", () => {
  test("what was sent before a frame that came, and did not come, is lost; what was sent after is not", () => {
    const flight = new Flight();
    sendMany(flight, 6);
    const received = new ReceivedFrames();
    const { arrived, lost } = flight.acknowledged(receive(received, 0, 2, 4));
    expect(arrived.map(({ number }) => number)).toEqual([0, 2, 4]);
    expect(lost.map(({ number }) => number)).toEqual([1, 3]);
    expect(flight.bytes).toBe(10);
    expect(flight.acknowledged(receive(received, 5)).arrived.map(({ number }) => number)).toEqual([
      5,
    ]);
    expect(flight.isEmpty).toBe(true);
  });

  test("an acknowledgement that comes again, or of frames never sent, changes nothing", () => {
    const flight = new Flight();
    sendMany(flight, 2);
    const received = new ReceivedFrames();
    const acknowledgement = receive(received, 0);
    flight.acknowledged(acknowledgement);
    expect(flight.acknowledged(acknowledgement)).toEqual({ arrived: [], lost: [] });
    expect(flight.acknowledged({ largest: 900, earlier: new Uint8Array(0) }).lost).toEqual([]);
    expect(flight.bytes).toBe(10);
  });
});
