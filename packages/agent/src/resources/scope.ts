import { RefusalError } from "../kernel/errors.js";
import { type System } from "../system/system.js";
import { type Resource } from "./resource.js";

/** Descriptors that silence something are closed so many at a time: each waits for the kernel's own grace period. */
const lanes = 4;

/** Owns what a session has made, and closes it newest first, each thing once. */
export class Scope {
  readonly #system: System;
  readonly #resources = new Set<Resource>();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(system: System) {
    this.#system = system;
  }

  /** From the beginning of `close` on. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get size(): number {
    return this.#resources.size;
  }

  add<R extends Resource>(resource: R): R {
    this.#resources.add(resource);
    return resource;
  }

  /** Resolves when nothing of it records any more. */
  async disable(): Promise<void> {
    await this.#silence([...this.#resources].reverse());
  }

  /** Closes some, newest first, and forgets them. */
  async closeOnly(resources: readonly Resource[]): Promise<void> {
    const owned = [...this.#resources].filter((resource) => resources.includes(resource)).reverse();
    await this.#closeInOrder(owned);
  }

  /** Closes everything; resolves when nothing is left in the kernel. Idempotent. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#closing ??= this.#closeInOrder([...this.#resources].reverse());
    return this.#closing;
  }

  async #closeInOrder(resources: readonly Resource[]): Promise<void> {
    for (const resource of resources) this.#resources.delete(resource);
    const silencing = this.#silence(resources);
    const descriptors = resources.flatMap((resource) => resource.release());
    await silencing;
    await this.#system.closeInBackground(descriptors);
    for (const resource of resources) this.#finish(resource);
  }

  async #silence(resources: readonly Resource[]): Promise<void> {
    const queue = resources.flatMap((resource) => resource.disable?.() ?? []);
    const lane = async (): Promise<void> => {
      for (let fd = queue.shift(); fd !== undefined; fd = queue.shift()) {
        await this.#system.closeInBackground([fd]);
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, queue.length) }, lane));
  }

  #finish(resource: Resource): void {
    try {
      resource.afterClose?.();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      // Nobody waits for this who could do anything about it, and the others must still be finished.
      this.#system.log(`clean up: ${error.message}`);
    }
  }
}
