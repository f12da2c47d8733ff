import { type Kernel } from "../kernel/kernel.js";
import { RequestError } from "../kernel/errors.js";
import {
  BPF_LD_IMM64,
  BPF_PSEUDO_BTF_ID,
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

const slotSizeBytes = 8;

/** Whatever of an LD_IMM64 names a descriptor of this process, which a host must not do by itself. */
const descriptorSources = [
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
];

/**
 * A copy of the instructions with descriptors of maps put in. Throws RequestError for a patch that is not on an
 * LD_IMM64, and for instructions that name descriptors on their own: those are other sessions', or the agent's.
 */
export function patchMaps(
  kernel: Kernel,
  action: string,
  instructions: Uint8Array,
  patches: readonly MapPatch[],
): Uint8Array {
  if (instructions.length === 0 || instructions.length % slotSizeBytes !== 0) {
    throw new RequestError(`${action}: ${instructions.length} bytes are no whole instructions`);
  }
  const code = Uint8Array.from(instructions);
  const wide = findWideInstructions(kernel, code);
  const patched = new Set<number>();
  for (const patch of patches) {
    if (!wide.has(patch.instruction)) {
      throw new RequestError(`${action}: instruction ${patch.instruction} takes no map`);
    }
    writePatch(kernel, code, patch);
    patched.add(patch.instruction);
  }
  for (const [index, source] of wide) {
    if (patched.has(index)) continue;
    if (descriptorSources.includes(source) || namesModuleBtf(kernel, code, index, source)) {
      throw new RequestError(`${action}: instruction ${index} names a file descriptor`);
    }
  }
  return code;
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
