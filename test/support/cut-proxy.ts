import {
  createConnection,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";

/** A TCP way to an agent that can be cut: connections break, and new ones are refused until it is mended. */
export class CutProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #isSilent = false;
  /** Connections that were let through. */
  connections = 0;

  private constructor(port: number) {
    this.#server = createServer((socket) => {
      if (this.#isCut) {
        socket.destroy();
        return;
      }
      this.connections += 1;
      const other = createConnection({ host: "127.0.0.1", port });
      this.#join(socket, other);
      this.#join(other, socket);
    });
  }

  /** A way to a port of this machine. */
  static async open(port: number): Promise<CutProxy> {
    const proxy = new CutProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    // A server that listens on TCP has such an address.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every connection breaks; whether others can be opened. */
  cut(options: { readonly refuses: boolean }): void {
    this.#isCut = options.refuses;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** From now on nothing passes, and neither end hears of it: as when a cable is pulled. */
  fallSilent(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#isCut = false;
    this.#isSilent = false;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("error", () => undefined);
    from.on("data", (bytes) => {
      if (this.#isSilent) return;
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#isSilent) from.resume();
    });
    from.on("close", () => {
      this.#sockets.delete(from);
      if (!this.#isSilent) to.destroy();
    });
  }
}
