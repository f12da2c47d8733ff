import { type MessageChannel } from "@sonde/protocol";
import { type LackName } from "../features/kernel-without.js";
import { ForbiddenError } from "../kernel/errors.js";
import { readRandomBytes } from "../kernel/random-bytes.js";
import { type System } from "../system/system.js";
import { type AgentContext, createAgentContext } from "./agent-context.js";
import { planStepKinds } from "./plan-step-kinds.js";
import { SessionRegister } from "./session-register.js";
import { Session, type SessionOptions } from "./session.js";

export { isLackName, lackNames, type LackName } from "../features/kernel-without.js";

/** For an answer to get out before the agent ends. */
const stopMilliseconds = 20;

/** How an agent is set up: what its command line says. */
export interface AgentOptions {
  /** With it, nothing is answered before the peer has proven that it has it too. */
  readonly key?: Uint8Array;
  /** "sonde-agent 0.1.0", told in hello. */
  readonly agentName: string;
  /** What it may take of a processor for draining events; the kernel drops and counts what that is too little for. */
  readonly processorShare?: number;
  /** What it does without although the kernel may have it; told in hello. */
  readonly without?: readonly LackName[];
  /** Called when a host asks that the agent end; without it no host may. */
  readonly onStop?: () => void;
  /** Every host may run programs on this machine. */
  readonly allowsPrograms?: boolean;
}

/** What a listener wants to hear of a host, and how it treats one. */
export interface LinkOptions {
  /** How long a session of this link is kept when the link has broken; 0, or left out: it ends with the link. */
  readonly leaseSeconds?: number;
  /** This host may run programs: whoever it is could do so anyway. */
  readonly allowsPrograms?: boolean;
  /** Called once, when the host may send requests; the listener then lifts its bounds for strangers. */
  readonly onReady?: () => void;
  /** A wrong key: the host hears of it once the promise has resolved, which slows guessing down. */
  readonly onWrongKey?: () => Promise<void>;
}

/** Serves every host that the listeners accept: a session begins with each link, and may go on over another. */
export class AgentServer {
  readonly #agent: AgentContext;
  readonly #options: AgentOptions;
  readonly #sessions = new SessionRegister();

  constructor(system: System, options: AgentOptions) {
    this.#agent = createAgentContext(
      system,
      options.without ?? [],
      options.processorShare,
      (force) => {
        this.#stop(force);
      },
    );
    this.#options = options;
  }

  /** How many sessions still own something, or could. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Begins a session with the host at the other end. Sets the channel's handlers. */
  accept(channel: MessageChannel, link: LinkOptions = {}): void {
    const { agentName, key, allowsPrograms, without = [] } = this.#options;
    const options: SessionOptions = {
      agent: [agentName, ...without.map((name) => `-${name}`)].join(" "),
      leaseSeconds: link.leaseSeconds ?? 0,
      planSteps: planStepKinds,
      allowsPrograms: allowsPrograms === true || link.allowsPrograms === true,
      randomBytes: (length) => readRandomBytes(this.#agent.target.kernel, length),
      ...(key === undefined ? {} : { key }),
      onReady: () => {
        this.#sweep();
        link.onReady?.();
      },
      ...(link.onWrongKey === undefined ? {} : { onWrongKey: link.onWrongKey }),
    };
    this.#sessions.add(new Session(this.#agent, channel, options, this.#sessions));
  }

  /** Ends every session; resolves when nothing of them is left in the kernel. */
  async close(): Promise<void> {
    await this.#sessions.close("the agent is ending");
  }

  /** Throws ForbiddenError when no host may, and while others have sessions. */
  #stop(force: boolean): void {
    const { onStop } = this.#options;
    if (onStop === undefined) {
      throw new ForbiddenError("stop the agent: it was not started for hosts to stop it", {
        hint: "end it on the board itself; with --relay or --idle it may be stopped by hosts",
      });
    }
    const others = this.#sessions.size - 1;
    if (others > 0 && !force) {
      throw new ForbiddenError(`stop the agent: it has ${others} other sessions`, {
        hint: "their traces would end; --force stops it all the same",
      });
    }
    // Once the answer has gone.
    this.#agent.target.kernel.system.after(stopMilliseconds, onStop);
  }

  /** Probes made in tracefs outlive an agent that was killed, and another one may serve here already. */
  #sweep(): void {
    const { probeEvents } = this.#agent;
    probeEvents.sweep("kprobe");
    probeEvents.sweep("uprobe");
  }
}
