import { decodeUtf8, joinBytes } from "@sonde/protocol";
import { SyscallError } from "./errors.js";
import { type Kernel } from "./kernel.js";
import { OwnedFd } from "./owned-fd.js";
import { encodeCString } from "./text.js";
import { AT_EMPTY_PATH, AT_FDCWD, S_IFMT, STATX_BASIC_STATS } from "./uapi.js";

/** Files of procfs and sysfs are small; the few that are not are read in parts. */
const wholeFileLimit = 4 << 20;
const chunkSizeBytes = 16_384;

/** Opens a file. Throws SyscallError. */
export function openFile(kernel: Kernel, path: string, flags = 0): OwnedFd {
  const { O_CLOEXEC, O_LARGEFILE, O_NOCTTY } = kernel.openFlags;
  const all = flags | O_CLOEXEC | O_LARGEFILE | O_NOCTTY;
  const fd = kernel.require(`open ${path}`, "openat", AT_FDCWD, encodeCString(path), all, 0);
  return new OwnedFd(kernel, fd);
}

/** A small file's bytes. Throws SyscallError; what lies beyond 4 MiB is not read. */
export function readFile(kernel: Kernel, path: string): Uint8Array {
  using file = openFile(kernel, path);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  while (sizeBytes < wholeFileLimit) {
    const chunk = new Uint8Array(chunkSizeBytes);
    const length = readOnce(kernel, path, file.fd, chunk);
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    sizeBytes += length;
  }
  return joinBytes(chunks, sizeBytes);
}

export function readTextFile(kernel: Kernel, path: string): string {
  return decodeUtf8(readFile(kernel, path));
}

/** A file's text without the blanks around it, or `undefined` when it cannot be read. */
export function tryReadTextFile(kernel: Kernel, path: string): string | undefined {
  try {
    return readTextFile(kernel, path).trim();
  } catch (error) {
    // Absent, or not ours to read: to whoever asks this way the two are the same.
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

/** At most `target.length` bytes at an offset; fewer only at the end of the file. */
export function readAt(
  kernel: Kernel,
  path: string,
  fd: number,
  offset: bigint,
  target: Uint8Array,
): number {
  let done = 0;
  while (done < target.length) {
    const rest = target.subarray(done);
    const result = readPart(kernel, fd, offset + BigInt(done), rest);
    if (kernel.isErrno(result, "EINTR")) continue;
    const length = kernel.check(`read ${path}`, "pread64", result);
    if (length === 0) break;
    done += length;
  }
  return done;
}

/** pread64(2), whose 64-bit offset 32-bit processes pass in two registers, on some after a gap. */
function readPart(kernel: Kernel, fd: number, offset: bigint, target: Uint8Array): number {
  const { architecture, pointerSize } = kernel.machine;
  if (pointerSize === 8) return kernel.call("pread64", fd, target, target.length, offset);
  const low = Number(offset & 0xffff_ffffn) | 0;
  const high = Number((offset >> 32n) & 0xffff_ffffn) | 0;
  const halves = kernel.isLittleEndian ? ([low, high] as const) : ([high, low] as const);
  // arch/x86/entry/syscalls/syscall_32.tbl takes them right after the count; arm and mips in an even pair.
  if (architecture === "ia32") return kernel.call("pread64", fd, target, target.length, ...halves);
  return kernel.call("pread64", fd, target, target.length, 0, ...halves);
}

function readOnce(kernel: Kernel, path: string, fd: number, target: Uint8Array): number {
  for (;;) {
    const result = kernel.call("read", fd, target, target.length);
    if (!kernel.isErrno(result, "EINTR")) return kernel.check(`read ${path}`, "read", result);
  }
}

/** Appends one line, in one write(2), as the control files of tracefs want it. Throws SyscallError. */
export function appendLine(kernel: Kernel, path: string, line: string): void {
  const { O_WRONLY, O_APPEND } = kernel.openFlags;
  using file = openFile(kernel, path, O_WRONLY | O_APPEND);
  const bytes = encodeCString(`${line}\n`).subarray(0, -1);
  kernel.require(`write "${line}" to ${path}`, "write", file.fd, bytes, bytes.length);
}

/** Names in a directory, sorted, without "." and "..". Throws SyscallError. */
export function listDirectory(kernel: Kernel, path: string): string[] {
  using directory = openFile(kernel, path, kernel.openFlags.O_DIRECTORY);
  return listOpenDirectory(kernel, path, directory.fd);
}

export function listOpenDirectory(kernel: Kernel, path: string, fd: number): string[] {
  const names: string[] = [];
  const buffer = new Uint8Array(32_768);
  for (;;) {
    const length = kernel.require(`list ${path}`, "getdents64", fd, buffer, buffer.length);
    if (length === 0) return names.sort();
    collectNames(kernel, buffer.subarray(0, length), names);
  }
}

/** struct linux_dirent64 (include/linux/dirent.h): ino u64, off s64, reclen u16, type u8, name. */
function collectNames(kernel: Kernel, entries: Uint8Array, names: string[]): void {
  const view = kernel.view(entries);
  for (let offset = 0; offset + 19 <= entries.length;) {
    const length = view.getUint16(offset + 16, kernel.isLittleEndian);
    const start = offset + 19;
    const end = entries.indexOf(0, start);
    const name = decodeUtf8(entries.subarray(start, end));
    if (name !== "." && name !== "..") names.push(name);
    offset += length;
  }
}

/** Where a symbolic link points. Throws SyscallError. */
export function readLink(kernel: Kernel, path: string): string {
  const target = new Uint8Array(4096);
  const name = encodeCString(path);
  const action = `read link ${path}`;
  const length = kernel.require(action, "readlinkat", AT_FDCWD, name, target, target.length);
  return decodeUtf8(target.subarray(0, length));
}

/** Of an open file. */
export interface FileStatus {
  readonly type: number;
  readonly sizeBytes: bigint;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
  readonly device: bigint;
  readonly inode: bigint;
}

/** statx(2) of an open descriptor (include/uapi/linux/stat.h, struct statx: the same everywhere). */
export function statFd(kernel: Kernel, path: string, fd: number): FileStatus {
  const buffer = new Uint8Array(256);
  const empty = encodeCString("");
  const action = `stat ${path}`;
  kernel.require(action, "statx", fd, empty, AT_EMPTY_PATH, STATX_BASIC_STATS, buffer);
  const view = kernel.view(buffer);
  const little = kernel.isLittleEndian;
  const seconds = view.getBigInt64(0x70, little);
  const nanoseconds = BigInt(view.getUint32(0x78, little));
  const modified = seconds * 1_000_000_000n + nanoseconds;
  return {
    type: view.getUint16(0x1c, little) & S_IFMT,
    sizeBytes: view.getBigUint64(0x28, little),
    modified: modified < 0n ? 0n : modified,
    device: (BigInt(view.getUint32(0x88, little)) << 32n) | BigInt(view.getUint32(0x8c, little)),
    inode: view.getBigUint64(0x20, little),
  };
}
