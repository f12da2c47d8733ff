import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Random } from "../../packages/protocol/test/link/random.js";

/** What a serial line does to the bytes of one direction. */
export interface LineFaults {
  /** Of each byte: to be changed, to vanish, to come twice. */
  readonly corrupt?: number;
  readonly lose?: number;
  readonly duplicate?: number;
  /** A kernel's log line every so many milliseconds. */
  readonly textMilliseconds?: number;
  /** Every so many milliseconds nothing moves for so many. */
  readonly stall?: { readonly everyMilliseconds: number; readonly forMilliseconds: number };
}

export interface LineOptions {
  readonly baud: number;
  readonly seed?: number;
  readonly latencyMilliseconds?: number;
  readonly towardsHost?: LineFaults;
  readonly towardsDevice?: LineFaults;
}

/** What a UART's transmitter has before it, in the kernel: 355 ms at 115,200 baud. */
const fifoSizeBytes = 4096;
const tickMilliseconds = 4;
const text = "[ 1234.567890] usb 1-1: new high-speed USB device number 4 using xhci_hcd\r\n";

/** A serial line between two TCP ports: one for a host (as a bridge has it), one for a device's end (socat's). */
export class Line {
  readonly #servers: readonly Server[];
  readonly towardsHost: Direction;
  readonly towardsDevice: Direction;

  private constructor(options: LineOptions) {
    const seed = options.seed ?? 1;
    this.towardsHost = new Direction(options, options.towardsHost ?? {}, seed);
    this.towardsDevice = new Direction(options, options.towardsDevice ?? {}, seed + 1);
    this.#servers = [
      serve(this.towardsDevice, this.towardsHost),
      serve(this.towardsHost, this.towardsDevice),
    ];
  }

  static async open(options: LineOptions): Promise<Line> {
    const line = new Line(options);
    for (const server of line.#servers) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    return line;
  }

  get hostPort(): number {
    return portOf(this.#servers[0]);
  }

  get devicePort(): number {
    return portOf(this.#servers[1]);
  }

  close(): void {
    for (const direction of [this.towardsHost, this.towardsDevice]) direction.close();
    for (const server of this.#servers) server.close();
  }
}

/** Whoever connects sends into one direction and hears the other; the newest counts. */
function serve(sends: Direction, hears: Direction): Server {
  return createServer({ noDelay: true }, (socket) => {
    sends.from(socket);
    hears.to(socket);
    socket.on("error", () => socket.destroy());
  });
}

function portOf(server: Server | undefined): number {
  return (server?.address() as AddressInfo).port;
}

/** One direction: bytes wait in the transmitter's FIFO and leave at the line's pace. */
class Direction {
  readonly #random: Random;
  readonly #faults: LineFaults;
  readonly #bytesPerMillisecond: number;
  readonly #latency: number;
  readonly #timer: NodeJS.Timeout;
  readonly #begin = performance.now();
  #source: Socket | undefined;
  #sink: Socket | undefined;
  #fifo: Buffer = Buffer.alloc(0);
  #lastTick = performance.now();
  #allowance = 0;
  #nextText: number;
  carriedBytes = 0;

  constructor(options: LineOptions, faults: LineFaults, seed: number) {
    this.#random = new Random(seed);
    this.#faults = faults;
    this.#bytesPerMillisecond = options.baud / 10_000;
    this.#latency = options.latencyMilliseconds ?? 0;
    this.#nextText = this.#begin + (faults.textMilliseconds ?? Infinity);
    this.#timer = setInterval(() => {
      this.#tick(performance.now());
    }, tickMilliseconds);
  }

  from(socket: Socket): void {
    this.#source = socket;
    socket.on("data", (bytes) => {
      this.#fifo = Buffer.concat([this.#fifo, bytes]);
      if (this.#fifo.length >= fifoSizeBytes) socket.pause();
    });
  }

  to(socket: Socket): void {
    this.#sink = socket;
  }

  /** How long nothing moved between two times of performance.now(), to about a tick. */
  stalledMilliseconds(from: number, to: number): number {
    const { stall } = this.#faults;
    if (stall === undefined) return 0;
    const { everyMilliseconds: every, forMilliseconds: stalled } = stall;
    const until = (time: number): number => {
      const since = time - this.#begin;
      return Math.floor(since / every) * stalled + Math.max(0, (since % every) - (every - stalled));
    };
    return until(to) - until(from);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#source?.destroy();
    this.#sink?.destroy();
  }

  #tick(now: number): void {
    const elapsed = now - this.#lastTick;
    this.#lastTick = now;
    if (this.#isStalled(now)) return;
    // A line carries nothing of what was not there to be carried.
    this.#allowance = Math.min(this.#allowance + elapsed * this.#bytesPerMillisecond, 2048);
    const length = Math.min(this.#fifo.length, Math.floor(this.#allowance));
    this.#allowance = this.#fifo.length === length ? 0 : this.#allowance - length;
    const sent = this.#fifo.subarray(0, length);
    this.#fifo = this.#fifo.subarray(length);
    if (this.#fifo.length < fifoSizeBytes) this.#source?.resume();
    this.carriedBytes += length;
    this.#deliver(this.#spoil(sent, now));
  }

  #isStalled(now: number): boolean {
    const { stall } = this.#faults;
    if (stall === undefined) return false;
    const phase = (now - this.#begin) % stall.everyMilliseconds;
    return phase >= stall.everyMilliseconds - stall.forMilliseconds;
  }

  #spoil(bytes: Uint8Array, now: number): Uint8Array {
    const { corrupt = 0, lose = 0, duplicate = 0, textMilliseconds = Infinity } = this.#faults;
    const spoilt: number[] = [];
    for (const byte of bytes) {
      if (this.#random.chance(lose)) continue;
      spoilt.push(this.#random.chance(corrupt) ? byte ^ this.#random.between(1, 255) : byte);
      if (this.#random.chance(duplicate)) spoilt.push(byte);
    }
    if (now >= this.#nextText) {
      this.#nextText = now + textMilliseconds;
      spoilt.splice(this.#random.between(0, spoilt.length), 0, ...Buffer.from(text));
    }
    return Uint8Array.from(spoilt);
  }

  #deliver(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const sink = this.#sink;
    if (this.#latency === 0) sink?.write(bytes);
    else setTimeout(() => sink?.write(bytes), this.#latency);
  }
}
