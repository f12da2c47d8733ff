import { type Kernel } from "./kernel.js";
import { encodeCString } from "./text.js";
import { AT_EMPTY_PATH, AT_FDCWD, S_IFMT, STATX_BASIC_STATS } from "./uapi.js";

/** include/uapi/linux/fcntl.h */
const AT_SYMLINK_NOFOLLOW = 0x100;

/** What stands at a path. */
export interface PathStatus {
  /** S_IFREG and the like. */
  readonly type: number;
  /** Who may do what, as chmod(1) takes it. */
  readonly permissions: number;
  /** The user's number. */
  readonly owner: number;
  readonly sizeBytes: bigint;
  readonly inode: bigint;
}

/** What stands at a path, links not followed; undefined when there is nothing. Throws SyscallError. */
export function statPath(kernel: Kernel, path: string): PathStatus | undefined {
  return statx(kernel, path, AT_FDCWD, encodeCString(path), AT_SYMLINK_NOFOLLOW);
}

/** Of an open file. Throws SyscallError. */
export function statOpen(kernel: Kernel, path: string, fd: number): PathStatus | undefined {
  return statx(kernel, path, fd, encodeCString(""), AT_EMPTY_PATH);
}

/** statx(2) (include/uapi/linux/stat.h, struct statx: the same everywhere). */
function statx(
  kernel: Kernel,
  path: string,
  folder: number,
  name: Uint8Array,
  flags: number,
): PathStatus | undefined {
  const buffer = new Uint8Array(256);
  const result = kernel.call("statx", folder, name, flags, STATX_BASIC_STATS, buffer);
  if (kernel.isErrno(result, "ENOENT")) return undefined;
  kernel.check(`stat ${path}`, "statx", result);
  const view = kernel.view(buffer);
  const little = kernel.isLittleEndian;
  const mode = view.getUint16(0x1c, little);
  return {
    type: mode & S_IFMT,
    permissions: mode & ~S_IFMT,
    owner: view.getUint32(0x14, little),
    sizeBytes: view.getBigUint64(0x28, little),
    inode: view.getBigUint64(0x20, little),
  };
}

/** Whether it was removed. */
export function removeFile(kernel: Kernel, path: string): boolean {
  return kernel.call("unlinkat", AT_FDCWD, encodeCString(path), 0) === 0;
}

/** The folder that a path lies in. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  if (end === -1) return ".";
  return end === 0 ? "/" : path.slice(0, end);
}
