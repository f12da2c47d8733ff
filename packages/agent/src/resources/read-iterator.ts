import { joinBytes } from "@sonde/protocol";
import { type Target } from "../features/target.js";
import { type Pacer } from "./pacer.js";

/** At a time: the kernel's own buffer has 8 pages. */
const pieceSizeBytes = 32_768;

/** Runs an iterator's program and reads what it writes, so much at most. Throws SyscallError. */
export async function readIterator(
  { kernel, bpf }: Target,
  link: number,
  limitBytes: number,
  pacer: Pacer,
): Promise<{ readonly data: Uint8Array; readonly isEnd: boolean }> {
  const action = "read an iterator";
  const fd = kernel.check(action, "bpf(BPF_ITER_CREATE)", bpf.createIterator(link));
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for (let isEnd = false; ;) {
      await pacer.pause();
      const piece = new Uint8Array(Math.min(pieceSizeBytes, limitBytes - sizeBytes));
      const count =
        piece.length === 0 ? 0 : kernel.require(action, "read", fd, piece, piece.length);
      isEnd = piece.length > 0 && count === 0;
      if (count === 0) return { data: joinBytes(pieces, sizeBytes), isEnd };
      pieces.push(piece.subarray(0, count));
      sizeBytes += count;
    }
  } finally {
    kernel.call("close", fd);
  }
}
