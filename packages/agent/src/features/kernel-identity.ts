import { type Kernel } from "../kernel/kernel.js";
import { decodeCString } from "../kernel/text.js";
import { type Machine } from "../system/system.js";

/** uname(2). */
export interface KernelIdentity {
  readonly hostname: string;
  readonly release: string;
  readonly version: string;
  readonly machine: string;
}

/** struct new_utsname (include/uapi/linux/utsname.h): six fields of 65 bytes. */
const fieldSizeBytes = 65;

/** Throws SyscallError. */
export function readKernelIdentity(kernel: Kernel): KernelIdentity {
  const buffer = new Uint8Array(6 * fieldSizeBytes);
  kernel.require("ask the kernel's name", "uname", buffer);
  const field = (index: number): string =>
    decodeCString(buffer.subarray(index * fieldSizeBytes, (index + 1) * fieldSizeBytes));
  return { hostname: field(1), release: field(2), version: field(3), machine: field(4) };
}

export interface KernelArchitecture {
  readonly architecture: Machine["architecture"];
  readonly pointerSize: 4 | 8;
}

/** `uname -m` → what the kernel runs on; "armv8l" is what arm64 says to a 32-bit process. */
const machines: readonly (readonly [RegExp, Machine["architecture"], 4 | 8])[] = [
  [/^(x86_64|amd64)$/, "x64", 8],
  [/^i[3-6]86$/, "ia32", 4],
  [/^(aarch64|aarch64_be|arm64|armv8l|armv8b)$/, "arm64", 8],
  [/^arm/, "arm", 4],
  [/^riscv64$/, "riscv64", 8],
  [/^ppc64/, "ppc64", 8],
  [/^s390x$/, "s390x", 8],
  [/^loongarch64$/, "loong64", 8],
];

/** The kernel's architecture, which may be wider than the agent's own process. */
export function kernelArchitecture(machineName: string, agent: Machine): KernelArchitecture {
  if (machineName.startsWith("mips")) {
    const pointerSize = machineName.startsWith("mips64") ? 8 : 4;
    return { architecture: agent.isLittleEndian ? "mipsel" : "mips", pointerSize };
  }
  for (const [pattern, architecture, pointerSize] of machines) {
    if (pattern.test(machineName)) return { architecture, pointerSize };
  }
  return { architecture: agent.architecture, pointerSize: agent.pointerSize };
}

/**
 * LINUX_VERSION_CODE, which kernels before 5.0 compare with what a kprobe program brings. Debian's `uname -r` ends in .0
 * whatever the release; the true one stands in `uname -v`.
 */
export function kernelVersionCode({ release, version }: KernelIdentity): number {
  const debian = /\bDebian (\d+)\.(\d+)\.(\d+)/.exec(version);
  const match = debian ?? /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release);
  if (match === null) return 0;
  const [major, minor, patch] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0));
  return ((major ?? 0) << 16) | ((minor ?? 0) << 8) | Math.min(patch ?? 0, 255);
}
