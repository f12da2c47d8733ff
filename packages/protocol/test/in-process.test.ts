import { describe, expect, test } from "@jest/globals";
import { createChannelPair } from "../src/index.js";
import { settle } from "./raw-link.js";

describe("createChannelPair", () => {
  test("delivers copies, in order, not before the sender's turn ends", async () => {
    const [left, right] = createChannelPair();
    const received: number[] = [];
    right.onMessage((message) => received.push(message[0] ?? -1));
    const message = Uint8Array.of(1);
    left.send(message);
    message[0] = 2;
    left.send(message);
    expect(received).toEqual([]);
    expect(left.queuedBytes).toBe(2);
    await settle();
    expect(received).toEqual([1, 2]);
    expect(left.queuedBytes).toBe(0);
  });

  test("says when a message has left", async () => {
    const [left] = createChannelPair();
    let isSent = false;
    left.send(Uint8Array.of(1), () => {
      isSent = true;
    });
    expect(isSent).toBe(false);
    await settle();
    expect(isSent).toBe(true);
  });

  test("closing delivers what was queued, then tells both sides once", async () => {
    const [left, right] = createChannelPair();
    const events: string[] = [];
    right.onMessage(() => events.push("message"));
    right.onClose((reason) => events.push(`right: ${reason}`));
    left.onClose((reason) => events.push(`left: ${reason}`));
    left.send(Uint8Array.of(1));
    left.close("done");
    left.close("again");
    right.close("me too");
    await settle();
    expect(events.filter((event) => event === "left: done")).toHaveLength(1);
    expect(events.filter((event) => event.startsWith("right"))).toHaveLength(1);
  });

  test("nothing is delivered after closing", async () => {
    const [left, right] = createChannelPair();
    const received: Uint8Array[] = [];
    left.onMessage((message) => received.push(message));
    left.close("done");
    right.send(Uint8Array.of(1));
    await settle();
    expect(received).toEqual([]);
  });
});
