import { openFile, readAt, readTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";

const path = "/proc/self/mem";
/** It has a few pages on every architecture. */
const largestSizeBytes = 65_536n;

/**
 * The library that the kernel maps into every process of our word size (vdso(7)), an ELF file without a file: from our own
 * memory. Empty where there is none. Throws SyscallError.
 */
export function readVdso(kernel: Kernel): Uint8Array {
  const line = /^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$/m.exec(
    readTextFile(kernel, "/proc/self/maps"),
  );
  const [, start, end] = line ?? [];
  if (start === undefined || end === undefined) return new Uint8Array(0);
  const address = BigInt(`0x${start}`);
  const sizeBytes = BigInt(`0x${end}`) - address;
  if (sizeBytes > largestSizeBytes) return new Uint8Array(0);
  const image = new Uint8Array(Number(sizeBytes));
  using memory = openFile(kernel, path);
  return image.subarray(0, readAt(kernel, path, memory.fd, address, image));
}
