import process from "node:process";
import { expect, test } from "@jest/globals";
import { type Priority } from "../../src/link/flight.js";
import { Random } from "./random.js";
import { type Fault } from "./simulated-line.js";
import { Simulation, type SimulatedEnd } from "./simulation.js";

/** SONDE_LINK_SCHEDULES=10000 runs as many; from SONDE_LINK_SEED on. */
const scheduleCount = Number(process.env["SONDE_LINK_SCHEDULES"] ?? 400);
const firstSeed = Number(process.env["SONDE_LINK_SEED"] ?? 1);

const recoveryMilliseconds = 2000;

interface Sent {
  readonly connection: number;
  readonly sequence: number;
}

/** The messages that one end sends the other, and what came of them. */
class Traffic {
  readonly #random: Random;
  readonly #sender: SimulatedEnd;
  readonly #next: Record<Priority, number> = { control: 0, stream: 0 };
  readonly #due: Record<Priority, Sent> = {
    control: { connection: 0, sequence: 0 },
    stream: { connection: 0, sequence: 0 },
  };
  #connection = 0;
  #sentOfConnection = 0;
  #arrivedOfConnection = 0;
  readonly faults: string[] = [];

  constructor(random: Random, sender: SimulatedEnd, receiver: SimulatedEnd) {
    this.#random = random;
    this.#sender = sender;
    sender.onOpen = () => {
      this.#connection++;
      this.#next.control = this.#next.stream = 0;
      this.#sentOfConnection = this.#arrivedOfConnection = 0;
    };
    receiver.onArrival = ({ priority, message }) => {
      this.#check(priority, message);
    };
  }

  /** Whether all that was sent since the connection began has arrived. */
  get isComplete(): boolean {
    return this.#arrivedOfConnection === this.#sentOfConnection;
  }

  send(priority: Priority, length: number): void {
    if (!this.#sender.link.isOpen) return;
    const message = new Uint8Array(12 + length);
    const view = new DataView(message.buffer);
    view.setUint32(0, this.#connection);
    view.setUint32(4, this.#next[priority]++);
    const seed = this.#random.u32();
    view.setUint32(8, seed);
    message.set(contentOf(seed, length), 12);
    this.#sentOfConnection++;
    this.#sender.link.send(message, priority);
  }

  #check(priority: Priority, message: Uint8Array): void {
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    const [connection, sequence, seed] = [view.getUint32(0), view.getUint32(4), view.getUint32(8)];
    const due = this.#due[priority];
    const isDue =
      connection === due.connection
        ? sequence === due.sequence
        : connection > due.connection && sequence === 0;
    if (!isDue) {
      this.faults.push(
        `${priority} message ${sequence} of connection ${connection}, where ${due.sequence} of ${due.connection} was due`,
      );
    }
    this.#due[priority] = { connection, sequence: sequence + 1 };
    if (connection === this.#connection) this.#arrivedOfConnection++;
    const expected = contentOf(seed, message.length - 12);
    if (!expected.every((byte, index) => message[12 + index] === byte)) {
      this.faults.push(`${priority} message ${sequence}: wrong bytes`);
    }
  }
}

/** Easy on the stuffing and hard on it, by turns. */
function contentOf(seed: number, length: number): Uint8Array {
  const random = new Random(seed);
  const kind = seed & 3;
  if (kind === 0) return new Uint8Array(length).fill(random.pick([0, 0x11, 0x13, 0xff, 0x41]));
  if (kind === 1) return Uint8Array.from({ length }, () => random.pick([0, 0x11, 0x13, 0xff, 7]));
  return random.bytes(length);
}

interface Outcome {
  readonly problems: readonly string[];
  readonly recoveryMilliseconds: number;
}

/** One schedule: traffic both ways, faults for a while, then a clean line. */
function runSchedule(seed: number): Outcome {
  const random = new Random(seed);
  const baud = random.pick([9600, 19_200, 115_200, 115_200, 460_800]);
  const faultsEnd = random.between(1500, 12_000);
  const simulation = new Simulation({
    seed: random.u32(),
    baud,
    latencyMilliseconds: random.pick([0, 1, 20, 100]),
    towardsHost: randomFaults(random, faultsEnd),
    towardsAgent: randomFaults(random, faultsEnd),
  });
  const { host, agent } = simulation;
  const fromHost = new Traffic(random, host, agent);
  const fromAgent = new Traffic(random, agent, host);
  const problems: string[] = [];

  planTraffic(simulation, random, { fromHost, fromAgent, faultsEnd, baud });
  const hasReboot = random.chance(0.25);
  if (hasReboot) planReboot(simulation, random, faultsEnd);
  host.onEnd = () => {
    simulation.plan(simulation.now + 1, () => {
      host.restart(simulation.now);
    });
  };
  simulation.run(faultsEnd);
  const begin = simulation.now;
  const hostOpened = host.opens;
  const arrivedBefore = host.arrivals.length + agent.arrivals.length;
  // The first new bytes, both ways.
  const isRecovered = (): boolean =>
    host.link.isOpen &&
    agent.link.isOpen &&
    host.arrivals.length + agent.arrivals.length > arrivedBefore;
  fromHost.send("control", 10);
  fromAgent.send("control", 10);
  host.wakeAt = agent.wakeAt = begin;
  const didRecover = simulation.run(begin + recoveryMilliseconds, () => {
    if (host.opens > hostOpened && fromHost.isComplete) fromHost.send("control", 10);
    return isRecovered();
  });
  const recovery = simulation.now - begin;
  if (!didRecover) {
    problems.push(
      `nothing new within 2 s of the faults' end (${baud} baud, host ${String(host.link.isOpen)}, agent ${String(agent.link.isOpen)})`,
    );
  }
  const isDrained = simulation.run(
    begin + 120_000,
    () => host.link.isOpen && agent.link.isOpen && fromHost.isComplete && fromAgent.isComplete,
  );
  if (!isDrained) problems.push("messages that never arrived");
  if (!hasReboot && host.ends.length + agent.ends.length > 0) {
    problems.push(`a connection ended: ${JSON.stringify([host.ends, agent.ends])}`);
  }
  return {
    problems: [...problems, ...fromHost.faults, ...fromAgent.faults],
    recoveryMilliseconds: recovery,
  };
}

function planTraffic(
  simulation: Simulation,
  random: Random,
  {
    fromHost,
    fromAgent,
    faultsEnd,
    baud,
  }: { fromHost: Traffic; fromAgent: Traffic; faultsEnd: number; baud: number },
): void {
  const { host, agent } = simulation;
  const largest = Math.round(baud / 40);
  const count = random.between(5, 40);
  for (let index = 0; index < count; index++) {
    simulation.plan(random.between(0, faultsEnd), () => {
      const [traffic, end] = random.chance(0.7) ? [fromAgent, agent] : [fromHost, host];
      const priority = random.chance(0.6) ? "stream" : "control";
      const length = random.chance(0.5) ? random.between(0, 60) : random.between(0, largest);
      traffic.send(priority, length);
      simulation.poll(end);
    });
  }
}

/** One side is killed and started again. A host that loses its connection begins anew, as `sonde` would. */
function planReboot(simulation: Simulation, random: Random, faultsEnd: number): void {
  const victim = random.chance(0.5) ? simulation.host : simulation.agent;
  simulation.plan(random.between(100, faultsEnd - 1200), () => {
    victim.restart(simulation.now);
  });
}

function randomFaults(random: Random, end: number): Fault[] {
  const faults: Fault[] = [];
  const count = random.between(0, 4);
  for (let index = 0; index < count; index++) {
    const from = random.between(0, end - 200);
    const to = Math.min(end, from + random.between(50, end));
    faults.push(randomFault(random, from, to));
  }
  return faults;
}

function randomFault(random: Random, from: number, to: number): Fault {
  const kind = random.pick<Fault["kind"]>(["corrupt", "lose", "duplicate", "text", "stall", "cut"]);
  switch (kind) {
    case "corrupt":
    case "lose":
    case "duplicate":
      return { kind, from, to, perByte: random.pick([1e-4, 1e-3, 5e-3, 0.05]) };
    case "text":
      return { kind, from, to, perSecond: random.pick([1, 5, 20]) };
    case "stall":
    case "cut":
    default:
      return { kind, from, to: Math.min(to, from + 5000) };
  }
}

test(`${scheduleCount} random schedules of faults lose, repeat and reorder nothing, and no end waits for ever`, () => {
  const failures: string[] = [];
  let slowest = 0;
  for (let seed = firstSeed; seed < firstSeed + scheduleCount; seed++) {
    const { problems, recoveryMilliseconds: recovery } = runSchedule(seed);
    slowest = Math.max(slowest, recovery);
    if (problems.length > 0) failures.push(`seed ${seed}: ${problems.slice(0, 3).join("; ")}`);
  }
  process.stdout.write(
    `links: ${scheduleCount} schedules, the slowest recovery took ${Math.round(slowest)} ms\n`,
  );
  expect(failures).toEqual([]);
});
