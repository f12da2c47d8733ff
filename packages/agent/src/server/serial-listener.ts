import { type LineChannel, LinkEndpoint } from "@sonde/protocol";
import { RefusalError } from "../kernel/errors.js";
import { Kernel } from "../kernel/kernel.js";
import { readRandomBytes } from "../kernel/random-bytes.js";
import { type System, type Timer } from "../system/system.js";
import { type AgentServer } from "./agent-server.js";
import { SerialLine } from "./serial-line.js";
import { SerialPortError } from "./serial-port-error.js";

/** A port that has gone (a USB adapter that was unplugged) is looked for so often. */
const reopenMilliseconds = 1000;
/** A host that has a connection has so long to authenticate, or it makes room for others. */
const handshakeMilliseconds = 20_000;
/** Whoever reaches the line can send: what a stranger's messages take is kept small, as the handshake's are. */
const strangerLimitBytes = 4096;
/** A line that is silent for longer has lost its host; the session then waits for the lease. */
const longestSilenceMilliseconds = 10_000;
/** A plan with a few of the largest programs fits. */
const messageLimitBytes = 33_554_432;

export interface SerialListenerOptions {
  readonly system: System;
  readonly server: AgentServer;
  readonly device: string;
  readonly baud: number;
  /** How long a session is kept when its host has gone. */
  readonly leaseSeconds: number;
  readonly onWrongKey: () => Promise<void>;
}

/** Serves hosts at the other end of a serial line, one after the other, whatever becomes of the port meanwhile. */
export class SerialListener {
  readonly address: string;
  readonly #options: SerialListenerOptions;
  readonly #kernel: Kernel;
  #endpoint: LinkEndpoint | undefined;
  #reopening: Timer | undefined;
  #isClosed = false;

  /** Throws SerialPortError when the port cannot be opened now. */
  constructor(options: SerialListenerOptions) {
    this.#options = options;
    this.#kernel = new Kernel(options.system);
    this.address = `serial:${options.device}?baud=${options.baud}`;
    try {
      this.#open();
    } catch (cause) {
      if (cause instanceof RefusalError) throw new SerialPortError(cause.message, { cause });
      throw cause;
    }
  }

  /** No new connections; an open one stays. */
  close(): void {
    this.#isClosed = true;
    this.#reopening?.cancel();
  }

  #open(): void {
    const { system, device, baud, leaseSeconds } = this.#options;
    const line = new SerialLine({
      kernel: this.#kernel,
      path: device,
      baud,
      onBytes: (bytes) => {
        endpoint.receive(bytes);
      },
      onLost: (reason) => {
        this.#lost(endpoint, reason);
      },
    });
    const endpoint = new LinkEndpoint({
      role: "agent",
      baud,
      line,
      clock: system,
      randomU32: () => this.#kernel.view(readRandomBytes(this.#kernel, 4)).getUint32(0),
      silenceMilliseconds: Math.min(leaseSeconds * 1000, longestSilenceMilliseconds),
      messageLimitBytes: strangerLimitBytes,
      onChannel: (channel) => {
        this.#accept(channel);
      },
    });
    this.#endpoint = endpoint;
    for (const advice of line.advice()) system.log(advice);
    endpoint.start();
  }

  #accept(channel: LineChannel): void {
    const { server, system, onWrongKey, leaseSeconds } = this.#options;
    if (this.#isClosed) {
      channel.close("the agent is ending");
      return;
    }
    const timer = system.after(handshakeMilliseconds, () => {
      channel.close("the host did not authenticate in time");
    });
    const onReady = (): void => {
      timer.cancel();
      channel.limitMessages(messageLimitBytes);
    };
    server.accept(channel, { onReady, onWrongKey, leaseSeconds });
  }

  #lost(endpoint: LinkEndpoint, reason: string): void {
    if (endpoint !== this.#endpoint) return;
    this.#endpoint = undefined;
    this.#options.system.log(`${reason}: waiting for it to come back`);
    endpoint.lineLost(reason);
    this.#reopenLater();
  }

  #reopenLater(): void {
    if (this.#isClosed) return;
    this.#reopening = this.#options.system.after(reopenMilliseconds, () => {
      try {
        this.#open();
        this.#options.system.log(`${this.#options.device} is back`);
      } catch (error) {
        if (!(error instanceof RefusalError)) throw error;
        this.#reopenLater();
      }
    });
  }
}
