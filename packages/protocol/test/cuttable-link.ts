import { type MessageChannel } from "../src/index.js";

/** One end of a link within a process that can be cut: what is queued then never arrives. */
class CuttableEnd implements MessageChannel {
  other: CuttableEnd | undefined;
  readonly #queue: { readonly message: Uint8Array; readonly onSent: (() => void) | undefined }[] =
    [];
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;
  #isClosed = false;

  get queuedBytes(): number {
    return this.#queue.reduce((sum, { message }) => sum + message.length, 0);
  }

  send(message: Uint8Array, onSent?: () => void): void {
    if (!this.#isClosed) this.#queue.push({ message: new Uint8Array(message), onSent });
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#onMessage = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#onClose = handler;
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    while (this.deliver());
    this.break(reason);
    this.other?.break(reason);
  }

  /** Lets the oldest message arrive; whether there was one. */
  deliver(): boolean {
    const next = this.#queue.shift();
    if (next === undefined) return false;
    next.onSent?.();
    this.other?.receive(next.message);
    return true;
  }

  receive(message: Uint8Array): void {
    if (!this.#isClosed) this.#onMessage(message);
  }

  break(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#onClose(reason);
  }
}

/** A link whose messages arrive when a test lets them. */
export class CuttableLink {
  readonly host = new CuttableEnd();
  readonly agent = new CuttableEnd();

  constructor() {
    this.host.other = this.agent;
    this.agent.other = this.host;
  }

  /** Lets everything arrive, and what is answered to it, until nothing more comes. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      await Promise.resolve();
      if (this.host.deliver() || this.agent.deliver()) quiet = 0;
    }
  }

  cut(): void {
    this.host.break("cut");
    this.agent.break("cut");
  }
}
