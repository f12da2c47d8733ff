import { type Machine } from "../system/system.js";

/** What a processor's terminals are set with: a structure, and the numbers of requests and flags. */
export interface Terminal {
  /** TCSETS2, or TCSETS where that takes any speed; as a signed word, as the top bit may be set. */
  readonly setRequest: number;
  readonly outputQueueRequest: number;
  readonly exclusiveRequest: number;
  readonly sizeBytes: number;
  /** c_cc[VMIN] */
  readonly minimumOffset: number;
  readonly inputSpeedOffset: number;
  readonly outputSpeedOffset: number;
  readonly flags: {
    readonly BOTHER: number;
    readonly CS8: number;
    readonly CREAD: number;
    readonly CLOCAL: number;
  };
}

/** c_cflag, in every one of them. */
export const controlFlagsOffset = 8;

/** include/uapi/asm-generic/{ioctls,termbits,termbits-common}.h, struct termios2: c_line, then 19 of c_cc. */
const generic: Terminal = {
  setRequest: 0x402c_542b,
  outputQueueRequest: 0x5411,
  exclusiveRequest: 0x540c,
  sizeBytes: 44,
  minimumOffset: 17 + 6,
  inputSpeedOffset: 36,
  outputSpeedOffset: 40,
  flags: { BOTHER: 0o10_000, CS8: 0o60, CREAD: 0o200, CLOCAL: 0o4_000 },
};

/** arch/mips/include/uapi/asm/{ioctls,termbits}.h, struct termios2: c_line, then 23 of c_cc. */
const mips: Terminal = {
  ...generic,
  setRequest: 0x8030_542b | 0,
  outputQueueRequest: 0x7472,
  exclusiveRequest: 0x740d,
  sizeBytes: 48,
  minimumOffset: 17 + 4,
  inputSpeedOffset: 40,
  outputSpeedOffset: 44,
};

/** arch/powerpc/include/uapi/asm/{ioctls,termbits}.h, struct termios: 19 of c_cc, then c_line. */
const powerpc: Terminal = {
  ...generic,
  setRequest: 0x802c_7414 | 0,
  outputQueueRequest: 0x4004_7473,
  minimumOffset: 16 + 5,
  flags: { BOTHER: 0o37, CS8: 0o1_400, CREAD: 0o4_000, CLOCAL: 0o100_000 },
};

/** How terminals are set on this processor. */
export function terminalOf(architecture: Machine["architecture"]): Terminal {
  switch (architecture) {
    case "mips":
    case "mipsel":
      return mips;
    case "ppc64":
      return powerpc;
    case "x64":
    case "arm64":
    case "arm":
    case "ia32":
    case "riscv64":
    case "s390x":
    case "loong64":
      return generic;
  }
}
