import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { boardsNamed } from "./boards/boards.js";
import { checks } from "./boards/checks/all.js";
import { Machine } from "./boards/machine.js";
import { runChecks } from "./boards/run-checks.js";

/** The first run on a machine downloads packages. */
const imageMilliseconds = 400_000;
const checksMilliseconds = 600_000;

/** What differs between processors, by the checks' names in the table. */
const ofAnotherProcessor = new Set([
  "describe",
  "kprobe, its arguments",
  "kretprobe",
  "strings of the kernel's memory",
  "uprobe, its arguments",
  "kernel stacks of i2c_transfer",
  "per-CPU maps, print and clear",
  "records in order",
  "a program that the verifier refuses",
  "a BPF object as clang compiles it",
  "opensnoop",
  "opensnoop (serial)",
]);

/** What differs with 32 bits; Node takes its time there. */
const of32Bits = new Set(["describe", "kprobe, its arguments", "histograms", "opensnoop"]);

/** What the other tests show on this machine's own kernel. */
const shownElsewhere = new Set([
  "BEGIN, interval, END",
  "tracepoint",
  "tracepoint of a system call",
  "raw tracepoint",
  "raw tracepoint, arguments by name",
  "stacks without frame pointers (dw_ustack)",
  "uretprobe, of a library by its name",
  "profile",
  "software event",
  "hash maps, of each type of key",
  "per-CPU maps, print and clear",
  "histograms",
  "records in order",
  "debugf of file names that are opened, by trace-pipe",
  "execsnoop",
]);

/** Kernels for the cloud have no i2c, and this one no CONFIG_FPROBE: the checks find that out. */
const lackedByCloud = ["kernel stacks of i2c_transfer", "many kprobes, all at once"];

const runs: readonly {
  readonly name: string;
  readonly isWanted: (check: string) => boolean;
  readonly count: number;
  readonly lacks: readonly string[];
}[] = [
  {
    name: "x86_64-6.1",
    isWanted: (check) => !shownElsewhere.has(check),
    count: checks.length + 1 - shownElsewhere.size,
    lacks: lackedByCloud,
  },
  {
    name: "arm64-6.12",
    isWanted: (check) => ofAnotherProcessor.has(check),
    count: ofAnotherProcessor.size,
    lacks: [],
  },
  {
    name: "armhf-6.1",
    isWanted: (check) => of32Bits.has(check),
    count: of32Bits.size,
    lacks: [],
  },
];

describe.each(runs)("the emulated board $name", ({ name, isWanted, count, lacks }) => {
  let machine: Machine | undefined;

  beforeAll(async () => {
    const [board] = boardsNamed([name]);
    if (board === undefined) throw new Error(`there is no board ${name}`);
    machine = await Machine.start(board, () => undefined);
  }, imageMilliseconds);
  afterAll(async () => {
    await machine?.stop();
  });

  test(
    "passes the checks, over its network and over its serial port",
    async () => {
      if (machine === undefined) throw new Error("it did not start");
      const findings = await runChecks(machine, undefined, isWanted);
      const others = findings.filter(
        ({ name, result }) =>
          result.kind !== "passed" && !(result.kind === "not applicable" && lacks.includes(name)),
      );
      expect(others).toEqual([]);
      expect(findings.length).toBeGreaterThanOrEqual(count);
    },
    checksMilliseconds,
  );
});
