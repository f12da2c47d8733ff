import { type Target } from "../features/target.js";
import { formatErrno } from "../kernel/errno.js";
import { HandleError, MissingError, VerifierError } from "../kernel/errors.js";
import { decodeCString } from "../kernel/text.js";
import { withLockedMemory } from "./memory-limit.js";
import { type Resource } from "./resource.js";

/** What the kernel says of types that it refuses; its last words count, which come first to be cut. */
const logSizeBytes = 65_536;
/** MODULE_NAME_LEN of the kernel is 56 on 32 bits, 64 - 8 on 64. */
const nameSizeBytes = 64;

/** Types in the kernel: an object's own, or a module's. */
export class LoadedBtf implements Resource {
  readonly name: string;
  #fd: number;

  private constructor(name: string, fd: number) {
    this.name = name;
    this.#fd = fd;
  }

  /** Throws VerifierError with what the kernel says of them, SyscallError. */
  static load({ kernel, bpf }: Target, data: Uint8Array): LoadedBtf {
    const action = "load types";
    const fd = withLockedMemory(kernel, () => bpf.loadBtf(data));
    if (fd >= 0) return new LoadedBtf("types", fd);
    const log = new Uint8Array(logSizeBytes);
    const again = bpf.loadBtf(data, log);
    if (again >= 0) return new LoadedBtf("types", again);
    const text = decodeCString(log);
    if (text === "") throw kernel.failure(action, "bpf(BPF_BTF_LOAD)", -fd);
    throw new VerifierError(action, -fd, formatErrno(kernel.errno, -fd), text);
  }

  /** The types of a module that is loaded. Throws MissingError, SyscallError. */
  static openModule(target: Target, module: string): LoadedBtf {
    const { kernel, bpf } = target;
    const action = `open types of module ${module}`;
    for (let id = 0; ;) {
      const next = bpf.nextBtfId(id);
      if (kernel.isErrno(next.result, "ENOENT")) break;
      kernel.check(action, "bpf(BPF_BTF_GET_NEXT_ID)", next.result);
      id = next.id;
      const fd = bpf.openBtf(id);
      // It may have gone between the two calls.
      if (kernel.isErrno(fd, "ENOENT")) continue;
      kernel.check(action, "bpf(BPF_BTF_GET_FD_BY_ID)", fd);
      if (isKernelBtf(target, fd, module)) return new LoadedBtf(module, fd);
      kernel.call("close", fd);
    }
    throw new MissingError(`${action}: no such module is loaded, or it has no types`);
  }

  /** Throws HandleError once they are closed. */
  get fd(): number {
    if (this.#fd < 0) throw new HandleError(`types "${this.name}" are closed`);
    return this.#fd;
  }

  release(): readonly number[] {
    const fd = this.#fd;
    this.#fd = -1;
    return [fd];
  }
}

/** struct bpf_btf_info (include/uapi/linux/bpf.h): u64 btf, u32 size, u32 id, u64 name, u32 name_len, u32 kernel_btf. */
function isKernelBtf({ kernel, bpf }: Target, fd: number, module: string): boolean {
  const name = new Uint8Array(nameSizeBytes);
  const info = new Uint8Array(32);
  const view = kernel.view(info);
  view.setBigUint64(16, kernel.addressOf(name), kernel.isLittleEndian);
  view.setUint32(24, name.length, kernel.isLittleEndian);
  // One whose name is longer than there is room for is not the one.
  if (bpf.objectInfo(fd, info) < 0) return false;
  const isOfKernel = view.getUint32(28, kernel.isLittleEndian) !== 0;
  return isOfKernel && decodeCString(name) === module;
}
