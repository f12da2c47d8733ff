import { type Keeps, type ParsedParams } from "@sonde/protocol";
import { type System, type Timer } from "../system/system.js";

/** That a session needs no host, and what the next one will want to know of it. */
export class Detachment {
  readonly label: string;
  readonly keeps: Keeps;
  note: Uint8Array;
  /** The host has said that it goes: with its link ends its claim on the session. */
  isLeft = true;
  readonly #system: System;
  readonly #since: number;
  #isOver = false;
  #end: Timer | undefined;

  /** `onOver` is called after the seconds that were asked for. */
  constructor(
    system: System,
    { name, keeps, note, seconds }: ParsedParams<"session.detach">,
    onOver: () => void,
  ) {
    this.#system = system;
    this.label = name;
    this.keeps = keeps;
    this.note = note;
    this.#since = system.now();
    if (seconds === undefined) return;
    this.#end = system.after(seconds * 1000, () => {
      this.#isOver = true;
      onOver();
    });
  }

  /** Whether its seconds have passed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get ageMilliseconds(): bigint {
    return BigInt(Math.round(this.#system.now() - this.#since));
  }

  /** It lasts no longer. Idempotent. */
  end(): void {
    this.#end?.cancel();
  }
}
