import { ControlCodec } from "../src/codec.js";
import { type ControlMessage } from "../src/control.js";
import { type MessageChannel } from "../src/index.js";

/** One end of a link in the hands of a test: sends any bytes, keeps what comes. */
export class RawLink {
  readonly received: unknown[] = [];
  closeReason: string | undefined;
  readonly codec = new ControlCodec();
  readonly #channel: MessageChannel;

  constructor(channel: MessageChannel) {
    this.#channel = channel;
    channel.onMessage((message) => {
      const { envelope } = this.codec.decode(message, { sizeBytes: 1_000_000, items: 10_000 });
      this.received.push(envelope);
    });
    channel.onClose((reason) => {
      this.closeReason = reason;
    });
  }

  send(message: ControlMessage): void {
    this.#channel.send(this.codec.encode(message));
  }

  /** An envelope that need not be one. */
  sendAnything(envelope: unknown): void {
    // What the codec refuses to send by its type is what these tests are about.
    this.send(envelope as ControlMessage);
  }

  sendBytes(message: Uint8Array): void {
    this.#channel.send(message);
  }

  request(id: number, method: string, params: unknown): void {
    this.send({ kind: "request", id, method, params });
  }
}

/** Long enough for everything that was queued to be delivered and answered. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
