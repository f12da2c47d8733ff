import { createWriteStream, type WriteStream } from "node:fs";
import { getSystemErrorMap } from "node:util";
import { encodeUtf8 } from "../text/utf8.js";
import { BpftraceUsageError } from "./exit-code.js";

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

/** "full": in pieces of 64 kB; else at once. */
export type BufferMode = "none" | "line" | "full";

const pieceBytes = 65_536;

/** Standard output, or a file that is created anew. Throws BpftraceUsageError when it cannot be. */
export async function openOutput(
  path: string | undefined,
  buffers: BufferMode = "line",
): Promise<OutputStream> {
  const isFull = buffers === "full";
  if (path === undefined) return new NodeOutput(process.stdout, isFull);
  const file = createWriteStream(path);
  await new Promise<void>((resolve, reject) => {
    file.once("open", () => {
      resolve();
    });
    file.once("error", (cause) => {
      const reason = reasonOf(cause);
      reject(new BpftraceUsageError(`Failed to open output file: "${path}": ${reason}`, { cause }));
    });
  });
  return new NodeOutput(file, isFull);
}

class NodeOutput implements OutputStream {
  readonly #stream: WriteStream | NodeJS.WriteStream;
  readonly broken: Promise<void>;
  readonly #buffers: boolean;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isBroken = false;
  #drained: Promise<void> | undefined;

  constructor(stream: WriteStream | NodeJS.WriteStream, buffers: boolean) {
    this.#stream = stream;
    this.#buffers = buffers;
    this.broken = new Promise((resolve) => {
      stream.on("error", () => {
        this.#isBroken = true;
        resolve();
      });
    });
  }

  write(text: string | Uint8Array): void {
    if (!this.#buffers) {
      this.#write(text);
      return;
    }
    const bytes = Buffer.from(typeof text === "string" ? encodeUtf8(text) : text);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= pieceBytes) this.#flush();
  }

  #flush(): void {
    if (this.#waitingBytes > 0) this.#write(Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #write(text: string | Uint8Array): void {
    if (this.#isBroken || this.#stream.write(typeof text === "string" ? encodeUtf8(text) : text))
      return;
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
    this.#flush();
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

/** What the system said, as C programs put it: "No such file or directory". */
function reasonOf(cause: NodeJS.ErrnoException): string {
  if (cause.errno === undefined) return cause.message;
  if (cause.code === "EISDIR") return "Is a directory";
  const [, message] = getSystemErrorMap().get(cause.errno) ?? [];
  return message === undefined ? cause.message : message.charAt(0).toUpperCase() + message.slice(1);
}
