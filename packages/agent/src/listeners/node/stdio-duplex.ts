import { Duplex, type Readable, type Writable } from "node:stream";

/**
 * One stream of a process's two. A write's callback comes when the bytes have really been written (that of
 * Duplex.from comes when the output has queued them). The end of the input ends the whole: the other side is dead.
 */
export function createStdioDuplex(input: Readable, output: Writable): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: false,
    read(): void {
      input.resume();
    },
    write(chunk: Uint8Array, _encoding, callback): void {
      output.write(chunk, callback);
    },
    writev(chunks: readonly { readonly chunk: unknown }[], callback): void {
      output.cork();
      const last = chunks.length - 1;
      chunks.forEach(({ chunk }, index) => {
        output.write(chunk, index === last ? callback : undefined);
      });
      output.uncork();
    },
    final(callback): void {
      output.end(callback);
    },
    destroy(error, callback): void {
      input.destroy();
      output.destroy();
      callback(error);
    },
  });

  input.on("data", (chunk: Uint8Array) => {
    if (!duplex.push(chunk)) input.pause();
  });
  input.pause();
  input.once("end", () => {
    duplex.push(null);
    setImmediate(() => duplex.destroy());
  });
  const fail = (error: Error): void => {
    duplex.destroy(error);
  };
  input.on("error", fail);
  output.on("error", fail);
  input.once("close", () => duplex.destroy());
  return duplex;
}
