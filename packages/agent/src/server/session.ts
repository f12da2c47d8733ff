import {
  AgentPeer,
  type AgentPeerOptions,
  type Handle,
  type MessageChannel,
  streamHeaderSizeBytes,
} from "@sonde/protocol";
import { BufferPool } from "../resources/buffer-pool.js";
import { spanLimitBytes } from "../resources/span-sender.js";
import { Scope } from "../resources/scope.js";
import { type AgentContext } from "./agent-context.js";
import { HandleTable } from "./handle-table.js";
import { createHandlers } from "./methods.js";
import { type PlanContext } from "./plan-runner.js";
import { toWireError } from "./wire-errors.js";

/** What of a peer's options is not the session's own. */
export type SessionOptions = Omit<AgentPeerOptions, "handlers" | "onAcknowledge" | "toWireError">;

/** One host's connection, and everything that was made for it. When the link closes nothing of it is left. */
export class Session {
  readonly agent: AgentContext;
  readonly handles = new HandleTable();
  /** Resolves when the link is closed and nothing is left in the kernel. */
  readonly ended: Promise<void>;
  readonly #peer: AgentPeer;
  readonly #channel: MessageChannel;
  readonly #pool = new BufferPool(streamHeaderSizeBytes + spanLimitBytes);
  #scope: Scope;

  constructor(agent: AgentContext, channel: MessageChannel, options: SessionOptions) {
    this.agent = agent;
    this.#channel = channel;
    this.#scope = this.#createScope();
    this.#peer = new AgentPeer(channel, {
      ...options,
      handlers: createHandlers(this),
      toWireError: (error) => toWireError(agent.target, error),
      onAcknowledge: (stream, channelIndex, position) => {
        this.#acknowledge(stream, channelIndex, position);
      },
    });
    this.ended = this.#peer.closed.then(() => this.reset());
  }

  get scope(): Scope {
    return this.#scope;
  }

  get planContext(): PlanContext {
    return {
      ...this.agent,
      scope: this.#scope,
      handles: this.handles,
      outlet: { channel: this.#channel, pool: this.#pool },
    };
  }

  /** Closes everything that was made; the session can make new things. Resolves when nothing is left. */
  async reset(): Promise<void> {
    const old = this.#scope;
    this.#scope = this.#createScope();
    this.handles.clear();
    await old.close();
  }

  /** Closes the link, and with it the session. */
  close(reason: string): void {
    this.#peer.close(reason);
  }

  #createScope(): Scope {
    return new Scope(this.agent.target.kernel.system);
  }

  #acknowledge(name: Handle, channel: number, position: bigint): void {
    const object = this.handles.get(name);
    // A stream that was closed while the acknowledgement was on its way.
    if (object?.kind !== "stream") return;
    object.stream.acknowledge(channel, position);
  }
}
