import { AgentPeer, type AgentPeerOptions, type MessageChannel } from "@sonde/protocol";
import { type AgentContext } from "./agent-context.js";
import { createHandlers } from "./methods.js";
import { SessionState } from "./session-state.js";
import { toWireError } from "./wire-errors.js";

/** What of a peer's options is not the session's own. */
export type SessionOptions = Omit<AgentPeerOptions, "handlers" | "onAcknowledge" | "toWireError">;

/** One host's connection, and everything that was made for it. When the link closes nothing of it is left. */
export class Session {
  /** Resolves when the link is closed and nothing is left in the kernel. */
  readonly ended: Promise<void>;
  readonly #peer: AgentPeer;

  constructor(agent: AgentContext, channel: MessageChannel, options: SessionOptions) {
    const state = new SessionState(agent, channel);
    this.#peer = new AgentPeer(channel, {
      ...options,
      handlers: createHandlers(state),
      toWireError: (error) => toWireError(agent.target, error),
      onAcknowledge: (stream, channelIndex, position) => {
        state.acknowledge(stream, channelIndex, position);
      },
    });
    this.ended = this.#peer.closed.then(() => state.reset());
  }

  /** Closes the link, and with it the session. */
  close(reason: string): void {
    this.#peer.close(reason);
  }
}
