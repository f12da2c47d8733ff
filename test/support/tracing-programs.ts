import { type Params } from "@sonde/protocol";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";
import { assemble } from "../../packages/host/src/asm/assemble.js";
import {
  type AccessSize,
  type Instruction,
  type Operand,
  type Register,
} from "../../packages/host/src/asm/instruction.js";

type PlanStep = Params<"plan.run">["steps"][number];
type LoadStep = Extract<PlanStep, { kind: "loadProgram" }>;
type CreateStep = Extract<PlanStep, { kind: "createMap" }>;

const system = createNodeSystem();
const getppidNumber = { x64: 110, arm64: 173 }[process.arch as "x64" | "arm64"];

/** The system call that these programs watch; libc and Node would answer from memory. */
export function callGetppid(times: number): void {
  for (let index = 0; index < times; index++) system.syscall(getppidNumber);
}

/** include/uapi/linux/bpf.h */
export const mapType = {
  hash: 1,
  array: 2,
  perfEventArray: 4,
  percpuHash: 5,
  percpuArray: 6,
  queue: 22,
  ringbuf: 27,
} as const;
export const programType = {
  kprobe: 2,
  tracepoint: 5,
  perfEvent: 7,
  rawTracepoint: 17,
  tracing: 26,
} as const;
export const mmapable = 1 << 10;
const helper = { currentPidTgid: 14, perfEventOutput: 25, ringbufOutput: 130 } as const;
const currentCpu = 0xffff_ffff;

export const register = (number: Register): Operand => ({ kind: "register", register: number });
export const immediate = (value: number): Operand => ({ kind: "immediate", value });

export const move = (destination: Register, source: Operand): Instruction => ({
  kind: "alu",
  operation: "mov",
  width: 64,
  destination,
  source,
});
export const call = (number: number): Instruction => ({ kind: "call", helper: number });
export const finish = (value: number): readonly Instruction[] => [
  move(0, immediate(value)),
  { kind: "exit" },
];
const store = (size: AccessSize, offset: number, source: Operand): Instruction => ({
  kind: "store",
  size,
  base: 10,
  offset,
  source,
});
const stackAddress = (destination: Register, offset: number): readonly Instruction[] => [
  move(destination, register(10)),
  { kind: "alu", operation: "add", width: 64, destination, source: immediate(offset) },
];

/** Leaves the program when it does not run for this process. */
const onlyProcess = (pid: number): readonly Instruction[] => [
  move(6, register(1)),
  call(helper.currentPidTgid),
  move(7, register(0)),
  { kind: "alu", operation: "rsh", width: 64, destination: 0, source: immediate(32) },
  { kind: "jumpIf", condition: "ne", width: 64, left: 0, right: immediate(pid), target: "end" },
];

const countUp = (map: string): readonly Instruction[] => [
  { kind: "loadMap", destination: 1, map, valueOffset: 0 },
  move(2, immediate(1)),
  { kind: "atomicAdd", size: 8, base: 1, offset: 0, source: 2 },
];

/** Counts its runs for one process in the only value of a map. */
export const counting = (map: string, pid: number): readonly Instruction[] => [
  ...onlyProcess(pid),
  ...countUp(map),
  { kind: "label", name: "end" },
  ...finish(0),
];

/** Writes a record of so many bytes, the pid and tid first; counts it as lost when it does not fit. */
export const reporting = (options: {
  readonly ring: string;
  readonly losses: string;
  readonly pid: number;
  readonly recordSizeBytes?: number;
  readonly through?: "ringbuf" | "perf";
}): readonly Instruction[] => {
  const { recordSizeBytes = 8, through = "ringbuf" } = options;
  const fields = Array.from({ length: recordSizeBytes / 8 }, (_, index) =>
    store(8, -recordSizeBytes + 8 * index, index === 0 ? register(7) : immediate(index)),
  );
  const output: readonly Instruction[] =
    through === "ringbuf"
      ? [
          { kind: "loadMap", destination: 1, map: options.ring },
          ...stackAddress(2, -recordSizeBytes),
          move(3, immediate(recordSizeBytes)),
          move(4, immediate(0)),
          call(helper.ringbufOutput),
        ]
      : [
          move(1, register(6)),
          { kind: "loadMap", destination: 2, map: options.ring },
          { kind: "load64", destination: 3, value: BigInt(currentCpu) },
          ...stackAddress(4, -recordSizeBytes),
          move(5, immediate(recordSizeBytes)),
          call(helper.perfEventOutput),
        ];
  return [
    ...onlyProcess(options.pid),
    ...fields,
    ...output,
    { kind: "jumpIf", condition: "eq", width: 64, left: 0, right: immediate(0), target: "end" },
    ...countUp(options.losses),
    { kind: "label", name: "end" },
    ...finish(0),
  ];
};

/** A createMap step with what such maps mostly have. */
export function createMap(name: string, step: Partial<CreateStep> = {}): CreateStep {
  return {
    kind: "createMap",
    name,
    type: mapType.array,
    keySizeBytes: 4,
    valueSizeBytes: 8,
    maxEntries: 1,
    flags: 0,
    ...step,
  };
}

/** A loadProgram step; maps are named by the steps that make them. */
export function loadProgram(
  instructions: readonly Instruction[],
  maps: Readonly<Record<string, number>> = {},
  step: Partial<LoadStep> = {},
): LoadStep {
  const { bytes, mapReferences } = assemble(instructions, "little");
  return {
    kind: "loadProgram",
    name: "sonde_test",
    type: programType.tracepoint,
    expectedAttachType: 0,
    attachBtfId: 0,
    instructions: bytes,
    maps: mapReferences.map(({ instruction, map, valueOffset }) => ({
      instruction,
      map: { step: maps[map] ?? 0 },
      ...(valueOffset === undefined ? {} : { valueOffset }),
    })),
    license: "GPL",
    flags: 0,
    ...step,
  };
}
