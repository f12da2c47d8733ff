import { type TargetDescription } from "../spec/target-description.js";

/**
 * How a loop is run on a target.
 *
 * - "callback": its body is a function that a helper of the kernel's calls (bpf_loop, since 5.17), as often as it takes.
 * - "inline": jumps back, which the verifier follows round by round to the end (since 5.3).
 * - "unrolled": written out, for a number of rounds that is known now.
 */
export type LoopMeans = "callback" | "inline" | "unrolled";

/** Of `while` and of loops over numbers; those over maps are always called back (bpf_for_each_map_elem, since 5.13). */
export function loopMeans({ features }: Pick<TargetDescription, "features">): LoopMeans {
  if (features.includes("bpf_loop")) return "callback";
  return features.includes("bounded_loops") ? "inline" : "unrolled";
}

/** BPF_MAX_LOOPS (include/linux/bpf_verifier.h): bpf_loop calls no more often than this. */
export const maximumRounds = 1 << 23;

/** More are not written out. */
export const maximumUnrolledRounds = 100;
