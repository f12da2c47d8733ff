import { type Random } from "./random.js";

/** Something that goes wrong on one direction of a line, from one time up to another. */
export type Fault = { readonly from: number; readonly to: number } & (
  | { readonly kind: "corrupt" | "lose" | "duplicate"; readonly perByte: number }
  /** Lines of text, so many a second. */
  | { readonly kind: "text"; readonly perSecond: number }
  /** Nothing moves; nothing is lost. */
  | { readonly kind: "stall" }
  /** What is sent vanishes. */
  | { readonly kind: "cut" }
);

const text = "[  123.456789] usb 1-1: new high-speed USB device number 4 using xhci_hcd\r\n";

/** One direction of a line in simulated time: it carries so many bytes a second, late, and with faults. */
export class SimulatedLine {
  readonly #random: Random;
  readonly #millisecondsPerByte: number;
  readonly #latency: number;
  readonly #faults: readonly Fault[];
  readonly #arrivals: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #freeAt = 0;
  #nextText = Infinity;
  #textUntil = 0;
  /** The longest that a byte has waited for its turn, stalls aside. */
  longestQueueMilliseconds = 0;
  carriedBytes = 0;

  constructor(options: {
    readonly random: Random;
    readonly baud: number;
    readonly latencyMilliseconds: number;
    readonly faults: readonly Fault[];
  }) {
    this.#random = options.random;
    this.#millisecondsPerByte = 10_000 / options.baud;
    this.#latency = options.latencyMilliseconds;
    this.#faults = options.faults;
    const speaks = options.faults.find((fault) => fault.kind === "text");
    if (speaks !== undefined) {
      this.#nextText = speaks.from;
      this.#textUntil = speaks.to;
    }
  }

  /** When the next bytes arrive. */
  get nextArrival(): number {
    return this.#arrivals[0]?.at ?? Infinity;
  }

  put(bytes: Uint8Array, now: number): void {
    const waits = Math.max(0, this.#freeAt - now) + bytes.length * this.#millisecondsPerByte;
    if (!this.#isStalledSince(now)) {
      this.longestQueueMilliseconds = Math.max(this.longestQueueMilliseconds, waits);
    }
    let start = this.#pastStalls(Math.max(now, this.#freeAt));
    this.carriedBytes += bytes.length;
    // In pieces, so that faults and arrivals lie within frames, too.
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(bytes.length - at, this.#random.between(1, 200));
      const end = start + length * this.#millisecondsPerByte;
      this.#carry(bytes.subarray(at, at + length), start, end);
      at += length;
      start = this.#pastStalls(end);
    }
    this.#freeAt = start;
  }

  /** What has arrived by now. */
  take(now: number): Uint8Array[] {
    const arrived: Uint8Array[] = [];
    for (let first = this.#arrivals[0]; first !== undefined; first = this.#arrivals[0]) {
      if (first.at > now) break;
      this.#arrivals.shift();
      arrived.push(first.bytes);
    }
    return arrived;
  }

  #carry(bytes: Uint8Array, start: number, end: number): void {
    let carried = [...bytes];
    for (const fault of this.#faults) {
      if (fault.from >= end || fault.to <= start) continue;
      carried = this.#spoil(carried, fault);
    }
    this.#speakWhileIdle(start);
    while (this.#nextText <= end && this.#nextText < this.#textUntil) {
      carried.splice(this.#random.between(0, carried.length), 0, ...encode(text));
      const fault = this.#faults.find(({ kind }) => kind === "text");
      const perSecond = fault?.kind === "text" ? fault.perSecond : 1;
      this.#nextText = Math.max(this.#nextText, start) + 1000 / perSecond;
    }
    if (carried.length > 0) {
      this.#arrivals.push({ at: end + this.#latency, bytes: Uint8Array.from(carried) });
    }
  }

  /** A line of text that came while nothing else was carried stands for itself. */
  #speakWhileIdle(until: number): void {
    const fault = this.#faults.find(({ kind }) => kind === "text");
    if (fault?.kind !== "text") return;
    for (; this.#nextText < until && this.#nextText < this.#textUntil;) {
      this.#arrivals.push({
        at: this.#nextText + this.#latency,
        bytes: Uint8Array.from(encode(text)),
      });
      this.#nextText += 1000 / fault.perSecond;
    }
  }

  #spoil(bytes: number[], fault: Fault): number[] {
    switch (fault.kind) {
      case "corrupt":
        this.#each(bytes, fault.perByte, (at) => {
          bytes[at] = (bytes[at] ?? 0) ^ this.#random.between(1, 255);
        });
        return bytes;
      case "lose": {
        const lost = new Set<number>();
        this.#each(bytes, fault.perByte, (at) => lost.add(at));
        return bytes.filter((_, at) => !lost.has(at));
      }
      case "duplicate": {
        const twice = new Set<number>();
        this.#each(bytes, fault.perByte, (at) => twice.add(at));
        return bytes.flatMap((byte, at) => (twice.has(at) ? [byte, byte] : [byte]));
      }
      case "cut":
        return [];
      case "text":
      case "stall":
        return bytes;
    }
  }

  #each(bytes: readonly number[], probability: number, act: (at: number) => void): void {
    for (
      let at = this.#random.triesUntil(probability);
      at < bytes.length;
      at += 1 + this.#random.triesUntil(probability)
    ) {
      act(at);
    }
  }

  #pastStalls(time: number): number {
    let after = time;
    for (const fault of this.#faults) {
      if (fault.kind === "stall" && fault.from <= after && after < fault.to) after = fault.to;
    }
    return after;
  }

  #isStalledSince(now: number): boolean {
    return this.#faults.some(
      (fault) => fault.kind === "stall" && fault.from - 500 <= now && now <= fault.to + 500,
    );
  }
}

function encode(characters: string): number[] {
  return Array.from(characters, (character) => character.charCodeAt(0));
}
