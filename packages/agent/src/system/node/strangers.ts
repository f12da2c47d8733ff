import { type Socket } from "node:net";

/** Connections, of all addresses together, whose hosts have not been let in. */
export const strangerLimit = 64;

/**
 * The connections of a listener whose hosts have not been let in. Beyond the limit, the address that has the most of them loses
 * its oldest: so who fills them up keeps nobody out who comes from another address, and hardly anybody who comes from the same.
 */
export class Strangers {
  /** By both ends' names, the oldest first. */
  readonly #sockets = new Map<string, { readonly address: string; readonly socket: Socket }>();

  /** A connection has just been accepted. */
  add(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // A Unix socket's, which only its owner can open; or one that has gone again.
    if (remoteAddress === undefined || remotePort === undefined) return;
    const name = nameOf(socket);
    this.#sockets.set(name, { address: remoteAddress, socket });
    socket.once("close", () => {
      if (this.#sockets.get(name)?.socket === socket) this.#sockets.delete(name);
    });
    if (this.#sockets.size > strangerLimit) this.#dropOldestOfBusiest();
  }

  /** Its host has been let in: it is not dropped any more. The TLS socket on top of it will do, too. */
  letIn(socket: Socket): void {
    this.#sockets.delete(nameOf(socket));
  }

  #dropOldestOfBusiest(): void {
    const counts = new Map<string, number>();
    for (const { address } of this.#sockets.values()) {
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    for (const [name, { address, socket }] of this.#sockets) {
      if (counts.get(address) !== most) continue;
      this.#sockets.delete(name);
      socket.destroy();
      return;
    }
  }
}

/** Of an address and port of its peer a listener has one connection at a time. */
function nameOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ""} ${socket.remotePort ?? 0}`;
}
