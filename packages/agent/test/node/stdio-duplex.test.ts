import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { createStdioDuplex } from "../../src/listeners/node/stdio-duplex.js";

describe("the stream made of standard input and output", () => {
  test("bytes go from the input to the reader and from the writer to the output", async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const duplex = createStdioDuplex(input, output);
    input.write("down");
    expect(String((await once(duplex, "data"))[0])).toBe("down");
    duplex.write("up");
    expect(String((await once(output, "data"))[0])).toBe("up");
    duplex.destroy();
  });

  test("a write is done when the output has done it, not when it has queued it", async () => {
    let finishWrite: () => void = () => undefined;
    const output = new Writable({
      write: (_chunk, _encoding, callback) => {
        finishWrite = callback;
      },
    });
    const duplex = createStdioDuplex(new PassThrough(), output);
    let isDone = false;
    duplex.write("x", () => {
      isDone = true;
    });
    await new Promise(setImmediate);
    expect(isDone).toBe(false);
    expect(duplex.writableLength).toBe(1);
    finishWrite();
    await new Promise(setImmediate);
    expect(isDone).toBe(true);
    expect(duplex.writableLength).toBe(0);
    duplex.destroy();
  });

  test("a header and its body leave as one write", async () => {
    const writes: number[] = [];
    const output = new Writable({
      write: (_chunk, _encoding, callback) => {
        writes.push(1);
        callback();
      },
      writev: (chunks, callback) => {
        writes.push(chunks.length);
        callback();
      },
    });
    const duplex = createStdioDuplex(new PassThrough(), output);
    duplex.cork();
    duplex.write("header");
    duplex.write("body");
    duplex.uncork();
    await new Promise(setImmediate);
    expect(writes).toEqual([2]);
    duplex.destroy();
  });

  test("a reader that is behind holds the input back", async () => {
    const input = new PassThrough();
    const duplex = createStdioDuplex(input, new PassThrough());
    duplex.pause();
    for (let index = 0; index < 100; index++) input.write(new Uint8Array(10_000));
    await new Promise(setImmediate);
    expect(duplex.readableLength).toBeLessThan(100_000);
    let received = 0;
    duplex.on("data", (chunk: Uint8Array) => {
      received += chunk.length;
    });
    duplex.resume();
    input.end();
    await once(duplex, "close");
    expect(received).toBe(1_000_000);
  });

  test("the end of the input ends the whole, after what came before it", async () => {
    const input = new PassThrough();
    const duplex = createStdioDuplex(input, new PassThrough());
    const received: string[] = [];
    duplex.on("data", (chunk) => received.push(String(chunk)));
    input.end("last words");
    await once(duplex, "close");
    expect(received).toEqual(["last words"]);
  });

  const failures = [
    { name: "input", fail: (input: PassThrough) => input.destroy(new TypeError("EIO")) },
    {
      name: "output",
      fail: (_input: PassThrough, output: PassThrough) => output.destroy(new TypeError("EPIPE")),
    },
  ];
  test.each(failures)("an error of the $name closes it", async ({ fail }) => {
    const input = new PassThrough();
    const output = new PassThrough();
    const duplex = createStdioDuplex(input, output);
    const failed = once(duplex, "error");
    fail(input, output);
    const [error] = (await failed) as [Error];
    expect(error.message).toMatch(/^E(IO|PIPE)$/);
    expect(duplex.destroyed).toBe(true);
  });
});
