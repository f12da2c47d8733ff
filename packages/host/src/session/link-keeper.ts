import { ConnectionClosedError, HandshakeError, RemoteError, type HostPeer } from "@sonde/protocol";
import { ConnectError, TargetError } from "./errors.js";
import { type OpenLink } from "./open-link.js";
import { openPeer, type ConnectOptions, type OpenPeer } from "./open-peer.js";
import { type TargetAddress } from "./target-url.js";

/** What becomes of the link of a session that can go on over another. */
export type LinkEvent =
  /** From now on the session waits, for at most so long. */
  | { readonly kind: "lost"; readonly reason: string; readonly leaseSeconds: number }
  /** It goes on. `lost`: the records that did not fit in the target's buffers meanwhile. */
  | { readonly kind: "resumed"; readonly seconds: number; readonly lost: bigint }
  /** It is over. */
  | { readonly kind: "gone"; readonly reason: string };

const shortestPauseMilliseconds = 200;
const longestPauseMilliseconds = 2000;
/** A link that does not open in a third of the lease is tried anew. */
const shortestTryMilliseconds = 1000;
const longestTryMilliseconds = 15_000;
/** An agent that gives up each new link before it says a word would be tried for ever. */
const fruitlessLimit = 20;

/** Keeps a session going when its link breaks: opens another, until the agent's lease has run out. */
export class LinkKeeper {
  readonly #target: string;
  readonly #address: TargetAddress;
  readonly #options: ConnectOptions;
  readonly #onEvent: (event: LinkEvent) => void;
  readonly #peer: HostPeer;
  readonly #session: Uint8Array;
  readonly #leaseSeconds: number;
  #link: OpenLink;
  #isEnding = false;
  /** What had come in all when the session last went on. */
  #cameBefore = -1;
  #fruitless = 0;
  #wake: () => void = () => undefined;

  constructor(
    target: string,
    address: TargetAddress,
    options: ConnectOptions,
    { link, peer, hello }: OpenPeer,
    onEvent: (event: LinkEvent) => void,
  ) {
    this.#target = target;
    this.#address = address;
    this.#options = options;
    this.#onEvent = onEvent;
    this.#peer = peer;
    this.#session = hello.session;
    this.#leaseSeconds = hello.leaseSeconds;
    this.#link = link;
    if (hello.leaseSeconds === 0) return;
    peer.onLinkLost((reason) => {
      void this.#reconnect(reason);
    });
  }

  get isThisMachine(): boolean {
    return this.#address.kind === "local";
  }

  /** What the present link carries, where that is known. */
  get bytesPerSecond(): number | undefined {
    return this.#link.channel.bytesPerSecond;
  }

  /** Whether the session waits for a link. */
  get isLost(): boolean {
    return !this.#peer.isConnected;
  }

  /** Gives up what was lost, at once: the agent ends the session when the lease has run out. */
  giveUp(reason: string): void {
    this.#isEnding = true;
    this.#wake();
    this.#fail(reason);
  }

  /** Ends the link, once the session is over. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    await this.#link.end();
  }

  async #reconnect(reason: string): Promise<void> {
    if (this.#isEnding) {
      this.#fail(reason);
      return;
    }
    const lostAt = performance.now();
    this.#fruitless = this.#peer.messagesReceived === this.#cameBefore ? this.#fruitless + 1 : 0;
    if (this.#fruitless > fruitlessLimit) {
      this.#fail(`its links break as soon as they are open (${reason})`);
      return;
    }
    const endsAt = lostAt + this.#leaseSeconds * 1000;
    this.#onEvent({ kind: "lost", reason, leaseSeconds: this.#leaseSeconds });
    await this.#link.end();
    for (let pause = shortestPauseMilliseconds; this.#isWanted(); pause = nextPause(pause)) {
      const fault = await this.#tryToResume(lostAt);
      if (fault === undefined) break;
      const isLate = performance.now() + pause > endsAt;
      if (isFinal(fault, this.#options)) this.#fail(explain(fault));
      else if (isLate) this.#fail(`it could not be reached again (${fault.message})`);
      else await this.#pause(pause);
    }
  }

  /** Whether someone still waits for the session. */
  #isWanted(): boolean {
    return !this.#isEnding;
  }

  /** Gives what went wrong; undefined when the session goes on, or nobody waits for it any more. */
  async #tryToResume(lostAt: number): Promise<Error | undefined> {
    try {
      const lost = await this.#resume();
      const seconds = (performance.now() - lostAt) / 1000;
      if (this.#isWanted()) this.#onEvent({ kind: "resumed", seconds, lost });
      else await this.#link.end();
      return undefined;
    } catch (error) {
      if (!isLinkFault(error)) throw error;
      return error;
    }
  }

  /** Gives the number of records that were lost meanwhile. */
  async #resume(): Promise<bigint> {
    const timeoutMilliseconds = Math.min(
      Math.max((this.#leaseSeconds * 1000) / 3, shortestTryMilliseconds),
      this.#options.timeoutMilliseconds ?? longestTryMilliseconds,
    );
    const options = { ...this.#options, timeoutMilliseconds };
    return await openPeer(this.#target, this.#address, options, async ({ link, peer }) => {
      const lost = await this.#peer.resume(this.#session, peer);
      this.#link = link;
      this.#cameBefore = this.#peer.messagesReceived;
      return lost;
    });
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #fail(reason: string): void {
    this.#isEnding = true;
    this.#onEvent({ kind: "gone", reason });
    this.#peer.close(`the session is gone: ${reason}`);
  }
}

function nextPause(pause: number): number {
  return Math.min(pause * 2, longestPauseMilliseconds);
}

/** What can come of trying a target; anything else is a fault of ours. */
function isLinkFault(error: unknown): error is Error {
  return (
    error instanceof ConnectError ||
    error instanceof TargetError ||
    error instanceof ConnectionClosedError ||
    error instanceof RemoteError
  );
}

/**
 * Whether trying again is of no use: an agent answers, and it does not have the session. With a key, who refuses us within the
 * handshake need not be the agent: anyone in between can say that.
 */
function isFinal(error: Error, { key }: ConnectOptions): boolean {
  if (error instanceof HandshakeError) return key === undefined;
  if (error instanceof TargetError) return true;
  return error instanceof RemoteError && (error.code === "missing" || error.code === "unsupported");
}

function explain(error: Error): string {
  const isUnknown = error instanceof RemoteError && error.code === "missing";
  return isUnknown
    ? "the agent does not have it any more: it was restarted, or the lease had run out"
    : error.message;
}
