import { describe, expect, test } from "@jest/globals";
import { RateMeter, type RateReading } from "../../src/cli/rate-meter.js";
import { rateForm } from "../../src/cli/rate-status.js";

const nothing: RateReading = {
  milliseconds: 5000,
  events: 0,
  bytes: 0,
  lost: 0n,
  blockedMilliseconds: 0,
};

describe("the rate of a trace", () => {
  test("is of the time since the last reading", () => {
    const meter = new RateMeter(nothing);
    const first = { ...nothing, milliseconds: 7000, events: 2468, bytes: 100_000 };
    expect(meter.read(first, undefined)).toBe("1,234 events/s, 50.0 kB/s, nothing lost");
    const second = { ...first, milliseconds: 8000, events: 2469, bytes: 100_064 };
    expect(meter.read(second, undefined)).toBe("1 events/s, 64 B/s, nothing lost");
  });

  test("says how much of a line's capacity that is", () => {
    const reading = { ...nothing, milliseconds: 6000, events: 100, bytes: 5760 };
    expect(new RateMeter(nothing).read(reading, 11_520)).toBe(
      "100 events/s, 5.8 kB/s (50 % of the line), nothing lost",
    );
  });

  test("says what was lost, by what was the matter then", () => {
    const meter = new RateMeter(nothing);
    let reading = { ...nothing, milliseconds: 6000, bytes: 11_000, lost: 12_345n };
    expect(meter.read(reading, 11_520)).toContain("12,345 lost: the line is full");
    reading = { ...reading, milliseconds: 7000, lost: 12_346n, blockedMilliseconds: 900 };
    expect(meter.read(reading, 11_520)).toContain(
      "12,345 lost: the line is full, 1 lost: the output takes no more",
    );
    reading = { ...reading, milliseconds: 8000, lost: 12_349n };
    expect(meter.read(reading, 11_520)).toMatch(
      /the output takes no more, 3 lost: they came faster than they were taken$/,
    );
  });
});

describe("the rate is told", () => {
  const usual = {
    wanted: undefined,
    isThisMachine: false,
    isQuiet: false,
    hasTerminal: true,
  };

  test("unasked only over a link, on a terminal of its own, and not when quiet is asked for", () => {
    expect(rateForm(usual)).toBe("live");
    expect(rateForm({ ...usual, isThisMachine: true })).toBe("none");
    expect(rateForm({ ...usual, isQuiet: true })).toBe("none");
    expect(rateForm({ ...usual, hasTerminal: false })).toBe("none");
  });

  test("as asked for: always or never", () => {
    expect(rateForm({ ...usual, wanted: true, isThisMachine: true })).toBe("live");
    expect(rateForm({ ...usual, wanted: true, hasTerminal: false })).toBe("lines");
    expect(rateForm({ ...usual, wanted: false })).toBe("none");
  });
});
