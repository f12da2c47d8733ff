import * as z from "zod/mini";
import { text, u32, u64 } from "./primitives.js";

/** What a probe answered: the kernel has it, has it not, or could not be asked (with the reason). */
const probeResult = z.object({
  state: z.enum(["supported", "unsupported", "unknown"]),
  reason: z.optional(text(512)),
});

/**
 * What the kernel can do, by the names in the agent's `features/`; a name that is absent was not probed. It stays the same
 * as long as the kernel runs and the agent may do the same.
 */
export const targetFeatures = z.record(text(64), probeResult);
export type TargetFeatures = z.infer<typeof targetFeatures>;

/** A target's clocks, read together: nanoseconds of CLOCK_MONOTONIC, CLOCK_BOOTTIME and CLOCK_REALTIME. */
export const targetClocks = z.object({ monotonic: u64, boottime: u64, realtime: u64 });
export type TargetClocks = z.infer<typeof targetClocks>;

/**
 * Everything about a target that decides how a program is compiled, loaded or read: a value, so that it can be recorded.
 */
export const targetDescription = z.object({
  /** `uname -r`, as "6.1.0-18-arm64". */
  release: text(256),
  /** `uname -v`. */
  version: text(256),
  /** `uname -m`, as "x86_64". */
  machine: text(64),
  /** The kernel's architecture in Node's spelling. */
  architecture: z.enum([
    "x64",
    "arm64",
    "arm",
    "ia32",
    "riscv64",
    "mips",
    "mipsel",
    "ppc64",
    "s390x",
    "loong64",
  ]),
  /** Of the kernel, in bytes. */
  pointerSize: z.union([z.literal(4), z.literal(8)]),
  byteOrder: z.enum(["little", "big"]),
  pageSize: u32,
  possibleCpus: z.array(u32),
  onlineCpus: z.array(u32),
  hostname: text(256),
  /** /proc/sys/kernel/random/boot_id. */
  bootId: text(64),
  /** GNU build id of the kernel in hexadecimal, from /sys/kernel/notes; "" when there is none. */
  buildId: text(128),
  /** Size of /sys/kernel/btf/vmlinux in bytes; 0 when the kernel has none. */
  btfSizeBytes: u32,
  clocks: targetClocks,
  /** Of the agent's own processes, where that is not the initial one: st_dev (major << 32 | minor) and st_ino of /proc/self/ns/pid. */
  pidNamespace: z.optional(z.object({ device: u64, inode: u64 })),
  /** Mount point of tracefs; "" when there is none and it could not be mounted. */
  tracefs: text(256),
  privileges: z.object({
    uid: u32,
    /** CapEff of /proc/self/status. */
    capabilities: u64,
    /** Sentences on what is lacking and what that costs. */
    lacking: z.array(text(512)),
  }),
});
export type TargetDescription = z.infer<typeof targetDescription>;
