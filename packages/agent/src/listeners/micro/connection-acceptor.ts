import { type Kernel } from "../../kernel/kernel.js";
import { type OwnedFd } from "../../kernel/owned-fd.js";
import { acceptSocket, setNoDelay } from "../../kernel/sockets.js";
import { type Timer, type Watch } from "../../system/system.js";
import { bounds } from "../bounds.js";
import { type ListenerOptions } from "../listener.js";
import { Strangers } from "../strangers.js";
import { DescriptorStream } from "./descriptor-stream.js";
import { UpgradeConnection } from "./upgrade-connection.js";
import { WriteReadiness } from "./write-readiness.js";

/** With no descriptor left for a connection, those that wait are looked for again after so long. */
const retryMilliseconds = 100;

/** Accepts connections on a listening socket, and makes channels of them. */
export class ConnectionAcceptor {
  readonly #kernel: Kernel;
  readonly #socket: OwnedFd;
  readonly #options: ListenerOptions;
  readonly #writeReadiness: WriteReadiness;
  readonly #strangers = new Strangers();
  readonly #watch: Watch;
  #retry: Timer | undefined;
  #connections = 0;
  #isClosed = false;

  /** Takes the socket over. */
  constructor(kernel: Kernel, socket: OwnedFd, options: ListenerOptions) {
    this.#kernel = kernel;
    this.#socket = socket;
    this.#options = options;
    this.#writeReadiness = new WriteReadiness(kernel);
    this.#watch = kernel.system.watch(socket.fd, () => {
      this.#acceptNext();
    });
  }

  /** No new connections; those that are open stay. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#watch.close();
    this.#socket.close();
    this.#closeWhenEmpty();
  }

  #acceptNext(): void {
    const kernel = this.#kernel;
    const accepted = acceptSocket(kernel, this.#socket.fd);
    if (typeof accepted === "number") {
      if (!kernel.isErrno(accepted, "EAGAIN", "EINTR", "ECONNABORTED")) this.#acceptLater();
      return;
    }
    const { fd, peer } = accepted;
    if (this.#connections === bounds.connections) {
      kernel.call("close", fd);
      return;
    }
    this.#connections += 1;
    if (peer !== undefined) setNoDelay(kernel, fd);
    const stream = new DescriptorStream({
      kernel,
      writeReadiness: this.#writeReadiness,
      input: fd,
      output: fd,
    });
    new UpgradeConnection({
      ...this.#options,
      system: kernel.system,
      stream,
      peer,
      strangers: this.#strangers,
      onClose: () => {
        this.#connections -= 1;
        this.#closeWhenEmpty();
      },
    });
  }

  /** Nothing can be accepted now (no descriptor is left), and the socket stays readable. */
  #acceptLater(): void {
    this.#watch.pause();
    this.#retry = this.#kernel.system.after(retryMilliseconds, () => {
      this.#watch.resume();
    });
  }

  #closeWhenEmpty(): void {
    if (this.#isClosed && this.#connections === 0) this.#writeReadiness.close();
  }
}
