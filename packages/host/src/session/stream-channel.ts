import {
  closeCodes,
  decodeClose,
  encodeClose,
  encodeFrameHeader,
  FrameFault,
  FrameReader,
  opcodes,
} from "@sonde/protocol";
import { type Duplex } from "node:stream";
import { maxMessageBytes, SilenceWatch, type WatchedChannel } from "./watched-channel.js";

/** Agents never split a message. */
const fragmentLimit = 1024;
/** For the agent to answer our close frame, and to end. */
const closeMilliseconds = 1000;
/** A message up to this size goes out in one piece with its header. */
const joinedBytes = 16_384;

/** The client's end of a WebSocket that is open on a byte stream of ours. */
export class StreamChannel implements WatchedChannel {
  readonly binding?: Uint8Array;
  readonly #stream: Duplex;
  readonly #reader: FrameReader;
  /** "closing": our close frame has been sent. */
  #state: "open" | "closing" | "closed" = "open";
  #reason = "";
  #code: number = closeCodes.abnormal;
  readonly #watch = new SilenceWatch();
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;

  constructor(stream: Duplex, binding: Uint8Array | undefined) {
    this.#stream = stream;
    if (binding !== undefined) this.binding = binding;
    this.#reader = new FrameReader({
      from: "server",
      messageLimitBytes: maxMessageBytes,
      fragmentLimit,
      onMessage: (message) => {
        if (this.#state === "open") this.#onMessage(message);
      },
      onControl: (opcode, payload) => {
        this.#control(opcode, payload);
      },
    });
    stream.on("data", (bytes: Uint8Array) => {
      this.#receive(bytes);
    });
    stream.on("error", (error) => {
      this.#reason = error.message;
    });
    stream.once("end", () => {
      stream.end();
    });
    stream.once("close", () => {
      this.#finish();
    });
    // Not before this turn of the event loop ends: its handlers are set in it.
    stream.resume();
  }

  get queuedBytes(): number {
    return this.#stream.writableLength;
  }

  send(message: Uint8Array, onSent?: () => void): void {
    if (this.#state === "open") this.#write(opcodes.binary, message, onSent);
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#onMessage = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#onClose = handler;
  }

  watch(toleratedMilliseconds: () => number): void {
    this.#watch.start(toleratedMilliseconds, {
      giveUp: (reason) => {
        this.#reason = reason;
        this.#stream.destroy();
      },
      askForLife: () => {
        if (this.#state === "open") this.#write(opcodes.ping, new Uint8Array(0));
      },
    });
  }

  close(reason: string): void {
    this.#watch.stop();
    this.#sayGoodbye(closeCodes.normal, reason);
  }

  #receive(bytes: Uint8Array): void {
    this.#watch.heard();
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error;
      this.#reader.stop();
      this.#sayGoodbye(error.code, error.message);
    }
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (opcode === opcodes.ping) this.#write(opcodes.pong, payload);
    if (opcode !== opcodes.close) return;
    const { code, reason } = decodeClose(payload);
    this.#reader.stop();
    this.#code = code;
    if (reason !== "") this.#reason = reason;
    if (this.#state === "open") {
      this.#state = "closing";
      this.#write(opcodes.close, payload);
    }
    this.#stream.end();
    this.#destroyLater();
  }

  #sayGoodbye(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    if (this.#reason === "") this.#reason = reason;
    this.#write(opcodes.close, encodeClose(code, reason));
    this.#destroyLater();
  }

  #destroyLater(): void {
    setTimeout(() => {
      this.#stream.destroy();
    }, closeMilliseconds).unref();
  }

  #write(opcode: number, payload: Uint8Array, onSent?: () => void): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) return;
    const header = encodeFrameHeader(opcode, payload.length, true);
    if (payload.length <= joinedBytes) {
      this.#stream.write(Buffer.concat([header, payload]), () => onSent?.());
    } else {
      this.#stream.write(header);
      this.#stream.write(payload, () => onSent?.());
    }
  }

  #finish(): void {
    this.#watch.stop();
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#reader.stop();
    this.#onClose(this.#reason === "" ? describeCloseCode(this.#code) : this.#reason);
  }
}

/** RFC 6455, 7.4.1: why a WebSocket was closed, where nothing else is said. */
export function describeCloseCode(code: number): string {
  return code === closeCodes.abnormal
    ? "the link broke"
    : `the agent closed the link (code ${code})`;
}
