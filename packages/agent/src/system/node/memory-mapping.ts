import { type MapRequest, type NativeMapping } from "../system.js";
import { type Koffi } from "./koffi-binding.js";

/** include/uapi/asm-generic/mman-common.h; the same on every architecture. */
const PROT_READ = 1;
const PROT_WRITE = 2;
/** include/uapi/linux/mman.h */
const MAP_SHARED = 1;

export type MapMemory = (request: MapRequest) => NativeMapping | number;

/** mmap(2), shared, seen through an ArrayBuffer that lies on the mapping itself: nothing is copied. */
export function createMapMemory(koffi: Koffi): MapMemory {
  const libc = koffi.load(null);
  const mmap = libc.func("mmap", "intptr", ["intptr", "size_t", "int", "int", "int", "long"]);
  const munmap = libc.func("munmap", "int", ["intptr", "size_t"]);

  return ({ fd, offset, lengthBytes, isWritable }) => {
    const protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = mmap(0, lengthBytes, protection, MAP_SHARED, fd, offset) as number | bigint;
    if (address === -1) return -koffi.errno();
    const bytes = new Uint8Array(koffi.view(BigInt(address), lengthBytes));
    let isOpen = true;
    return {
      bytes,
      close(): void {
        if (!isOpen) return;
        isOpen = false;
        munmap(address, lengthBytes);
      },
    };
  };
}
