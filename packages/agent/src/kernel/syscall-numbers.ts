import { type Machine } from "../system/system.js";

/** The system calls that the agent makes, by the kernel's names. */
export type SyscallName =
  | "bpf"
  | "perf_event_open"
  | "ioctl"
  | "openat"
  | "read"
  | "pread64"
  | "write"
  | "close"
  | "getdents64"
  | "readlinkat"
  | "statx"
  | "clock_gettime"
  | "getrandom"
  | "uname"
  | "mount"
  | "getpid"
  | "prlimit64"
  | "flock";

/** `clock_gettime64` is there only where the older call has 32-bit seconds. */
export type SyscallNumbers = Readonly<Record<SyscallName, number>> & {
  readonly clock_gettime64?: number;
};

/** include/uapi/asm-generic/unistd.h: arm64, riscv64 and loong64 share it. */
const generic: SyscallNumbers = {
  bpf: 280,
  perf_event_open: 241,
  ioctl: 29,
  openat: 56,
  read: 63,
  pread64: 67,
  write: 64,
  close: 57,
  getdents64: 61,
  readlinkat: 78,
  statx: 291,
  clock_gettime: 113,
  getrandom: 278,
  uname: 160,
  mount: 40,
  getpid: 172,
  prlimit64: 261,
  flock: 32,
};

/** arch/x86/entry/syscalls/syscall_64.tbl */
const x64: SyscallNumbers = {
  bpf: 321,
  perf_event_open: 298,
  ioctl: 16,
  openat: 257,
  read: 0,
  pread64: 17,
  write: 1,
  close: 3,
  getdents64: 217,
  readlinkat: 267,
  statx: 332,
  clock_gettime: 228,
  getrandom: 318,
  uname: 63,
  mount: 165,
  getpid: 39,
  prlimit64: 302,
  flock: 73,
};

/** arch/x86/entry/syscalls/syscall_32.tbl */
const ia32: SyscallNumbers = {
  bpf: 357,
  perf_event_open: 336,
  ioctl: 54,
  openat: 295,
  read: 3,
  pread64: 180,
  write: 4,
  close: 6,
  getdents64: 220,
  readlinkat: 305,
  statx: 383,
  clock_gettime: 265,
  clock_gettime64: 403,
  getrandom: 355,
  uname: 122,
  mount: 21,
  getpid: 20,
  prlimit64: 340,
  flock: 143,
};

/** arch/arm/tools/syscall.tbl, EABI */
const arm: SyscallNumbers = {
  bpf: 386,
  perf_event_open: 364,
  ioctl: 54,
  openat: 322,
  read: 3,
  pread64: 180,
  write: 4,
  close: 6,
  getdents64: 217,
  readlinkat: 332,
  statx: 397,
  clock_gettime: 263,
  clock_gettime64: 403,
  getrandom: 384,
  uname: 122,
  mount: 21,
  getpid: 20,
  prlimit64: 369,
  flock: 143,
};

/** arch/mips/kernel/syscalls/syscall_o32.tbl */
const mips: SyscallNumbers = {
  bpf: 4355,
  perf_event_open: 4333,
  ioctl: 4054,
  openat: 4288,
  read: 4003,
  pread64: 4200,
  write: 4004,
  close: 4006,
  getdents64: 4219,
  readlinkat: 4298,
  statx: 4366,
  clock_gettime: 4263,
  clock_gettime64: 4403,
  getrandom: 4353,
  uname: 4122,
  mount: 4021,
  getpid: 4020,
  prlimit64: 4338,
  flock: 4143,
};

/** arch/powerpc/kernel/syscalls/syscall.tbl, 64-bit */
const ppc64: SyscallNumbers = {
  bpf: 361,
  perf_event_open: 319,
  ioctl: 54,
  openat: 286,
  read: 3,
  pread64: 179,
  write: 4,
  close: 6,
  getdents64: 202,
  readlinkat: 296,
  statx: 383,
  clock_gettime: 246,
  getrandom: 359,
  uname: 122,
  mount: 21,
  getpid: 20,
  prlimit64: 325,
  flock: 143,
};

/** arch/s390/kernel/syscalls/syscall.tbl, 64-bit */
const s390x: SyscallNumbers = {
  bpf: 351,
  perf_event_open: 331,
  ioctl: 54,
  openat: 288,
  read: 3,
  pread64: 180,
  write: 4,
  close: 6,
  getdents64: 220,
  readlinkat: 298,
  statx: 379,
  clock_gettime: 260,
  getrandom: 349,
  uname: 122,
  mount: 21,
  getpid: 20,
  prlimit64: 334,
  flock: 143,
};

/** Numbers of the agent's own process, which may be a 32-bit one on a 64-bit kernel. */
export const syscallNumbers: Readonly<Record<Machine["architecture"], SyscallNumbers>> = {
  x64,
  ia32,
  arm,
  arm64: generic,
  riscv64: generic,
  loong64: generic,
  mips,
  mipsel: mips,
  ppc64,
  s390x,
};
