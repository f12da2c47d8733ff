import { type Machine } from "./system.js";

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
  | "flock"
  | "fcntl"
  | "writev"
  | "socket"
  | "bind"
  | "listen"
  | "accept4"
  | "connect"
  | "getsockname"
  | "setsockopt"
  | "shutdown"
  | "epoll_create1"
  | "epoll_ctl"
  | "epoll_pwait"
  | "rt_sigprocmask"
  | "signalfd4"
  | "clone"
  | "execve"
  | "wait4"
  | "exit_group"
  | "setsid"
  | "dup3"
  | "chdir"
  | "mkdirat"
  | "unlinkat"
  | "fchmodat"
  | "umask"
  | "geteuid"
  | "getcwd"
  | "pipe2"
  | "kill"
  | "setpriority"
  | "sched_setaffinity";

/** `clock_gettime64` is there only where the older call has 32-bit seconds; `geteuid` is the one with 32 bits everywhere. */
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
  fcntl: 25,
  writev: 66,
  socket: 198,
  bind: 200,
  listen: 201,
  accept4: 242,
  connect: 203,
  getsockname: 204,
  setsockopt: 208,
  shutdown: 210,
  epoll_create1: 20,
  epoll_ctl: 21,
  epoll_pwait: 22,
  rt_sigprocmask: 135,
  signalfd4: 74,
  clone: 220,
  execve: 221,
  wait4: 260,
  exit_group: 94,
  setsid: 157,
  dup3: 24,
  chdir: 49,
  mkdirat: 34,
  unlinkat: 35,
  fchmodat: 53,
  umask: 166,
  geteuid: 175,
  getcwd: 17,
  pipe2: 59,
  kill: 129,
  setpriority: 140,
  sched_setaffinity: 122,
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
  fcntl: 72,
  writev: 20,
  socket: 41,
  bind: 49,
  listen: 50,
  accept4: 288,
  connect: 42,
  getsockname: 51,
  setsockopt: 54,
  shutdown: 48,
  epoll_create1: 291,
  epoll_ctl: 233,
  epoll_pwait: 281,
  rt_sigprocmask: 14,
  signalfd4: 289,
  clone: 56,
  execve: 59,
  wait4: 61,
  exit_group: 231,
  setsid: 112,
  dup3: 292,
  chdir: 80,
  mkdirat: 258,
  unlinkat: 263,
  fchmodat: 268,
  umask: 95,
  geteuid: 107,
  getcwd: 79,
  pipe2: 293,
  kill: 62,
  setpriority: 141,
  sched_setaffinity: 203,
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
  fcntl: 55,
  writev: 146,
  socket: 359,
  bind: 361,
  listen: 363,
  accept4: 364,
  connect: 362,
  getsockname: 367,
  setsockopt: 366,
  shutdown: 373,
  epoll_create1: 329,
  epoll_ctl: 255,
  epoll_pwait: 319,
  rt_sigprocmask: 175,
  signalfd4: 327,
  clone: 120,
  execve: 11,
  wait4: 114,
  exit_group: 252,
  setsid: 66,
  dup3: 330,
  chdir: 12,
  mkdirat: 296,
  unlinkat: 301,
  fchmodat: 306,
  umask: 60,
  geteuid: 201,
  getcwd: 183,
  pipe2: 331,
  kill: 37,
  setpriority: 97,
  sched_setaffinity: 241,
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
  fcntl: 55,
  writev: 146,
  socket: 281,
  bind: 282,
  listen: 284,
  accept4: 366,
  connect: 283,
  getsockname: 286,
  setsockopt: 294,
  shutdown: 293,
  epoll_create1: 357,
  epoll_ctl: 251,
  epoll_pwait: 346,
  rt_sigprocmask: 175,
  signalfd4: 355,
  clone: 120,
  execve: 11,
  wait4: 114,
  exit_group: 248,
  setsid: 66,
  dup3: 358,
  chdir: 12,
  mkdirat: 323,
  unlinkat: 328,
  fchmodat: 333,
  umask: 60,
  geteuid: 201,
  getcwd: 183,
  pipe2: 359,
  kill: 37,
  setpriority: 97,
  sched_setaffinity: 241,
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
  fcntl: 4055,
  writev: 4146,
  socket: 4183,
  bind: 4169,
  listen: 4174,
  accept4: 4334,
  connect: 4170,
  getsockname: 4172,
  setsockopt: 4181,
  shutdown: 4182,
  epoll_create1: 4326,
  epoll_ctl: 4249,
  epoll_pwait: 4313,
  rt_sigprocmask: 4195,
  signalfd4: 4324,
  clone: 4120,
  execve: 4011,
  wait4: 4114,
  exit_group: 4246,
  setsid: 4066,
  dup3: 4327,
  chdir: 4012,
  mkdirat: 4289,
  unlinkat: 4294,
  fchmodat: 4299,
  umask: 4060,
  geteuid: 4049,
  getcwd: 4203,
  pipe2: 4328,
  kill: 4037,
  setpriority: 4097,
  sched_setaffinity: 4239,
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
  fcntl: 55,
  writev: 146,
  socket: 326,
  bind: 327,
  listen: 329,
  accept4: 344,
  connect: 328,
  getsockname: 331,
  setsockopt: 339,
  shutdown: 338,
  epoll_create1: 315,
  epoll_ctl: 237,
  epoll_pwait: 303,
  rt_sigprocmask: 174,
  signalfd4: 313,
  clone: 120,
  execve: 11,
  wait4: 114,
  exit_group: 234,
  setsid: 66,
  dup3: 316,
  chdir: 12,
  mkdirat: 287,
  unlinkat: 292,
  fchmodat: 297,
  umask: 60,
  geteuid: 49,
  getcwd: 182,
  pipe2: 317,
  kill: 37,
  setpriority: 97,
  sched_setaffinity: 222,
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
  fcntl: 55,
  writev: 146,
  socket: 359,
  bind: 361,
  listen: 363,
  accept4: 364,
  connect: 362,
  getsockname: 367,
  setsockopt: 366,
  shutdown: 373,
  epoll_create1: 327,
  epoll_ctl: 250,
  epoll_pwait: 312,
  rt_sigprocmask: 175,
  signalfd4: 322,
  clone: 120,
  execve: 11,
  wait4: 114,
  exit_group: 248,
  setsid: 66,
  dup3: 326,
  chdir: 12,
  mkdirat: 289,
  unlinkat: 294,
  fchmodat: 299,
  umask: 60,
  geteuid: 201,
  getcwd: 183,
  pipe2: 325,
  kill: 37,
  setpriority: 97,
  sched_setaffinity: 239,
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
