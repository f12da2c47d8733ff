import { describe, expect, test } from "@jest/globals";
import { AuthenticationThrottle } from "../../../src/listeners/authentication-throttle.js";

describe("the throttle of wrong keys", () => {
  test("each failure doubles the wait, up to eight seconds, for that address alone", () => {
    const throttle = new AuthenticationThrottle(() => 0);
    const delays = Array.from({ length: 7 }, () => {
      throttle.recordFailure("10.0.0.1");
      return throttle.delayMilliseconds("10.0.0.1");
    });
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(throttle.delayMilliseconds("10.0.0.2")).toBe(0);
  });

  test("ten minutes without a failure are forgiving", () => {
    let now = 0;
    const throttle = new AuthenticationThrottle(() => now);
    throttle.recordFailure("a");
    throttle.recordFailure("a");
    now = 599_999;
    expect(throttle.delayMilliseconds("a")).toBe(1000);
    now = 600_000;
    expect(throttle.delayMilliseconds("a")).toBe(0);
    throttle.recordFailure("a");
    expect(throttle.delayMilliseconds("a")).toBe(500);
  });

  test("a thousand other addresses do not make it grow without bound; the oldest is forgotten", () => {
    const throttle = new AuthenticationThrottle(() => 0);
    for (let index = 0; index < 1025; index++) throttle.recordFailure(`address ${index}`);
    expect(throttle.delayMilliseconds("address 0")).toBe(0);
    expect(throttle.delayMilliseconds("address 1")).toBe(500);
    expect(throttle.delayMilliseconds("address 1024")).toBe(500);
  });
});
