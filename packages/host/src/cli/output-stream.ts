import { createWriteStream, type WriteStream } from "node:fs";
import { UsageError } from "./exit-code.js";

/** Where a command's text goes, with its back-pressure. */
export interface OutputStream {
  write(text: string | Uint8Array): void;
  /** Undefined when more may be written now; else resolves when it may. */
  ready(): Promise<void> | undefined;
  /** Nobody reads any more (the pipe is closed): resolves once that is seen. */
  readonly broken: Promise<void>;
  /** Resolves when all is written. */
  end(): Promise<void>;
}

/** Standard output, or a file that is created anew. Throws UsageError when it cannot be. */
export async function openOutput(path: string | undefined): Promise<OutputStream> {
  if (path === undefined) return new NodeOutput(process.stdout);
  const file = createWriteStream(path);
  await new Promise<void>((resolve, reject) => {
    file.once("open", () => {
      resolve();
    });
    file.once("error", (cause) => {
      reject(new UsageError(`output file ${path}: ${cause.message}`, { cause }));
    });
  });
  return new NodeOutput(file);
}

class NodeOutput implements OutputStream {
  readonly #stream: WriteStream | NodeJS.WriteStream;
  readonly broken: Promise<void>;
  #isBroken = false;
  #drained: Promise<void> | undefined;

  constructor(stream: WriteStream | NodeJS.WriteStream) {
    this.#stream = stream;
    this.broken = new Promise((resolve) => {
      stream.on("error", () => {
        this.#isBroken = true;
        resolve();
      });
    });
  }

  write(text: string | Uint8Array): void {
    if (this.#isBroken || this.#stream.write(text)) return;
    this.#drained ??= new Promise((resolve) => {
      this.#stream.once("drain", () => {
        this.#drained = undefined;
        resolve();
      });
    });
  }

  ready(): Promise<void> | undefined {
    return this.#drained === undefined ? undefined : Promise.race([this.#drained, this.broken]);
  }

  async end(): Promise<void> {
    if (this.#isBroken) return;
    const written = new Promise<void>((resolve) => {
      if (this.#stream === process.stdout)
        this.#stream.write("", () => {
          resolve();
        });
      else
        this.#stream.end(() => {
          resolve();
        });
    });
    await Promise.race([written, this.broken]);
  }
}
