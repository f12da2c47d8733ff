import { describe, expect, test } from "@jest/globals";
import { CreditWindow, ProtocolError } from "../src/index.js";

describe("CreditWindow", () => {
  test("what is sent takes credit and what is acknowledged returns it", () => {
    const window = new CreditWindow(100);
    window.sent(60);
    expect(window.available()).toBe(40);
    window.acknowledged(24n);
    expect(window.available()).toBe(64);
    expect(window.position()).toBe(60n);
    expect(window.unacknowledgedBytes).toBe(36);
  });

  test("channels share the credit and have positions of their own", () => {
    const window = new CreditWindow(100);
    window.sent(30, 0);
    window.sent(50, 3);
    expect(window.available()).toBe(20);
    expect(window.position(3)).toBe(50n);
    window.acknowledged(50n, 3);
    expect(window.available()).toBe(70);
  });

  test("a record larger than the credit leaves none, and never a negative one", () => {
    const window = new CreditWindow(10);
    window.sent(25);
    expect(window.available()).toBe(0);
    window.acknowledged(25n);
    expect(window.available()).toBe(10);
  });

  test("the same acknowledgement again changes nothing", () => {
    const window = new CreditWindow(10);
    window.sent(8);
    window.acknowledged(8n);
    window.acknowledged(8n);
    expect(window.available()).toBe(10);
  });

  test("an acknowledgement of what was never sent is refused and returns no credit", () => {
    const window = new CreditWindow(10);
    window.sent(8);
    expect(() => {
      window.acknowledged(9n);
    }).toThrow(ProtocolError);
    expect(() => {
      window.acknowledged(1n, 7);
    }).toThrow(ProtocolError);
    expect(window.available()).toBe(2);
  });

  test("an acknowledgement that goes back is refused", () => {
    const window = new CreditWindow(10);
    window.sent(8);
    window.acknowledged(8n);
    expect(() => {
      window.acknowledged(7n);
    }).toThrow(ProtocolError);
  });

  test("what did not arrive is sent again from where the host has come to", () => {
    const window = new CreditWindow(100);
    window.sent(40, 0);
    window.sent(30, 2);
    window.acknowledged(16n, 0);
    window.rewind(24n, 0);
    window.rewind(0n, 2);
    expect(window.position(0)).toBe(24n);
    expect(window.position(2)).toBe(0n);
    expect(window.unacknowledgedBytes).toBe(8);
    expect(window.channels).toEqual([
      { channel: 0, acknowledged: 16n },
      { channel: 2, acknowledged: 0n },
    ]);
  });

  test("a host cannot have come further than was sent, nor back, nor consumed what has not come", () => {
    const window = new CreditWindow(100);
    window.sent(40);
    window.acknowledged(16n);
    expect(() => {
      window.requireProgress(40n, 16n);
    }).not.toThrow();
    for (const [received, consumed] of [
      [41n, 16n],
      [40n, 15n],
      [24n, 25n],
    ] as const) {
      expect(() => {
        window.requireProgress(received, consumed);
      }).toThrow(ProtocolError);
    }
    expect(() => {
      window.requireProgress(1n, 0n, 3);
    }).toThrow("channel 3: 1 received and 0 consumed, of 0 to 0");
  });

  test("bytes that are skipped move the position and cost no credit", () => {
    const window = new CreditWindow(10);
    window.sent(8);
    window.acknowledged(8n);
    window.skip(100);
    expect(window.position()).toBe(108n);
    expect(window.available()).toBe(10);
    expect(window.channels).toEqual([{ channel: 0, acknowledged: 108n }]);
  });
});
