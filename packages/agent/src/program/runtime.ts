import { type Listener, type ListenerOptions, type TcpAddress } from "../listeners/listener.js";
import { type System } from "../system/system.js";
import { type ConnectCommand, type TlsFiles } from "./command-line.js";

/** What the program asks of what it runs on: Node, or the micro agent's engine. */
export interface Runtime {
  /** Throws UnsupportedPlatformError. */
  createSystem(): System;
  workingFolder(): string;
  /** Whether standard input is a terminal. */
  readonly hasTerminal: boolean;
  randomBytes(length: number): Uint8Array;
  /** Writes at once: the process may end right after. */
  print(stream: "output" | "errors", text: string): void;
  /** Calls back, from now on, when a signal asks for the end; Ctrl-C is left to the host where that is said. */
  onEndSignal(options: { readonly ignoresInterrupt: boolean }, callback: () => void): void;
  /** Speaks with an agent on a Unix socket for as long as it lasts. Throws UsageError and RelayError. */
  connect(command: ConnectCommand): Promise<void>;
  /** By which hosts know the agent that has this certificate. Throws UsageError. */
  readPin(certificateFile: string): string;

  /**
   * Listens for WebSockets over TCP, with or without TLS. Throws UsageError for what is wrong with the files of TLS, and
   * ListenError, also for an address beyond this machine on which hosts would not have to prove who they are.
   */
  listenOnTcp(
    system: System,
    options: ListenerOptions & TcpAddress & { readonly tls: TlsFiles | undefined },
  ): Listener | Promise<Listener>;
  /** Listens on a Unix socket that only its owner can open. Throws ListenError, also when an agent listens there. */
  listenOnUnix(
    system: System,
    options: ListenerOptions & { readonly path: string },
  ): Listener | Promise<Listener>;
  /** The same for the socket that `connect` reaches. Throws RelayHeldError, too, when another agent has it. */
  listenOnRelay(
    system: System,
    options: ListenerOptions & { readonly path: string },
  ): Listener | Promise<Listener>;
  /** Serves the one host at the other end of standard input and output. `onEnd`: that host is gone. */
  serveStdio(system: System, options: ListenerOptions & { readonly onEnd: () => void }): Listener;
}
