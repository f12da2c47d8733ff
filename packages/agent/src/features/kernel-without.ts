import { type ErrnoName } from "../kernel/errno.js";
import { Kernel } from "../kernel/kernel.js";
import { type SyscallName } from "../system/syscall-numbers.js";
import { decodeCString } from "../kernel/text.js";
import {
  BPF_BTF_LOAD,
  BPF_F_MMAPABLE,
  BPF_LD_IMM64,
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_TYPE_RINGBUF,
  BPF_PERF_EVENT,
  BPF_PROG_LOAD,
  BPF_PROG_TEST_RUN,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PSEUDO_MAP_VALUE,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_UPROBE_MULTI,
} from "../kernel/uapi.js";
import { type System, type SyscallArgument } from "../system/system.js";

/** An instruction of a program that is to be loaded (struct bpf_insn). */
interface Instruction {
  /** Counted in slots of 8 bytes, of which one takes two. */
  readonly slot: number;
  readonly opcode: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
}

/** A bpf(2) as the agent makes it: union bpf_attr of include/uapi/linux/bpf.h. */
interface BpfCall {
  readonly command: number;
  readonly u32: (offset: number) => number;
  /** Of BPF_PROG_LOAD; none of another command. */
  readonly instructions: readonly Instruction[];
}

/** What a kernel without a feature answers, and to what. */
type Lack =
  | { readonly file: RegExp }
  | { readonly errno: ErrnoName; readonly isRefused: (call: BpfCall) => boolean };

const hidden = (file: RegExp): Lack => ({ file });

const refused = (isRefused: (call: BpfCall) => boolean, errno: ErrnoName = "EINVAL"): Lack => ({
  errno,
  isRefused,
});

const withCommand = (...commands: readonly number[]): Lack =>
  refused(({ command }) => commands.includes(command));

/** BPF_JMP | BPF_CALL with no source is a call of a helper. */
const withHelper = (...helpers: readonly number[]): Lack =>
  refused(({ instructions }) =>
    instructions.some(
      ({ opcode, source, immediate }) =>
        opcode === 0x85 && source === 0 && helpers.includes(immediate),
    ),
  );

const withInstruction = (isOne: (instruction: Instruction) => boolean): Lack =>
  refused(({ instructions }) => instructions.some(isOne));

/** Whether some instruction can be come back to: what the verifier's check_cfg() refused before it could follow loops. */
function hasLoop(instructions: readonly Instruction[]): boolean {
  const next = new Map(
    instructions.map((one, index) => [one.slot, followers(instructions, index)]),
  );
  const states = new Map<number, "entered" | "left">();
  const way = [0];
  for (let slot = way.at(-1); slot !== undefined; slot = way.at(-1)) {
    states.set(slot, "entered");
    const rest: readonly number[] = next.get(slot) ?? [];
    if (rest.some((one) => states.get(one) === "entered")) return true;
    const ahead = rest.find((one) => !states.has(one));
    if (ahead !== undefined) {
      way.push(ahead);
      continue;
    }
    states.set(slot, "left");
    way.pop();
  }
  return false;
}

/** The slots that can come after an instruction. */
function followers(instructions: readonly Instruction[], index: number): readonly number[] {
  const one = instructions[index];
  if (one === undefined) return [];
  const following = instructions[index + 1]?.slot;
  const inLine = following === undefined ? [] : [following];
  const kind = one.opcode & 7;
  const operation = one.opcode & 0xf0;
  // BPF_JMP's call goes on, its exit does not, and its jump alone is without condition; BPF_JMP32 has none of these.
  if (kind !== 5 && kind !== 6) return inLine;
  if (kind === 5 && operation === 0x80) return inLine;
  if (kind === 5 && operation === 0x90) return [];
  const target = one.slot + 1 + one.offset;
  return operation === 0 ? [target] : [...inLine, target];
}

/** BPF_MAXINSNS (include/uapi/linux/bpf_common.h): what a program could hold before 5.2. */
const oldInstructionLimit = 4096;

/**
 * What the agent can be told to do without: features by their names in `sonde info`, and beside them the parts of which
 * `kprobe` and `uprobe` have a choice.
 */
const lacks = {
  kprobe_pmu: hidden(/^\/sys\/bus\/event_source\/devices\/kprobe\//),
  kprobe_events: hidden(/\/kprobe_events$/),
  uprobe_pmu: hidden(/^\/sys\/bus\/event_source\/devices\/uprobe\//),
  uprobe_events: hidden(/\/uprobe_events$/),
  perf_event_link: refused(
    ({ command, u32 }) => command === BPF_LINK_CREATE && u32(8) === BPF_PERF_EVENT,
  ),
  tracing_link: refused(
    ({ command, u32 }) => command === BPF_LINK_CREATE && u32(8) !== BPF_PERF_EVENT,
  ),
  raw_tracepoint: refused(
    ({ command, u32 }) => command === BPF_PROG_LOAD && u32(0) === BPF_PROG_TYPE_RAW_TRACEPOINT,
  ),
  program_run: withCommand(BPF_PROG_TEST_RUN),
  ringbuf: refused(
    ({ command, u32 }) => command === BPF_MAP_CREATE && u32(0) === BPF_MAP_TYPE_RINGBUF,
  ),
  map_mmapable: refused(
    ({ command, u32 }) => command === BPF_MAP_CREATE && (u32(16) & BPF_F_MMAPABLE) !== 0,
  ),
  map_value_pointer: withInstruction(
    ({ opcode, source }) => opcode === BPF_LD_IMM64 && source === BPF_PSEUDO_MAP_VALUE,
  ),
  map_batch: withCommand(BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH),
  map_lookup_and_delete: withCommand(BPF_MAP_LOOKUP_AND_DELETE_ELEM),
  probe_read: withHelper(4, 45),
  probe_read_kernel: withHelper(112, 113, 114, 115),
  ktime_get_boot_ns: withHelper(125),
  get_current_task_btf: withHelper(158),
  get_stack: withHelper(67),
  trace_vprintk: withHelper(177),
  bpf_loop: withHelper(181),
  map_lookup_percpu_elem: withHelper(195),
  for_each_map_elem: withHelper(164),
  bounded_loops: refused(({ instructions }) => hasLoop(instructions)),
  // BPF_STX | BPF_ATOMIC of either size, with BPF_FETCH.
  atomic_fetch: withInstruction(
    ({ opcode, immediate }) => (opcode === 0xdb || opcode === 0xc3) && (immediate & 1) !== 0,
  ),
  jump32: withInstruction(({ opcode }) => (opcode & 7) === 6),
  large_program: refused(
    ({ command, u32 }) => command === BPF_PROG_LOAD && u32(4) > oldInstructionLimit,
    "E2BIG",
  ),
  program_btf: withCommand(BPF_BTF_LOAD),
  attach_cookie: withHelper(174),
  kprobe_multi: refused(
    ({ command, u32 }) => command === BPF_LINK_CREATE && u32(8) === BPF_TRACE_KPROBE_MULTI,
  ),
  uprobe_multi: refused(
    ({ command, u32 }) => command === BPF_LINK_CREATE && u32(8) === BPF_TRACE_UPROBE_MULTI,
  ),
  btf: hidden(/^\/sys\/kernel\/btf\//),
} as const satisfies Readonly<Record<string, Lack>>;

export type LackName = keyof typeof lacks;

export const lackNames = Object.keys(lacks).sort() as readonly LackName[];

export function isLackName(name: string): name is LackName {
  return Object.hasOwn(lacks, name);
}

/**
 * A kernel that answers as one without certain features would: for tests of what the agent does then, and for boards
 * whose kernels have them broken. The rest of the agent falls back on these answers as on a kernel's own.
 */
export class KernelWithout extends Kernel {
  readonly #lacks: readonly Lack[];
  /** Buffers whose addresses were asked for since the last system call: what attributes point to. */
  readonly #pointedTo = new Map<bigint, Uint8Array>();

  constructor(system: System, names: readonly LackName[]) {
    super(system);
    this.#lacks = names.map((name) => lacks[name]);
  }

  override call(name: SyscallName, ...args: readonly SyscallArgument[]): number {
    const refusal = this.#refusal(name, args);
    this.#pointedTo.clear();
    return refusal === undefined ? super.call(name, ...args) : -this.errno[refusal];
  }

  override addressOf(bytes: Uint8Array): bigint {
    const address = super.addressOf(bytes);
    this.#pointedTo.set(address, bytes);
    return address;
  }

  #refusal(name: SyscallName, args: readonly SyscallArgument[]): ErrnoName | undefined {
    const [first, second] = args;
    if (!(second instanceof Uint8Array)) return undefined;
    if (name === "openat") {
      const path = decodeCString(second);
      const isHidden = this.#lacks.some((lack) => "file" in lack && lack.file.test(path));
      return isHidden ? "ENOENT" : undefined;
    }
    if (name !== "bpf") return undefined;
    const call = this.#decode(Number(first), second);
    for (const lack of this.#lacks) {
      if ("isRefused" in lack && lack.isRefused(call)) return lack.errno;
    }
    return undefined;
  }

  #decode(command: number, attributes: Uint8Array): BpfCall {
    const view = this.view(attributes);
    const code = this.#pointedTo.get(view.getBigUint64(8, this.isLittleEndian));
    return {
      command,
      u32: (offset) => view.getUint32(offset, this.isLittleEndian),
      instructions:
        command !== BPF_PROG_LOAD || code === undefined ? [] : this.#decodeInstructions(code),
    };
  }

  #decodeInstructions(code: Uint8Array): readonly Instruction[] {
    const view = this.view(code);
    const little = this.isLittleEndian;
    const instructions: Instruction[] = [];
    for (let at = 0; at + 8 <= code.length; at += 8) {
      const opcode = view.getUint8(at);
      const registers = view.getUint8(at + 1);
      instructions.push({
        slot: at / 8,
        opcode,
        source: little ? registers >> 4 : registers & 15,
        offset: view.getInt16(at + 2, little),
        immediate: view.getInt32(at + 4, little),
      });
      // The second slot of a wide constant is none.
      if (opcode === BPF_LD_IMM64) at += 8;
    }
    return instructions;
  }
}
