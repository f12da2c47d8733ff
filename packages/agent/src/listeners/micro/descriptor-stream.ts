import { type Kernel } from "../../kernel/kernel.js";
import { type Timer, type Watch } from "../../system/system.js";
import { bounds } from "../bounds.js";
import { type ByteStream } from "./byte-stream.js";
import { type WriteReadiness } from "./write-readiness.js";

/** include/linux/net.h, enum sock_shutdown_cmd */
const SHUT_WR = 1;

const readSizeBytes = 16_384;
/** Pieces that are handed to the kernel in one call. */
const pieceLimit = 16;

/** Bytes that wait, and whom to tell once they are gone. */
interface Piece {
  bytes: Uint8Array;
  readonly onSent: (() => void) | undefined;
}

export interface DescriptorStreamOptions {
  readonly kernel: Kernel;
  readonly writeReadiness: WriteReadiness;
  /** Not to block on; the stream's own from here on. May be the same. */
  readonly input: number;
  readonly output: number;
}

/** A byte stream over a socket, or over a pipe for each direction. The end of the input is the end of the whole. */
export class DescriptorStream implements ByteStream {
  readonly #options: DescriptorStreamOptions;
  readonly #watch: Watch;
  readonly #pieces: Piece[] = [];
  #queuedBytes = 0;
  /** "ended": the other side has been told so. */
  #state: "open" | "ending" | "ended" | "closed" = "open";
  #lingering: Timer | undefined;
  #isOutputClosed = false;
  #isWriting = false;
  #waitsToWrite = false;
  #onBytes: (bytes: Uint8Array) => void = () => undefined;
  #onClose: () => void = () => undefined;

  constructor(options: DescriptorStreamOptions) {
    this.#options = options;
    this.#watch = options.kernel.system.watch(options.input, () => {
      this.#read();
    });
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  onBytes(handler: (bytes: Uint8Array) => void): void {
    this.#onBytes = handler;
  }

  onClose(handler: () => void): void {
    this.#onClose = handler;
  }

  write(parts: readonly Uint8Array[], onSent?: () => void): void {
    if (this.#state !== "open") return;
    parts.forEach((bytes, index) => {
      this.#pieces.push({ bytes, onSent: index === parts.length - 1 ? onSent : undefined });
      this.#queuedBytes += bytes.length;
    });
    this.#drain();
  }

  /** What comes is left with the kernel, until `resume`. */
  pause(): void {
    this.#watch.pause();
  }

  resume(): void {
    this.#watch.resume();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#drain();
  }

  destroy(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const { kernel, writeReadiness, input, output } = this.#options;
    this.#watch.close();
    this.#lingering?.cancel();
    writeReadiness.forget(output);
    kernel.call("close", input);
    if (output !== input && !this.#isOutputClosed) kernel.call("close", output);
    this.#pieces.length = 0;
    this.#queuedBytes = 0;
    this.#onClose();
  }

  #read(): void {
    const { kernel, input } = this.#options;
    const length = kernel.call("read", input, readBuffer, readBuffer.length);
    if (length > 0) this.#onBytes(readBuffer.subarray(0, length));
    else if (!kernel.isErrno(length, "EAGAIN", "EINTR")) this.destroy();
  }

  /** Hands over what the kernel takes. What is written meanwhile, by those who hear of it, is only queued. */
  #drain(): void {
    if (this.#isWriting || this.#waitsToWrite) return;
    this.#isWriting = true;
    let goesOn = true;
    while (goesOn && this.#pieces.length > 0) goesOn = this.#writeSome();
    this.#isWriting = false;
    if (this.#state === "ending" && this.#pieces.length === 0) this.#closeOutput();
  }

  /** What has been sent would be lost if the socket were closed while bytes that came have not been read. */
  #closeOutput(): void {
    const { kernel, input, output } = this.#options;
    this.#state = "ended";
    this.#lingering = kernel.system.after(bounds.closeMilliseconds, () => {
      this.destroy();
    });
    if (input === output) {
      kernel.call("shutdown", output, SHUT_WR);
    } else {
      kernel.call("close", output);
      this.#isOutputClosed = true;
    }
  }

  /** Whether more can be written at once. */
  #writeSome(): boolean {
    const { kernel, writeReadiness, output } = this.#options;
    const written = this.#handOver();
    if (written >= 0) {
      this.#settle(written);
      return true;
    }
    if (kernel.isErrno(written, "EINTR")) return true;
    if (kernel.isErrno(written, "EAGAIN")) {
      this.#waitsToWrite = true;
      writeReadiness.await(output, () => {
        this.#waitsToWrite = false;
        this.#drain();
      });
    } else {
      this.destroy();
    }
    return false;
  }

  #handOver(): number {
    const { kernel, output } = this.#options;
    const pieces = this.#pieces.slice(0, pieceLimit);
    const [first] = pieces;
    if (first !== undefined && pieces.length === 1) {
      return kernel.call("write", output, first.bytes, first.bytes.length);
    }
    return kernel.call("writev", output, describePieces(kernel, pieces), pieces.length);
  }

  #settle(written: number): void {
    this.#queuedBytes -= written;
    let rest = written;
    for (let first = this.#pieces[0]; first !== undefined; first = this.#pieces[0]) {
      if (first.bytes.length > rest) {
        first.bytes = first.bytes.subarray(rest);
        return;
      }
      rest -= first.bytes.length;
      this.#pieces.shift();
      first.onSent?.();
    }
  }
}

/** One for all streams: its bytes are good during the call only. */
const readBuffer = new Uint8Array(readSizeBytes);

/** An array of struct iovec: address and length, each the size of a pointer. */
function describePieces(kernel: Kernel, pieces: readonly Piece[]): Uint8Array {
  const { pointerSize } = kernel.machine;
  const vectors = new Uint8Array(pieces.length * 2 * pointerSize);
  const view = kernel.view(vectors);
  const little = kernel.isLittleEndian;
  const setWord = (word: number, value: bigint): void => {
    if (pointerSize === 8) view.setBigUint64(word * 8, value, little);
    else view.setUint32(word * 4, Number(value), little);
  };
  pieces.forEach(({ bytes }, index) => {
    setWord(2 * index, kernel.addressOf(bytes));
    setWord(2 * index + 1, BigInt(bytes.length));
  });
  return vectors;
}
