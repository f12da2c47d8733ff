/**
 * Programs that do what a one-liner does, written instruction by instruction: the least that the work takes. Each is an object
 * as the session loads it, attached to the same tracepoints.
 *
 * @typedef {import("../packages/host/src/asm/instruction.js").Instruction} Instruction
 * @typedef {import("../packages/host/src/asm/instruction.js").Register} Register
 * @typedef {import("../packages/host/src/asm/instruction.js").AccessSize} AccessSize
 * @typedef {import("../packages/host/src/spec/map-spec.js").MapSpec} MapSpec
 * @typedef {import("../packages/host/src/spec/object-spec.js").ObjectSpec} ObjectSpec
 */

/** @type {(register: Register) => { kind: "register", register: Register }} */
const register = (register) => ({ kind: "register", register });
/** @type {(value: number) => { kind: "immediate", value: number }} */
const immediate = (value) => ({ kind: "immediate", value });
/** @type {(operation: import("../packages/host/src/asm/instruction.js").AluOperation, destination: Register, source: ReturnType<typeof register> | ReturnType<typeof immediate>) => Instruction} */
const alu = (operation, destination, source) => ({
  ...{ kind: "alu", operation, width: 64, destination, source },
});
/** @type {(size: AccessSize, destination: Register, base: Register, offset: number) => Instruction} */
const load = (size, destination, base, offset) => ({
  ...{ kind: "load", size, destination, base, offset },
});
/** @type {(size: AccessSize, base: Register, offset: number, source: ReturnType<typeof register> | ReturnType<typeof immediate>) => Instruction} */
const store = (size, base, offset, source) => ({ kind: "store", size, base, offset, source });
/** @type {(helper: number) => Instruction} */
const call = (helper) => ({ kind: "call", helper });
/** @type {(name: string) => Instruction} */
const label = (name) => ({ kind: "label", name });
/** @type {(left: Register, condition: import("../packages/host/src/asm/instruction.js").JumpCondition, value: number, target: string) => Instruction} */
const jumpIf = (left, condition, value, target) => ({
  ...{ kind: "jumpIf", condition, width: 64, left, right: immediate(value), target },
});

const exit = [label("end"), alu("mov", 0, immediate(1)), /** @type {const} */ ({ kind: "exit" })];

/** r`destination` = the frame's address `offset` bytes below its end. @type {(destination: Register, offset: number) => Instruction[]} */
const frame = (destination, offset) => [
  alu("mov", destination, register(10)),
  alu("add", destination, immediate(offset)),
];

/** r0 = the value of a map for the key on the stack. @type {(map: string, key?: number) => Instruction[]} */
const lookUp = (map, key = -8) => [
  { kind: "loadMap", destination: 1, map },
  ...frame(2, key),
  call(1),
];

/** map[key on the stack] = value on the stack. @type {(map: string, key: number, value: number, flags: number) => Instruction[]} */
const update = (map, key, value, flags) => [
  { kind: "loadMap", destination: 1, map },
  ...frame(2, key),
  ...frame(3, value),
  alu("mov", 4, immediate(flags)),
  call(2),
];

/** Adds 1 to what r0 points to. @type {(offset?: number) => Instruction[]} */
const increment = (offset = 0) => [
  load(8, 1, 0, offset),
  alu("add", 1, immediate(1)),
  store(8, 0, offset, register(1)),
];

/** @type {(name: string, type: MapSpec["type"], keySizeBytes: number, valueSizeBytes: number, maxEntries: number) => MapSpec} */
const map = (name, type, keySizeBytes, valueSizeBytes, maxEntries) => ({
  ...{ name, type, keySizeBytes, valueSizeBytes, maxEntries, flags: 0 },
});

/** Counts under the key that `key` puts on the stack. @type {(key: Instruction[]) => Instruction[]} */
const countByKey = (key) => [
  ...key,
  ...lookUp("counts", -16),
  jumpIf(0, "eq", 0, "new"),
  ...increment(),
  ...exit,
  label("new"),
  store(8, 10, -24, immediate(1)),
  ...update("counts", -16, -24, 1),
  { kind: "jump", target: "end" },
];

/** r7 = the number of bits of r6, less 1. @returns {Instruction[]} */
const log2 = () => [
  alu("mov", 7, immediate(0)),
  ...[32, 16, 8, 4, 2, 1].flatMap((bits) => [
    alu("mov", 1, register(6)),
    alu("rsh", 1, immediate(bits)),
    jumpIf(1, "eq", 0, `below${bits}`),
    alu("mov", 6, register(1)),
    alu("add", 7, immediate(bits)),
    label(`below${bits}`),
  ]),
];

/** Counts r7 + 2 in a histogram. @returns {Instruction[]} */
const countBucket = () => [
  store(4, 10, -8, immediate(0)),
  ...lookUp("buckets"),
  jumpIf(0, "eq", 0, "end"),
  alu("add", 7, immediate(2)),
  jumpIf(7, "ge", 65, "end"),
  alu("lsh", 7, immediate(3)),
  alu("add", 0, register(7)),
  ...increment(),
];

/** Each CPU's own, by its number 0. @type {(change: Instruction[]) => Instruction[]} */
const inPlace = (change) => [
  store(4, 10, -8, immediate(0)),
  ...lookUp("total"),
  jumpIf(0, "eq", 0, "end"),
  ...change,
  ...exit,
];

const counts = map("counts", "percpu_hash", 4, 8, 4096);
const buckets = map("buckets", "percpu_array", 4, 520, 1);

/** r6 = nanoseconds since boot. */
const now = [call(125), alu("mov", 6, register(0))];

/** On the stack: the thread (4 bytes at -16). */
const thread = [call(14), store(4, 10, -16, register(0))];

/**
 * By the names of the rows: maps, and what runs at a system call's entry and, where that is measured too, at its return.
 *
 * @type {Readonly<Record<string, { readonly maps: MapSpec[], readonly enter: Instruction[], readonly exit?: Instruction[] }>>}
 */
export const handAssembled = {
  empty: { maps: [], enter: [...exit] },
  count: { maps: [map("total", "percpu_array", 4, 8, 1)], enter: inPlace(increment()) },
  sum: { maps: [map("total", "percpu_array", 4, 8, 1)], enter: inPlace(increment()) },
  stats: {
    maps: [map("total", "percpu_array", 4, 16, 1)],
    enter: inPlace([...increment(), ...increment(8)]),
  },
  increment: {
    maps: [map("total", "hash", 8, 8, 1)],
    enter: [
      store(8, 10, -16, immediate(0)),
      ...lookUp("total", -16),
      jumpIf(0, "eq", 0, "new"),
      alu("mov", 1, immediate(1)),
      { kind: "atomicAdd", size: 8, base: 0, offset: 0, source: 1 },
      ...exit,
      label("new"),
      store(8, 10, -24, immediate(1)),
      ...update("total", -16, -24, 1),
      { kind: "jump", target: "end" },
    ],
  },
  pid: {
    maps: [counts],
    enter: countByKey([call(14), alu("rsh", 0, immediate(32)), store(4, 10, -16, register(0))]),
  },
  comm: {
    maps: [map("counts", "percpu_hash", 16, 8, 4096)],
    enter: countByKey([...frame(1, -16), alu("mov", 2, immediate(16)), call(16)]),
  },
  hist: { maps: [buckets], enter: [...now, ...log2(), ...countBucket(), ...exit] },
  kstack: {
    maps: [map("stacks", "stack_trace", 4, 1016, 16_384), counts],
    enter: countByKey([
      { kind: "loadMap", destination: 2, map: "stacks" },
      alu("mov", 3, immediate(0)),
      call(27),
      store(4, 10, -16, register(0)),
    ]),
  },
  latency: {
    maps: [map("starts", "hash", 4, 8, 4096), buckets],
    enter: [
      ...thread,
      call(125),
      store(8, 10, -24, register(0)),
      ...update("starts", -16, -24, 0),
      ...exit,
    ],
    exit: [
      ...thread,
      ...lookUp("starts", -16),
      jumpIf(0, "eq", 0, "end"),
      load(8, 8, 0, 0),
      ...now,
      alu("sub", 6, register(8)),
      ...log2(),
      ...countBucket(),
      { kind: "loadMap", destination: 1, map: "starts" },
      ...frame(2, -16),
      call(3),
      ...exit,
    ],
  },
  printf: {
    maps: [map("events", "ringbuf", 0, 0, 4 << 20)],
    enter: [
      { kind: "loadMap", destination: 1, map: "events" },
      alu("mov", 2, immediate(40)),
      alu("mov", 3, immediate(0)),
      call(131),
      jumpIf(0, "eq", 0, "end"),
      alu("mov", 6, register(0)),
      store(4, 6, 0, immediate(0)),
      call(14),
      alu("rsh", 0, immediate(32)),
      store(4, 6, 4, register(0)),
      alu("mov", 1, register(6)),
      alu("add", 1, immediate(12)),
      alu("mov", 2, immediate(16)),
      call(16),
      store(2, 6, 8, immediate(16)),
      store(4, 6, 28, immediate(0x7478_6574)),
      store(2, 6, 10, immediate(4)),
      alu("mov", 1, register(6)),
      alu("mov", 2, immediate(0)),
      call(132),
      ...exit,
    ],
  },
};

/**
 * @param {string} name Of a row.
 * @param {string} call The system call that is traced.
 * @returns {ObjectSpec}
 */
export function objectOf(name, call) {
  const { maps = [], enter = [], exit: leave } = handAssembled[name] ?? {};
  const parts = [
    { name: "hand_enter", event: `sys_enter_${call}`, instructions: enter },
    ...(leave === undefined
      ? []
      : [{ name: "hand_exit", event: `sys_exit_${call}`, instructions: leave }]),
  ];
  const readsEvents = maps.some(({ type }) => type === "ringbuf");
  return {
    maps,
    programs: parts.map(({ name, instructions }) => ({
      ...{ name, type: "tracepoint", instructions, license: "GPL" },
    })),
    attachments: parts.map(({ name, event }) => ({
      ...{ kind: "tracepoint", program: name, category: "syscalls", name: event },
    })),
    runs: [],
    streams: readsEvents ? [{ map: "events" }] : [],
  };
}
