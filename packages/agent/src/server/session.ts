import { AgentPeer, type AgentPeerOptions, type MessageChannel } from "@sonde/protocol";
import { type StreamChannel } from "../resources/span-sender.js";
import { type Timer } from "../system/system.js";
import { type AgentContext } from "./agent-context.js";
import { createHandlers } from "./methods.js";
import { SessionState } from "./session-state.js";
import { toWireError } from "./wire-errors.js";

/** What of a peer's options is not the session's own. */
export type SessionOptions = Omit<
  AgentPeerOptions,
  "handlers" | "onAcknowledge" | "toWireError" | "onLinkLost" | "onResume" | "onResumed"
>;

/**
 * What was made for one host, and who asks for it. A session that owns something outlives its link by the lease; when it
 * ends, nothing of it is left.
 */
export class Session {
  /** Resolves when the session is over and nothing is left in the kernel. */
  readonly ended: Promise<void>;
  readonly peer: AgentPeer;
  readonly #agent: AgentContext;
  readonly #state: SessionState;
  readonly #leaseSeconds: number;
  #lease: Timer | undefined;

  /** `findSession` gives the session of a name, where the host wants to go on with one. */
  constructor(
    agent: AgentContext,
    channel: MessageChannel,
    options: SessionOptions,
    findSession: (name: Uint8Array) => AgentPeer | undefined,
  ) {
    this.#agent = agent;
    this.#leaseSeconds = options.leaseSeconds;
    this.#state = new SessionState(agent, this.#createStreamChannel());
    const state = this.#state;
    const peerOptions: AgentPeerOptions = {
      ...options,
      handlers: createHandlers(state),
      toWireError: (error) => toWireError(agent.target, error),
      onAcknowledge: (stream, channelIndex, position) => {
        state.acknowledge(stream, channelIndex, position);
      },
      onLinkLost: (reason) => this.#keep(reason),
      onResume: (streams) => state.requireProgress(streams),
      onResumed: (streams) => {
        this.#lease?.cancel();
        state.resume(streams);
      },
    };
    this.peer = new AgentPeer(channel, peerOptions, findSession);
    this.ended = this.peer.closed.then(() => {
      this.#lease?.cancel();
      return state.reset();
    });
  }

  /** Ends the session, and closes its link. */
  close(reason: string): void {
    this.peer.close(reason);
  }

  /** Whether the session waits for its host to come back. */
  #keep(reason: string): boolean {
    const { system } = this.#agent.target.kernel;
    const isWorthKeeping = this.#state.ownsSomething || this.peer.isBusy;
    if (this.#leaseSeconds === 0 || !isWorthKeeping) return false;
    system.log(`a host's link is lost (${reason}): its session waits for ${this.#leaseSeconds} s`);
    this.#lease = system.after(this.#leaseSeconds * 1000, () => {
      system.log("the host has not come back: its session is over");
      this.close("the host has not come back within the lease");
    });
    return true;
  }

  /** Streams know nothing of links: while there is none they wait. */
  #createStreamChannel(): StreamChannel {
    const current = (): MessageChannel | undefined => this.peer.channel;
    return {
      get isOpen() {
        return current() !== undefined;
      },
      get queuedBytes() {
        return current()?.queuedBytes ?? 0;
      },
      get bytesPerSecond() {
        return current()?.bytesPerSecond;
      },
      send: (message, onSent) => {
        current()?.send(message, onSent);
      },
    };
  }
}
