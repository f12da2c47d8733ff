import { type Machine } from "../system/system.js";

/** Flags of openat(2), which differ from one architecture to the next. */
export interface OpenFlags {
  readonly O_WRONLY: number;
  readonly O_RDWR: number;
  readonly O_CREAT: number;
  readonly O_APPEND: number;
  readonly O_NONBLOCK: number;
  readonly O_NOCTTY: number;
  readonly O_DIRECTORY: number;
  readonly O_LARGEFILE: number;
  readonly O_CLOEXEC: number;
  readonly O_PATH: number;
}

/** include/uapi/asm-generic/fcntl.h */
const generic: OpenFlags = {
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_NOCTTY: 0o400,
  O_APPEND: 0o2_000,
  O_NONBLOCK: 0o4_000,
  O_LARGEFILE: 0o100_000,
  O_DIRECTORY: 0o200_000,
  O_CLOEXEC: 0o2_000_000,
  O_PATH: 0o10_000_000,
};

/** arch/{arm,arm64}/include/uapi/asm/fcntl.h */
const arm: OpenFlags = { ...generic, O_DIRECTORY: 0o40_000, O_LARGEFILE: 0o400_000 };

/** arch/powerpc/include/uapi/asm/fcntl.h */
const powerpc: OpenFlags = { ...generic, O_DIRECTORY: 0o40_000, O_LARGEFILE: 0o200_000 };

/** arch/mips/include/uapi/asm/fcntl.h */
const mips: OpenFlags = {
  ...generic,
  O_APPEND: 0x8,
  O_CREAT: 0x100,
  O_NONBLOCK: 0x80,
  O_NOCTTY: 0x800,
  O_LARGEFILE: 0x2000,
};

/** The flags as the agent's own process must spell them. */
export function openFlags(architecture: Machine["architecture"]): OpenFlags {
  switch (architecture) {
    case "arm":
    case "arm64":
      return arm;
    case "ppc64":
      return powerpc;
    case "mips":
    case "mipsel":
      return mips;
    default:
      return generic;
  }
}
