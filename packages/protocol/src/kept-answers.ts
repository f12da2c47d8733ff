import { ProtocolError } from "./errors.js";

/** The answers of a session that its host has not reported to have, msgpack: a broken link may have swallowed them. */
export class KeptAnswers {
  readonly #payloads: Uint8Array[] = [];
  #sizeBytes = 0;
  /** How many the host has reported. */
  #reported = 0n;

  get count(): number {
    return this.#payloads.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(payload: Uint8Array): void {
    this.#payloads.push(payload);
    this.#sizeBytes += payload.length;
  }

  /** So many answers have come, since the session's beginning. Throws ProtocolError when that cannot be. */
  reported(answers: bigint): void {
    this.require(answers);
    const count = Number(answers - this.#reported);
    for (const payload of this.#payloads.splice(0, count)) this.#sizeBytes -= payload.length;
    this.#reported = answers;
  }

  /** Throws ProtocolError when so many answers cannot have come. */
  require(answers: bigint): void {
    const sent = this.#reported + BigInt(this.#payloads.length);
    if (answers >= this.#reported && answers <= sent) return;
    throw new ProtocolError(`${answers} answers have come, of ${this.#reported} to ${sent}`);
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<Uint8Array> {
    return this.#payloads[Symbol.iterator]();
  }
}
