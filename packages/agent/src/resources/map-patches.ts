import { type Kernel } from "../kernel/kernel.js";
import { RequestError } from "../kernel/errors.js";
import {
  BPF_LD_IMM64,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
} from "../kernel/uapi.js";

/** Where a program's instructions take a map. */
export interface MapPatch {
  /** Index of an LD_IMM64, in instructions. */
  readonly instruction: number;
  readonly map: number;
  /** Set: a pointer to this offset in the map's only value, else the map. */
  readonly valueOffset: number | undefined;
}

/** Where they take a module's BTF, in the second half of a BTF_ID load. */
export interface ModulePatch {
  readonly instruction: number;
  readonly btf: number;
}

/** What goes into a program's instructions, and what they may refer to by place. */
export interface DescriptorPatches {
  readonly maps: readonly MapPatch[];
  readonly modules: readonly ModulePatch[];
  /** How many modules' functions it can call. */
  readonly functionModuleCount: number;
}

const slotSizeBytes = 8;

/** BPF_JMP | BPF_CALL (include/uapi/linux/bpf.h). */
const callOpcode = 0x85;

/** Whatever of an LD_IMM64 names a descriptor of this process, which a host must not do by itself. */
const descriptorSources = [
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
];

/**
 * A copy of the instructions with descriptors put in. Throws RequestError for a patch that is not on an LD_IMM64, and for
 * instructions that name descriptors on their own: those are other sessions', or the agent's.
 */
export function patchDescriptors(
  kernel: Kernel,
  action: string,
  instructions: Uint8Array,
  { maps, modules, functionModuleCount }: DescriptorPatches,
): Uint8Array {
  if (instructions.length === 0 || instructions.length % slotSizeBytes !== 0) {
    throw new RequestError(`${action}: ${instructions.length} bytes are no whole instructions`);
  }
  const code = Uint8Array.from(instructions);
  const wide = findWideInstructions(kernel, code);
  const patched = new Set<number>();
  for (const patch of maps) {
    if (!wide.has(patch.instruction)) {
      throw new RequestError(`${action}: instruction ${patch.instruction} takes no map`);
    }
    writePatch(kernel, code, patch);
    patched.add(patch.instruction);
  }
  for (const { instruction, btf } of modules) {
    const second = (instruction + 1) * slotSizeBytes + 4;
    if (wide.get(instruction) !== BPF_PSEUDO_BTF_ID || second + 4 > code.length) {
      throw new RequestError(`${action}: instruction ${instruction} takes no module's variable`);
    }
    kernel.view(code).setInt32(second, btf, kernel.isLittleEndian);
    patched.add(instruction);
  }
  refuseOtherModules(kernel, action, code, functionModuleCount);
  for (const [index, source] of wide) {
    if (patched.has(index)) continue;
    if (descriptorSources.includes(source) || namesModuleBtf(kernel, code, index, source)) {
      throw new RequestError(`${action}: instruction ${index} names a file descriptor`);
    }
  }
  return code;
}

/** The kernel takes the descriptors that calls refer to from a list, and does not know where that ends. */
function refuseOtherModules(kernel: Kernel, action: string, code: Uint8Array, count: number): void {
  const view = kernel.view(code);
  for (let index = 0; index * slotSizeBytes < code.length; index++) {
    const at = index * slotSizeBytes;
    if (code[at] === BPF_LD_IMM64) index++;
    if (code[at] !== callOpcode) continue;
    const registers = view.getUint8(at + 1);
    const source = kernel.isLittleEndian ? registers >> 4 : registers & 0xf;
    if (source !== BPF_PSEUDO_KFUNC_CALL) continue;
    const module = view.getInt16(at + 2, kernel.isLittleEndian);
    if (module < 0 || module > count) {
      throw new RequestError(
        `${action}: instruction ${index} calls into module ${module} of ${count}`,
      );
    }
  }
}

/** The source register of every LD_IMM64, by its index. */
function findWideInstructions(kernel: Kernel, code: Uint8Array): Map<number, number> {
  const found = new Map<number, number>();
  for (let index = 0; index * slotSizeBytes < code.length; index++) {
    if (code[index * slotSizeBytes] !== BPF_LD_IMM64) continue;
    const registers = code[index * slotSizeBytes + 1] ?? 0;
    found.set(index, kernel.isLittleEndian ? registers >> 4 : registers & 0xf);
    index++;
  }
  return found;
}

/** The second half of a BTF_ID load is the descriptor of a module's BTF; 0 stands for the kernel's own. */
function namesModuleBtf(kernel: Kernel, code: Uint8Array, index: number, source: number): boolean {
  const second = (index + 1) * slotSizeBytes + 4;
  if (source !== BPF_PSEUDO_BTF_ID || second + 4 > code.length) return false;
  return kernel.view(code).getUint32(second, kernel.isLittleEndian) !== 0;
}

/** struct bpf_insn: opcode, registers (dst and src in one byte), off s16, imm s32; then the second slot's imm. */
function writePatch(kernel: Kernel, code: Uint8Array, patch: MapPatch): void {
  const little = kernel.isLittleEndian;
  const view = kernel.view(code);
  const at = patch.instruction * slotSizeBytes;
  const source = patch.valueOffset === undefined ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
  const registers = view.getUint8(at + 1);
  view.setUint8(at + 1, little ? (registers & 0x0f) | (source << 4) : (registers & 0xf0) | source);
  view.setInt32(at + 4, patch.map, little);
  if (at + 2 * slotSizeBytes <= code.length) {
    view.setUint32(at + slotSizeBytes + 4, patch.valueOffset ?? 0, little);
  }
}
