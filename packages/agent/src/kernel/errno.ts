import { type Machine } from "../system/system.js";

/** include/uapi/asm-generic/errno-base.h: the same on every architecture. */
const base = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  /** include/linux/errno.h: not for user space, and yet what bpf(2) and perf_event_open(2) answer. */
  ENOTSUPP: 524,
} as const;

/** include/uapi/asm-generic/errno.h: those that the agent's system calls can give. */
const generic = {
  ...base,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  ETIME: 62,
  EPROTO: 71,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EILSEQ: 84,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
  ESTALE: 116,
  ENOMEDIUM: 123,
  ECANCELED: 125,
} as const;

export type ErrnoName = keyof typeof generic;
export type ErrnoNumbers = Readonly<Record<ErrnoName, number>>;

/** arch/mips/include/uapi/asm/errno.h */
const mips: ErrnoNumbers = {
  ...base,
  EDEADLK: 45,
  ENAMETOOLONG: 78,
  ENOSYS: 89,
  ENOTEMPTY: 93,
  ELOOP: 90,
  ENODATA: 61,
  ETIME: 62,
  EPROTO: 71,
  EBADMSG: 77,
  EOVERFLOW: 79,
  EILSEQ: 88,
  ENOTSOCK: 95,
  EMSGSIZE: 97,
  EPROTONOSUPPORT: 120,
  EOPNOTSUPP: 122,
  EAFNOSUPPORT: 124,
  EADDRINUSE: 125,
  EADDRNOTAVAIL: 126,
  ENETUNREACH: 128,
  ECONNABORTED: 130,
  ECONNRESET: 131,
  ENOBUFS: 132,
  ETIMEDOUT: 145,
  ECONNREFUSED: 146,
  EHOSTUNREACH: 148,
  EALREADY: 149,
  EINPROGRESS: 150,
  ESTALE: 151,
  ENOMEDIUM: 159,
  ECANCELED: 158,
};

/** Numbers by name, as this architecture's kernel gives them. */
export function errnoNumbers(architecture: Machine["architecture"]): ErrnoNumbers {
  return architecture === "mips" || architecture === "mipsel" ? mips : generic;
}

/** "EPERM" for 1; "errno 999" for a number without a name here. */
export function formatErrno(numbers: ErrnoNumbers, errno: number): string {
  for (const [name, number] of Object.entries(numbers)) {
    if (number === errno) return name;
  }
  return `errno ${errno}`;
}
