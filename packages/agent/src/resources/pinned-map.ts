import { type Target } from "../features/target.js";
import { RequestError } from "../kernel/errors.js";
import { type MapAttributes } from "../kernel/bpf.js";

/**
 * A descriptor of the map that is pinned at a path; undefined when there is none. Throws RequestError when that is another map
 * than the one that is wanted, SyscallError.
 */
export function openPinnedMap(
  { kernel, bpf }: Target,
  wanted: MapAttributes,
  path: string,
): number | undefined {
  const action = `open map "${wanted.name}" at ${path}`;
  const result = bpf.openPinned(path);
  if (kernel.isErrno(result, "ENOENT")) return undefined;
  const fd = kernel.check(action, "bpf(BPF_OBJ_GET)", result);
  // struct bpf_map_info (include/uapi/linux/bpf.h): u32 type, id, key_size, value_size, max_entries, map_flags.
  const info = new Uint8Array(88);
  const asked = bpf.objectInfo(fd, info);
  const view = kernel.view(info);
  const number = (at: number): number => view.getUint32(at, kernel.isLittleEndian);
  const isWanted =
    asked >= 0 &&
    number(0) === wanted.type &&
    number(8) === wanted.keySizeBytes &&
    number(12) === wanted.valueSizeBytes &&
    number(16) === wanted.maxEntries &&
    number(20) === wanted.flags;
  if (isWanted) return fd;
  kernel.call("close", fd);
  throw new RequestError(`${action}: what is pinned there is another map`, {
    hint: `remove it on the target: rm ${path}`,
  });
}
