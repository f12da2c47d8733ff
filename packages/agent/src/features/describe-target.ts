import { type TargetDescription } from "@sonde/protocol";
import { SyscallError } from "../kernel/errors.js";
import { openFile, statFd, tryReadTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { readKernelBuildId } from "./build-id.js";
import { readClocks } from "./clocks.js";
import { describeLacking } from "./privileges.js";
import { type Target } from "./target.js";

/** All that the protocol tells of a target. Throws SyscallError. */
export function describeTarget(target: Target): TargetDescription {
  const { kernel, identity, privileges } = target;
  return {
    ...identity,
    architecture: target.architecture,
    pointerSize: target.pointerSize,
    byteOrder: kernel.isLittleEndian ? "little" : "big",
    pageSize: target.pageSize,
    possibleCpus: [...target.possibleCpus],
    onlineCpus: [...target.onlineCpus],
    bootId: tryReadTextFile(kernel, "/proc/sys/kernel/random/boot_id") ?? "",
    buildId: readKernelBuildId(kernel),
    btfSizeBytes: readBtfSize(kernel),
    clocks: readClocks(kernel),
    ...readPidNamespace(kernel),
    tracefs: target.tracefs,
    privileges: { ...privileges, lacking: describeLacking(kernel, privileges) },
  };
}

/** PROC_PID_INIT_INO (include/linux/proc_ns.h). */
const initialPidNamespace = 0xefff_fffcn;

/** Nothing in the initial one, and where that cannot be told. */
function readPidNamespace(kernel: Kernel): Pick<TargetDescription, "pidNamespace"> {
  const path = "/proc/self/ns/pid";
  try {
    using file = openFile(kernel, path);
    const { device, inode } = statFd(kernel, path, file.fd);
    return inode === initialPidNamespace ? {} : { pidNamespace: { device, inode } };
  } catch (error) {
    if (error instanceof SyscallError) return {};
    throw error;
  }
}

/** 0 when the kernel has no BTF, or none that the agent may read. */
function readBtfSize(kernel: Kernel): number {
  const path = "/sys/kernel/btf/vmlinux";
  try {
    using file = openFile(kernel, path);
    return Number(statFd(kernel, path, file.fd).sizeBytes & 0xffff_ffffn);
  } catch (error) {
    // Why it cannot be read stands under the feature "btf".
    if (error instanceof SyscallError) return 0;
    throw error;
  }
}
