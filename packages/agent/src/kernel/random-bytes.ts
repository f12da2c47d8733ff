import { type Kernel } from "./kernel.js";

/** So many bytes that nobody can guess, from getrandom(2). Throws SyscallError. */
export function readRandomBytes(kernel: Kernel, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const rest = bytes.subarray(done);
    done += kernel.require("make random bytes", "getrandom", rest, rest.length, 0);
  }
  return bytes;
}
