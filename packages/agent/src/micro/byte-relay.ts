import { type DescriptorStream } from "../listeners/micro/descriptor-stream.js";

/** What a host sends before it hears anything is one HTTP request. */
const keptBytesLimit = 65_536;
/** Of bytes that one side has not taken yet; with more, the other is not read. */
const queueLimitBytes = 262_144;

/** Carries bytes between a host and one agent after the other. */
export class ByteRelay {
  readonly #host: DescriptorStream;
  /** What the host has said, until an agent answers: the next one is told it, too. */
  #kept: Uint8Array[] | undefined = [];
  #agent: DescriptorStream | undefined;
  #isHostGone = false;

  constructor(host: DescriptorStream) {
    this.#host = host;
    host.onBytes((bytes) => {
      const copy = bytes.slice();
      this.#keep(copy);
      if (this.#agent !== undefined) pass(host, this.#agent, copy);
    });
    host.onClose(() => {
      this.#isHostGone = true;
      this.#agent?.destroy();
    });
  }

  get isHostGone(): boolean {
    return this.#isHostGone;
  }

  /** Until a side is gone. False when the agent went without a word. */
  carry(agent: DescriptorStream): Promise<boolean> {
    this.#agent = agent;
    agent.onBytes((bytes) => {
      this.#kept = undefined;
      pass(agent, this.#host, bytes.slice());
    });
    const done = new Promise<boolean>((resolve) => {
      agent.onClose(() => {
        this.#agent = undefined;
        if (this.#isHostGone) resolve(true);
        else if (this.#kept === undefined) this.#flush(resolve);
        else resolve(false);
      });
    });
    if (this.#kept !== undefined && this.#kept.length > 0) agent.write(this.#kept);
    return done;
  }

  #keep(bytes: Uint8Array): void {
    this.#kept?.push(bytes);
    const size = this.#kept?.reduce((sum, { length }) => sum + length, 0) ?? 0;
    if (size > keptBytesLimit) this.#kept = undefined;
  }

  /** What the agent has said last is still to be sent. */
  #flush(resolve: (isDone: boolean) => void): void {
    this.#host.onClose(() => {
      resolve(true);
    });
    this.#host.write([new Uint8Array(0)], () => {
      resolve(true);
    });
  }
}

function pass(from: DescriptorStream, to: DescriptorStream, bytes: Uint8Array): void {
  to.write([bytes], () => {
    if (to.queuedBytes < queueLimitBytes) from.resume();
  });
  if (to.queuedBytes >= queueLimitBytes) from.pause();
}
