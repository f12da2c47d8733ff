import * as z from "zod/mini";
import { handle, reference } from "./handles.js";
import { bytes, text, u32, u64 } from "./primitives.js";

/** Kernel object names: BPF_OBJ_NAME_LEN is 16 with its NUL (include/uapi/linux/bpf.h). */
const objectName = z.string().check(z.regex(/^[A-Za-z0-9_.]{0,15}$/));
/** Names of tracepoints, symbols: no path separators, no spaces. */
const eventName = z.string().check(z.regex(/^[A-Za-z0-9_.$:@-]{1,255}$/));
const path = z.string().check(z.regex(/^\/[^\0]{0,4094}$/));

const entry = z.strictObject({ key: bytes(65_536), value: bytes(4_194_304) });

/** Types of keys and values: ids in what `loadBtf` has loaded, 0 for what is not said. */
const mapTypes = z.strictObject({ btf: reference, key: u32, value: u32 });

const createMap = z.strictObject({
  kind: z.literal("createMap"),
  name: objectName,
  /** BPF_MAP_TYPE_*. */
  type: u32,
  keySizeBytes: u32,
  /** Of one value; for per-CPU maps of one CPU's value, the agent multiplies. */
  valueSizeBytes: u32,
  /** 0 on a perf event array means one for each possible CPU. */
  maxEntries: u32,
  flags: u32,
  types: z.optional(mapTypes),
  /** map_extra of union bpf_attr. */
  extra: z.optional(u64),
  numaNode: z.optional(u32),
  /** A map like those that a map of maps will hold. */
  inner: z.optional(reference),
  /** Below bpffs: the map that is there is taken, if it is like this one; else this one is put there, and stays. */
  pinPath: z.optional(path),
});

/** Fills a map; for per-CPU maps the value is one CPU's and is written for every CPU. */
const fillMap = z.strictObject({
  kind: z.literal("fillMap"),
  map: reference,
  entries: z.array(entry).check(z.maxLength(65_536)),
});

/** Puts maps or programs into a map that holds such; an index is a key of 4 bytes. */
const fillSlots = z.strictObject({
  kind: z.literal("fillSlots"),
  map: reference,
  slots: z.array(z.strictObject({ index: u32, object: reference })).check(z.maxLength(65_536)),
});

/** From here on no system call changes what the map holds, and the verifier knows it. */
const freezeMap = z.strictObject({ kind: z.literal("freezeMap"), map: reference });

/** Types, in the target's byte order. */
const loadBtf = z.strictObject({
  kind: z.literal("loadBtf"),
  data: bytes(16_777_216),
});

/** The types of a module of the kernel's. */
const openModuleBtf = z.strictObject({
  kind: z.literal("openModuleBtf"),
  module: z.string().check(z.regex(/^[A-Za-z0-9_.-]{1,63}$/)),
});

/** struct bpf_func_info or bpf_line_info, one after the other. */
const infoRecords = z.strictObject({ recordSizeBytes: u32, bytes: bytes(16_777_216) });

/** Where an instruction pair (LD_IMM64) gets the fd of a map: index in instructions, not bytes. */
const mapReference = z.strictObject({
  instruction: u32,
  map: reference,
  /** Set: a pointer to this offset in the map's only value (BPF_PSEUDO_MAP_VALUE); else the map (BPF_PSEUDO_MAP_FD). */
  valueOffset: z.optional(u32),
});

const loadProgram = z.strictObject({
  kind: z.literal("loadProgram"),
  name: objectName,
  /** BPF_PROG_TYPE_*. */
  type: u32,
  /** BPF_TRACE_*; 0 when the type has none. */
  expectedAttachType: u32,
  /** BTF type id of what it attaches to in vmlinux; 0 when it does not attach by BTF. */
  attachBtfId: u32,
  /** In the target's byte order; 8 bytes each, at most a million. */
  instructions: bytes(8_000_000),
  maps: z.array(mapReference).check(z.maxLength(65_536)),
  license: text(64),
  flags: u32,
  /** What `loadBtf` has loaded, and what it says of the instructions. */
  types: z.optional(
    z.strictObject({
      btf: reference,
      functions: z.optional(infoRecords),
      lines: z.optional(infoRecords),
    }),
  ),
  /** The module that attachBtfId is of. */
  attachBtf: z.optional(reference),
  /** Instruction pairs that load a module's variable. */
  moduleReferences: z.optional(
    z.array(z.strictObject({ instruction: u32, btf: reference })).check(z.maxLength(65_536)),
  ),
  /** What the verifier says of it is wanted although it takes it. */
  wantsLog: z.optional(z.boolean()),
  /** Modules whose functions it calls: the instruction's offset is the place in this list, from 1. */
  functionModules: z.optional(z.array(reference).check(z.maxLength(256))),
});

/** When the kernel refuses it, the plan goes on, and the step's result says so. */
const isOptional = z.optional(z.boolean());

const attachTracepoint = z.strictObject({
  kind: z.literal("attachTracepoint"),
  program: reference,
  category: eventName,
  name: eventName,
  isOptional,
});

const attachRawTracepoint = z.strictObject({
  kind: z.literal("attachRawTracepoint"),
  program: reference,
  name: eventName,
  isOptional,
});

/** tp_btf, fentry, fexit, fmod_ret, lsm, iter: all is said by the program's expected attach type and BTF id. */
const attachTracing = z.strictObject({
  kind: z.literal("attachTracing"),
  program: reference,
  /** Below bpffs: there an iterator's link is put, and stays; who reads the file runs the program. */
  pinPath: z.optional(path),
  isOptional,
});

const attachKprobe = z.strictObject({
  kind: z.literal("attachKprobe"),
  program: reference,
  /** "vfs_read", or "nf_tables:nft_do_chain" for a module's. */
  symbol: eventName,
  offset: u64,
  isReturn: z.boolean(),
  isOptional,
});

const attachUprobe = z.strictObject({
  kind: z.literal("attachUprobe"),
  program: reference,
  path,
  /** In the file. */
  offset: u64,
  isReturn: z.boolean(),
  /** 0: every process. */
  pid: u32,
  /** File offset of a USDT semaphore; 0: none. */
  referenceCounterOffset: u64,
  /** What the program learns of where it runs. */
  cookie: z.optional(u64),
  isOptional,
});

/** Many functions of the kernel at once. */
const attachKprobeMulti = z.strictObject({
  kind: z.literal("attachKprobeMulti"),
  program: reference,
  symbols: z.array(eventName).check(z.maxLength(65_536)),
  isReturn: z.boolean(),
  /** By symbol, what the program learns of where it runs. */
  cookies: z.optional(z.array(u64).check(z.maxLength(65_536))),
});

/** Many places of a file at once. */
const attachUprobeMulti = z.strictObject({
  kind: z.literal("attachUprobeMulti"),
  program: reference,
  path,
  places: z
    .array(
      z.strictObject({
        offset: u64,
        referenceCounterOffset: z.optional(u64),
        cookie: z.optional(u64),
      }),
    )
    .check(z.maxLength(65_536)),
  isReturn: z.boolean(),
  /** 0: every process. */
  pid: u32,
});

const attachPerfEvent = z.strictObject({
  kind: z.literal("attachPerfEvent"),
  program: reference,
  /** perf_event_attr.type and .config. */
  type: u32,
  config: u64,
  sampling: z.union([
    z.strictObject({ frequency: u64 }),
    /** Events, or nanoseconds for the clocks. */
    z.strictObject({ period: u64 }),
  ]),
  /** "each": one event on every online CPU; "one": on one CPU only. */
  cpus: z.enum(["each", "one"]),
  /** 0: every process. */
  pid: u32,
  /** Memory that is watched: HW_BREAKPOINT_* (include/uapi/linux/hw_breakpoint.h) says for what. */
  breakpoint: z.optional(z.strictObject({ type: u32, address: u64, sizeBytes: u32 })),
  isOptional,
});

/** Runs a raw tracepoint program once, now, through BPF_PROG_TEST_RUN. */
const runProgram = z.strictObject({ kind: z.literal("runProgram"), program: reference });

/** Opens the events of a ring buffer or of a perf event array as a stream. */
const openStream = z.strictObject({
  kind: z.literal("openStream"),
  map: reference,
  /** At most so many bytes are sent beyond what the host has acknowledged. */
  creditBytes: u32,
  /** How long to gather events after the first before they are sent: milliseconds. */
  gatherMilliseconds: u32,
  /** Pages of each CPU's buffer, a power of two; perf event arrays only. */
  perfPages: u32,
  /** An array of one value, best a BPF_F_MMAPABLE one: its first u64 counts the records that did not fit in the buffer. */
  lossMap: z.optional(reference),
});

/**
 * Opens as a stream, with a channel for each CPU, what the kernel records of processes (perf_event_open(2): PERF_RECORD_MMAP2,
 * COMM, FORK, EXIT, LOST, each followed by a u64 of the monotonic clock; MMAP2 with build ids where the kernel has them).
 */
const openTaskStream = z.strictObject({
  kind: z.literal("openTaskStream"),
  /** As those of openStream. */
  creditBytes: u32,
  gatherMilliseconds: u32,
  perfPages: u32,
  /** Of this process and those that it starts from now on; absent: of all. */
  pid: z.optional(u32),
});

export const planStep = z.discriminatedUnion("kind", [
  createMap,
  fillMap,
  fillSlots,
  freezeMap,
  loadBtf,
  openModuleBtf,
  loadProgram,
  attachTracepoint,
  attachRawTracepoint,
  attachTracing,
  attachKprobe,
  attachUprobe,
  attachKprobeMulti,
  attachUprobeMulti,
  attachPerfEvent,
  runProgram,
  openStream,
  openTaskStream,
]);
export type PlanStep = z.infer<typeof planStep>;

export const plan = z.strictObject({ steps: z.array(planStep).check(z.maxLength(4096)) });
export type Plan = z.infer<typeof plan>;

/** One for each step, in order. */
export const planStepResult = z.object({
  /** Names what the step made; absent for fillMap and runProgram. */
  handle: z.optional(handle),
  /** How it was attached, as "perf event link", "PERF_EVENT_IOC_SET_BPF", "kprobe_events"; attach steps only. */
  mechanism: z.optional(text(64)),
  /** Why the kernel refused it; steps that are optional only. */
  refusal: z.optional(text(1024)),
  /** What the verifier said; loadProgram only, where that was wanted. */
  log: z.optional(text(16_777_216)),
  /** What the program returned; runProgram only. */
  returnValue: z.optional(u32),
});
export type PlanStepResult = z.infer<typeof planStepResult>;
