/** Connections, of all addresses together, whose hosts have not been let in. */
export const strangerLimit = 64;

/** A connection whose host has not been let in. */
interface Stranger {
  readonly address: string;
  /** Closes the connection. */
  readonly drop: () => void;
}

/**
 * The connections of a listener whose hosts have not been let in. Beyond the limit, the address that has the most of them loses
 * its oldest: so who fills them up keeps nobody out who comes from another address, and hardly anybody who comes from the same.
 */
export class Strangers {
  /** By names, the oldest first. */
  readonly #strangers = new Map<string, Stranger>();

  /** A connection has just been accepted, whose name no other has. Gives the function to call once it has closed. */
  add(name: string, stranger: Stranger): () => void {
    this.#strangers.set(name, stranger);
    if (this.#strangers.size > strangerLimit) this.#dropOldestOfBusiest();
    return () => {
      if (this.#strangers.get(name) === stranger) this.#strangers.delete(name);
    };
  }

  /** Its host has been let in: it is not dropped any more. */
  letIn(name: string): void {
    this.#strangers.delete(name);
  }

  #dropOldestOfBusiest(): void {
    const counts = new Map<string, number>();
    for (const { address } of this.#strangers.values()) {
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    for (const [name, { address, drop }] of this.#strangers) {
      if (counts.get(address) !== most) continue;
      this.#strangers.delete(name);
      drop();
      return;
    }
  }
}
