import { type ErrnoName, formatErrno } from "../kernel/errno.js";
import { type Kernel } from "../kernel/kernel.js";
import { type Target } from "./target.js";

/** The kernel has it, has it not, or could not be asked. */
export type ProbeAnswer =
  | { readonly state: "supported" }
  | { readonly state: "unsupported"; readonly reason: string }
  | { readonly state: "unknown"; readonly reason: string };

/** One question to the kernel, asked by the smallest system call that answers it. */
export interface FeatureProbe {
  readonly name: string;
  /** The first release that has it, for messages: decisions are made on the answer. */
  readonly since: string;
  run(target: Target): ProbeAnswer;
}

export function defineProbe<const Name extends string>(
  probe: FeatureProbe & { readonly name: Name },
): FeatureProbe & { readonly name: Name } {
  return probe;
}

export const supported: ProbeAnswer = { state: "supported" };

/** Which errors say yes and which say no; whatever else the kernel answers leaves the question open. */
export interface ErrnoMeaning {
  readonly supported: readonly ErrnoName[];
  readonly unsupported: readonly ErrnoName[];
}

/** A result that is no error says yes. */
export function answerOf(
  kernel: Kernel,
  syscall: string,
  result: number,
  meaning: ErrnoMeaning,
): ProbeAnswer {
  if (result >= 0 || kernel.isErrno(result, ...meaning.supported)) return supported;
  const reason = `${syscall}: ${formatErrno(kernel.errno, -result)}`;
  const state = kernel.isErrno(result, ...meaning.unsupported) ? "unsupported" : "unknown";
  return { state, reason };
}

/** As `answerOf` for a call that makes a descriptor, which is closed. */
export function answerOfCreation(
  kernel: Kernel,
  syscall: string,
  result: number,
  meaning: ErrnoMeaning,
): ProbeAnswer {
  if (result >= 0) kernel.call("close", result);
  return answerOf(kernel, syscall, result, meaning);
}
