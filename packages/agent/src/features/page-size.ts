import { SyscallError } from "../kernel/errors.js";
import { readFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { AT_PAGESZ } from "../kernel/uapi.js";

/** Of the kernel, from the auxiliary vector; 4096 when it cannot be read. */
export function readPageSize(kernel: Kernel): number {
  try {
    return findPageSize(kernel, readFile(kernel, "/proc/self/auxv")) ?? 4096;
  } catch (error) {
    // Without procfs nothing else of the agent works either; the commonest size will do until then.
    if (error instanceof SyscallError) return 4096;
    throw error;
  }
}

/** Pairs of words of the process's own size (fs/binfmt_elf.c, create_elf_tables). */
function findPageSize(kernel: Kernel, auxv: Uint8Array): number | undefined {
  const view = kernel.view(auxv);
  const size = kernel.machine.pointerSize;
  const word = (offset: number): bigint =>
    size === 8
      ? view.getBigUint64(offset, kernel.isLittleEndian)
      : BigInt(view.getUint32(offset, kernel.isLittleEndian));
  for (let offset = 0; offset + 2 * size <= auxv.length; offset += 2 * size) {
    if (word(offset) === BigInt(AT_PAGESZ)) return Number(word(offset + size));
  }
  return undefined;
}
