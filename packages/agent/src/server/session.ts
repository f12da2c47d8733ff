import {
  AgentPeer,
  type AgentPeerOptions,
  type MessageChannel,
  type ParsedParams,
  type Result,
  type ResultInput,
} from "@sonde/protocol";
import { NotSupportedError, RequestError } from "../kernel/errors.js";
import { type StreamChannel } from "../resources/span-sender.js";
import { type System, type Timer } from "../system/system.js";
import { type AgentContext } from "./agent-context.js";
import { Detachment } from "./detachment.js";
import { createHandlers } from "./methods.js";
import { createSessionMethods, type OwnSession } from "./session-methods.js";
import { type SessionRegister } from "./session-register.js";
import { SessionState } from "./session-state.js";
import { toWireError } from "./wire-errors.js";

/** What of a peer's options is not the session's own. */
export type SessionOptions = Pick<
  AgentPeerOptions,
  "agent" | "leaseSeconds" | "planSteps" | "key" | "randomBytes" | "onReady" | "onWrongKey"
> & {
  /** The host may run programs here: it comes from someone who could do so anyway. */
  readonly allowsPrograms: boolean;
};

/**
 * What was made for one host, and who asks for it. A session that owns something outlives its link by the lease, and a
 * detached one its host; when it ends, nothing of it is left.
 */
export class Session implements OwnSession {
  readonly ended: Promise<void>;
  readonly peer: AgentPeer;
  readonly #system: System;
  readonly #state: SessionState;
  readonly #sessions: SessionRegister;
  #detachment: Detachment | undefined;
  /** While it waits for its host. */
  #lease: Timer | undefined;

  /** `sessions` are all of the agent's. */
  constructor(
    agent: AgentContext,
    channel: MessageChannel,
    options: SessionOptions,
    sessions: SessionRegister,
  ) {
    this.#system = agent.target.kernel.system;
    this.#sessions = sessions;
    this.#state = new SessionState(agent, this.#createStreamChannel(), options.allowsPrograms);
    const state = this.#state;
    const peerOptions: AgentPeerOptions = {
      ...options,
      handlers: { ...createHandlers(state), ...createSessionMethods(this, sessions) },
      toWireError: (error) => toWireError(agent.target, error),
      onAcknowledge: (stream, channelIndex, position) => {
        state.acknowledge(stream, channelIndex, position);
      },
      onLinkLost: (reason) => this.#keep(reason),
      onResume: (streams) => state.requireProgress(streams),
      onResumed: (streams) => {
        this.#stopLease();
        state.resume(streams);
      },
      onAttach: () => this.#attach(),
      onAttached: () => {
        state.resume([]);
      },
    };
    this.peer = new AgentPeer(channel, peerOptions, sessions);
    this.ended = this.peer.closed.then(() => {
      this.#stopLease();
      return this.clear();
    });
  }

  /** Ends the session, and closes its link. */
  close(reason: string): void {
    this.peer.close(reason);
  }

  async clear(): Promise<void> {
    this.#detachment?.end();
    this.#detachment = undefined;
    await this.#state.reset();
  }

  get label(): string | undefined {
    return this.#detachment?.label;
  }

  get isWaiting(): boolean {
    return this.#lease !== undefined;
  }

  get ownsSomething(): boolean {
    return this.#state.ownsSomething;
  }

  get isAttached(): boolean {
    return this.peer.isReady && this.#detachment?.isLeft !== true;
  }

  describe(): Result<"session.list">["sessions"][number] | undefined {
    const detachment = this.#detachment;
    if (detachment === undefined) return undefined;
    const { handles } = this.#state;
    return {
      name: detachment.label,
      ageMilliseconds: detachment.ageMilliseconds,
      isAttached: this.isAttached,
      isOver: detachment.isOver,
      keeps: detachment.keeps,
      maps: handles.count("map"),
      programs: handles.count("program"),
      attachments: handles.count("attachment"),
      streams: handles.count("stream"),
      ...this.#state.counts(),
    };
  }

  detach(params: ParsedParams<"session.detach">): void {
    if (this.peer.leaseSeconds === 0) {
      throw new NotSupportedError("session.detach: over this link a session ends with it");
    }
    if (this.#detachment !== undefined) {
      throw new RequestError(
        `session.detach: it is detached already, as ${this.#detachment.label}`,
      );
    }
    this.#sessions.requireRoom(params.name);
    this.#state.requireCanKeep(params.keeps);
    this.#detachment = new Detachment(this.#system, params, () => {
      this.#system.log(
        `the detached session ${params.name} records nothing more: its time is over`,
      );
      void this.#state.scope.disable();
    });
    this.#system.log(`a session is detached: ${params.name}`);
  }

  leave(note: Uint8Array | undefined): void {
    if (this.#detachment === undefined) {
      throw new RequestError("session.leave: the session is not detached");
    }
    this.#detachment.isLeft = true;
    if (note !== undefined) this.#detachment.note = note;
  }

  /** A host comes, after the last one or in its place. */
  #attach(): ResultInput<"session.attach"> {
    const detachment = this.#detachment;
    if (detachment === undefined) throw new RequestError("session.attach: it is not detached");
    this.#stopLease();
    detachment.isLeft = false;
    this.#state.goOnAlone("oldest");
    const { note, keeps, ageMilliseconds, isOver } = detachment;
    return { note, keeps, ageMilliseconds, isOver, streams: this.#state.positions() };
  }

  /** Whether the session goes on without its link. */
  #keep(reason: string): boolean {
    const { leaseSeconds } = this.peer;
    if (this.#detachment !== undefined && (this.#detachment.isLeft || leaseSeconds === 0)) {
      this.#goOnAlone(this.#detachment);
      return true;
    }
    const isWorthKeeping =
      this.#detachment !== undefined || this.#state.ownsSomething || this.peer.isBusy;
    if (leaseSeconds === 0 || !isWorthKeeping) return false;
    this.#system.log(`a host's link is lost (${reason}): its session waits for ${leaseSeconds} s`);
    this.#lease = this.#system.after(leaseSeconds * 1000, () => {
      this.#endLease();
    });
    this.#sessions.boundWaiting();
    return true;
  }

  #stopLease(): void {
    this.#lease?.cancel();
    this.#lease = undefined;
  }

  #endLease(): void {
    this.#lease = undefined;
    if (this.#detachment === undefined) {
      this.#system.log("the host has not come back: its session is over");
      this.close("the host has not come back within the lease");
    } else {
      this.#system.log(`the host has not come back: ${this.#detachment.label} goes on alone`);
      this.#goOnAlone(this.#detachment);
    }
  }

  #goOnAlone({ keeps }: Detachment): void {
    this.peer.forgetHost();
    this.#state.goOnAlone(keeps);
  }

  /** Streams know nothing of links: while there is none they wait. */
  #createStreamChannel(): StreamChannel {
    const current = (): AgentPeer["connection"] => this.peer.connection;
    return {
      get isOpen() {
        return current() !== undefined;
      },
      get queuedBytes() {
        return current()?.channel.queuedBytes ?? 0;
      },
      get bytesPerSecond() {
        return current()?.channel.bytesPerSecond;
      },
      get macSizeBytes() {
        return current()?.streamMacSizeBytes;
      },
      send: (message, onSent) => {
        current()?.sendStream(message, onSent);
      },
    };
  }
}
