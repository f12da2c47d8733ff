import {
  closeCodes,
  decodeClose,
  encodeClose,
  encodeFrameHeader,
  FrameFault,
  FrameReader,
  type MessageChannel,
  opcodes,
} from "@sonde/protocol";
import { type System, type Timer } from "../../system/system.js";
import { bounds } from "../bounds.js";
import { type ByteStream } from "./byte-stream.js";

/** With so much queued a ping is not answered: only the last one would have to be. */
const pongQueueLimitBytes = 65_536;

export interface WebSocketChannelOptions {
  readonly system: Pick<System, "after">;
  readonly stream: ByteStream;
  /** Set: ask for a sign of life, and give the link up after about so long without one. */
  readonly silenceMilliseconds?: number;
}

/** The server's end of a WebSocket whose frames are binary messages; a text frame ends it. */
export class WebSocketChannel implements MessageChannel {
  readonly #options: WebSocketChannelOptions;
  readonly #reader: FrameReader;
  /** "closing": our close frame has been sent. */
  #state: "open" | "closing" | "closed" = "open";
  #reason: string | undefined;
  #silentPings = 0;
  #pingTimer: Timer | undefined;
  #closeTimer: Timer | undefined;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;

  constructor(options: WebSocketChannelOptions) {
    this.#options = options;
    this.#reader = new FrameReader({
      from: "client",
      messageLimitBytes: bounds.messageBytes,
      fragmentLimit: bounds.fragments,
      onMessage: (message) => {
        if (this.#state === "open") this.#onMessage(message);
      },
      onControl: (opcode, payload) => {
        this.#control(opcode, payload);
      },
    });
    this.#askForLife();
  }

  /** Bytes that came over the stream. */
  receive(bytes: Uint8Array): void {
    this.#silentPings = 0;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error;
      this.#reader.stop();
      this.#sayGoodbye(error.code, error.told, error.message);
      this.#options.stream.end();
    }
  }

  /** The stream has closed. */
  finish(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#reader.stop();
    this.#pingTimer?.cancel();
    this.#closeTimer?.cancel();
    this.#onClose(this.#reason ?? "connection lost");
  }

  send(message: Uint8Array, onSent?: () => void): void {
    if (this.#state !== "open") return;
    this.#options.stream.write(
      [encodeFrameHeader(opcodes.binary, message.length), message],
      onSent,
    );
  }

  get queuedBytes(): number {
    return this.#options.stream.queuedBytes;
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#onMessage = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#onClose = handler;
  }

  close(reason: string): void {
    this.#sayGoodbye(closeCodes.normal, reason, reason);
  }

  /** Sends a close frame after what is queued; the other side's is waited for, but not for long. */
  #sayGoodbye(code: number, told: string, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#reason ??= reason;
    this.#sendControl(opcodes.close, encodeClose(code, told));
    const { system, stream } = this.#options;
    this.#closeTimer = system.after(bounds.closeMilliseconds, () => {
      stream.destroy();
    });
  }

  #control(opcode: number, payload: Uint8Array): void {
    const { stream } = this.#options;
    if (opcode === opcodes.close) this.#closedByPeer(payload);
    else if (opcode === opcodes.ping && stream.queuedBytes < pongQueueLimitBytes) {
      this.#sendControl(opcodes.pong, payload);
    }
  }

  #closedByPeer(payload: Uint8Array): void {
    const { code, reason } = decodeClose(payload);
    this.#reader.stop();
    if (this.#state === "open") {
      this.#state = "closing";
      this.#reason ??= reason === "" ? "closed by the other side" : reason;
      this.#sendControl(
        opcodes.close,
        code === closeCodes.noStatus ? payload : encodeClose(code, ""),
      );
    }
    this.#options.stream.end();
  }

  #sendControl(opcode: number, payload: Uint8Array): void {
    this.#options.stream.write([encodeFrameHeader(opcode, payload.length), payload]);
  }

  /** TCP notices a vanished peer only when it sends, and then after minutes: so we ask. */
  #askForLife(): void {
    const { system, stream, silenceMilliseconds } = this.#options;
    if (silenceMilliseconds === undefined) return;
    this.#pingTimer = system.after(silenceMilliseconds / 3, () => {
      if (this.#silentPings === 2) {
        this.#reason = "the other side has stopped answering";
        stream.destroy();
        return;
      }
      this.#silentPings++;
      if (this.#state === "open") this.#sendControl(opcodes.ping, new Uint8Array(0));
      this.#askForLife();
    });
  }
}
