import { type MessageChannel } from "./channel.js";

/** Two ends of a link within one process: messages are copied and arrive in order, in later microtasks. */
export function createChannelPair(): [MessageChannel, MessageChannel] {
  const left = new InProcessChannel();
  const right = new InProcessChannel();
  left.connect(right);
  right.connect(left);
  return [left, right];
}

class InProcessChannel implements MessageChannel {
  #peer: InProcessChannel | undefined;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;
  #queuedBytes = 0;
  #isClosed = false;
  #deliveries = Promise.resolve();

  connect(peer: InProcessChannel): void {
    this.#peer = peer;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(message: Uint8Array, onSent?: () => void): void {
    if (this.#isClosed) return;
    const copy = Uint8Array.from(message);
    this.#queuedBytes += copy.length;
    this.#later(() => {
      this.#queuedBytes -= copy.length;
      onSent?.();
      this.#peer?.receive(copy);
    });
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#onMessage = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#onClose = handler;
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#later(() => {
      this.#onClose(reason);
      this.#peer?.closedByPeer(reason);
    });
  }

  receive(message: Uint8Array): void {
    if (!this.#isClosed) this.#onMessage(message);
  }

  closedByPeer(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose(reason);
  }

  #later(deliver: () => void): void {
    this.#deliveries = this.#deliveries.then(deliver);
  }
}
