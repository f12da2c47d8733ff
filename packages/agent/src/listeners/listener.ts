import { type MessageChannel } from "@sonde/protocol";
import { type AuthenticationThrottle } from "./authentication-throttle.js";

/** An open way in. */
export interface Listener {
  /** As a host's `--target` would name it. */
  readonly address: string;
  /** No new connections; open channels stay. Removes the socket file. */
  close(): void;
}

/** What the listener wants to hear of the host that it has handed over. */
export interface Handshake {
  /** To be called when the host has been let in: the bounds for strangers are lifted. */
  readonly onReady: () => void;
  /** To be called when the host has a wrong key, which it may be told once the promise has resolved. */
  readonly onWrongKey: () => Promise<void>;
}

/** Takes over a channel; sets its handlers before it returns. */
export type AcceptChannel = (channel: MessageChannel, handshake: Handshake) => void;

/** What every listener needs to know. */
export interface ListenerOptions {
  readonly accept: AcceptChannel;
  readonly throttle: AuthenticationThrottle;
  /** Set: ask for a sign of life, and give a link up after about so long without one. */
  readonly silenceMilliseconds?: number;
}

export interface TcpAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Without a key, and without certificates of hosts, only this machine's own processes may connect. */
  readonly hasKey: boolean;
}
