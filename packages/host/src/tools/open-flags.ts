import { type TargetDescription } from "../spec/target-description.js";
import { ToolOptionError } from "./tool.js";

type FlagTable = Readonly<Record<string, number>>;

/** Flags of open(2), include/uapi/asm-generic/fcntl.h; O_RDONLY is none at all. */
const genericFlags: FlagTable = {
  O_WRONLY: 0o1,
  O_RDWR: 0o2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_SYNC: 0o4010000,
  O_PATH: 0o10000000,
};

// arch/arm/include/uapi/asm/fcntl.h, and the same numbers on arm64.
const armFlags: FlagTable = {
  ...genericFlags,
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
  O_DIRECT: 0o200000,
  O_LARGEFILE: 0o400000,
};

// arch/powerpc/include/uapi/asm/fcntl.h
const powerFlags: FlagTable = {
  ...genericFlags,
  O_DIRECTORY: 0o40000,
  O_NOFOLLOW: 0o100000,
  O_LARGEFILE: 0o200000,
  O_DIRECT: 0o400000,
};

// arch/mips/include/uapi/asm/fcntl.h
const mipsFlags: FlagTable = {
  ...genericFlags,
  O_APPEND: 0x0008,
  O_DSYNC: 0x0010,
  O_NONBLOCK: 0x0080,
  O_CREAT: 0x0100,
  O_TRUNC: 0x0200,
  O_EXCL: 0x0400,
  O_NOCTTY: 0x0800,
  O_LARGEFILE: 0x2000,
  O_SYNC: 0x4010,
  O_DIRECT: 0x8000,
};

function flagsOf(architecture: TargetDescription["architecture"]): FlagTable {
  switch (architecture) {
    case "arm":
    case "arm64":
      return armFlags;
    case "mips":
    case "mipsel":
      return mipsFlags;
    case "ppc64":
      return powerFlags;
    case "x64":
    case "ia32":
    case "riscv64":
    case "s390x":
    case "loong64":
      return genericFlags;
  }
}

/** A flag's bits by its name. Throws ToolOptionError with the names there are. */
export function openFlag(name: string, architecture: TargetDescription["architecture"]): number {
  const flags = flagsOf(architecture);
  const flag = flags[name];
  if (flag === undefined) {
    const names = Object.keys(flags).join(" ");
    throw new ToolOptionError(`${name} is no flag of open(2) that can be filtered by: ${names}`);
  }
  return flag;
}

/** Names of the flags that are set, those of several bits only when all are. */
export function openFlagNames(
  bits: number,
  architecture: TargetDescription["architecture"],
): readonly string[] {
  const names = Object.entries(flagsOf(architecture))
    .filter(([, flag]) => (bits & flag) === flag)
    .map(([name]) => name);
  return (bits & 3) === 0 ? ["O_RDONLY", ...names] : names;
}
