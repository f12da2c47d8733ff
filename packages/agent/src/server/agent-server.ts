import { type MessageChannel } from "@sonde/protocol";
import { type System } from "../system/system.js";

/** How an agent is set up: what its command line says. */
export interface AgentOptions {
  /** With it, nothing is answered before the peer has proven that it has it too. */
  readonly key?: Uint8Array;
  /** How long a session is kept without a word from its host. */
  readonly leaseSeconds: number;
  /** "sonde-agent 0.1.0", told in hello. */
  readonly agentName: string;
  /** Whether hosts may run commands here. */
  readonly allowExec: boolean;
}

/** What kind of link a host comes over. */
export interface LinkOptions {
  /** stdio and unix sockets: end of file means that the host is dead. */
  readonly closesWithLink: boolean;
  /** Called once, when the host may send requests; the listener then lifts its bounds for strangers. */
  readonly onReady?: () => void;
  /** A wrong key: the host hears of it once the promise has resolved, which slows guessing down. */
  readonly onWrongKey?: () => Promise<void>;
}

/** Serves every host that the listeners accept: one session for each link. */
export class AgentServer {
  readonly #channels = new Set<MessageChannel>();

  constructor(_system: System, _options: AgentOptions) {}

  /** How many sessions still own something, or could. */
  get sessionCount(): number {
    return this.#channels.size;
  }

  /** Begins a session with the host at the other end. */
  accept(channel: MessageChannel, _options: LinkOptions): void {
    this.#channels.add(channel);
    channel.onClose(() => {
      this.#channels.delete(channel);
    });
  }

  /** Ends every session; resolves when nothing of them is left in the kernel. */
  async close(): Promise<void> {
    for (const channel of this.#channels) channel.close("the agent is ending");
    await Promise.resolve();
  }
}
