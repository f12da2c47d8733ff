import { type Priority } from "../../src/link/flight.js";
import { type LinkRole } from "../../src/link/frame.js";
import { Link } from "../../src/link/link.js";
import { type LinkEnd, type LinkOptions } from "../../src/link/link-state.js";
import { Random } from "./random.js";
import { type Fault, SimulatedLine } from "./simulated-line.js";

export interface SimulationOptions {
  readonly seed: number;
  readonly baud: number;
  readonly latencyMilliseconds?: number;
  readonly towardsHost?: readonly Fault[];
  readonly towardsAgent?: readonly Fault[];
  readonly silenceMilliseconds?: number;
}

export interface Arrival {
  readonly at: number;
  readonly priority: Priority;
  readonly message: Uint8Array;
}

type EndOptions = Omit<LinkOptions, "onOpen" | "onMessage" | "onEnd" | "role">;

/** One end: its link, and what has come of it. */
export class SimulatedEnd {
  readonly role: LinkRole;
  readonly #options: EndOptions;
  readonly arrivals: Arrival[] = [];
  readonly ends: LinkEnd[] = [];
  opens = 0;
  link: Link;
  wakeAt = 0;
  now = 0;
  onArrival: (arrival: Arrival) => void = () => undefined;
  onOpen: () => void = () => undefined;
  onEnd: () => void = () => undefined;

  constructor(role: LinkRole, options: EndOptions) {
    this.role = role;
    this.#options = options;
    this.link = this.#create();
  }

  /** As if the program had been killed and started again. */
  restart(now: number): void {
    this.now = now;
    this.wakeAt = now;
    this.link = this.#create();
  }

  #create(): Link {
    const link: Link = new Link(
      {
        ...this.#options,
        role: this.role,
        onOpen: () => {
          this.opens++;
          this.onOpen();
        },
        onMessage: (message, priority) => {
          const arrival = { at: this.now, priority, message };
          this.arrivals.push(arrival);
          this.onArrival(arrival);
        },
        onEnd: (end) => {
          this.ends.push(end);
          this.onEnd();
        },
      },
      this.now,
    );
    return link;
  }
}

/** A host, an agent, and a line between them, in simulated time. */
export class Simulation {
  readonly random: Random;
  readonly host: SimulatedEnd;
  readonly agent: SimulatedEnd;
  readonly towardsHost: SimulatedLine;
  readonly towardsAgent: SimulatedLine;
  now = 0;
  readonly #plans: { readonly at: number; readonly act: () => void }[] = [];

  constructor(options: SimulationOptions) {
    const random = new Random(options.seed);
    this.random = random;
    const link = {
      baud: options.baud,
      randomU32: () => random.u32(),
      silenceMilliseconds: options.silenceMilliseconds ?? 30_000,
      messageLimitBytes: 1 << 20,
    };
    this.host = new SimulatedEnd("host", link);
    this.agent = new SimulatedEnd("agent", link);
    const line = (faults: readonly Fault[]): SimulatedLine =>
      new SimulatedLine({
        random: new Random(random.u32()),
        baud: options.baud,
        latencyMilliseconds: options.latencyMilliseconds ?? 1,
        faults,
      });
    this.towardsHost = line(options.towardsHost ?? []);
    this.towardsAgent = line(options.towardsAgent ?? []);
  }

  /** Does something at a time to come. */
  plan(at: number, act: () => void): void {
    this.#plans.push({ at, act });
    this.#plans.sort((left, right) => left.at - right.at);
  }

  /** Runs until it is so, or until that time; whether it is so. */
  run(until: number, isDone: () => boolean = () => false): boolean {
    while (!isDone()) {
      const next = Math.min(
        this.towardsHost.nextArrival,
        this.towardsAgent.nextArrival,
        this.host.wakeAt,
        this.agent.wakeAt,
        this.#plans[0]?.at ?? Infinity,
      );
      if (next > until) {
        this.now = until;
        return isDone();
      }
      // Timers are never early, and a step takes time: or two ends could go on for ever within one instant.
      this.now = Math.max(next, this.now + 0.01);
      this.#step();
    }
    return true;
  }

  /** Has an end say now what it has been given to say. */
  poll(end: SimulatedEnd): void {
    end.now = this.now;
    const line = end.role === "host" ? this.towardsAgent : this.towardsHost;
    const { output, wakeAt } = end.link.poll(this.now, 0);
    for (const bytes of output) line.put(bytes, this.now);
    end.wakeAt = wakeAt;
  }

  #step(): void {
    while ((this.#plans[0]?.at ?? Infinity) <= this.now) this.#plans.shift()?.act();
    this.#deliver(this.towardsHost, this.host);
    this.#deliver(this.towardsAgent, this.agent);
    for (const end of [this.host, this.agent]) {
      if (end.wakeAt <= this.now) this.poll(end);
    }
  }

  #deliver(line: SimulatedLine, end: SimulatedEnd): void {
    const arrived = line.take(this.now);
    if (arrived.length === 0) return;
    end.now = this.now;
    for (const bytes of arrived) end.link.receive(bytes, this.now);
    this.poll(end);
  }
}
