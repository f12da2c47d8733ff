import { type TargetFeatures } from "@sonde/protocol";
import { type FeatureName } from "../spec/target-description.js";
import { type ObjectSpec } from "../spec/object-spec.js";

/** A kind of probe, as programs write it, and what it stands on. */
export interface ProbeKind {
  readonly name: string;
  /** How to find out whether it works. */
  readonly trial: Trial;
  /** Options that a kernel is built with for it, beside `everyKind`. */
  readonly options: readonly string[];
  /** The first release that has it on any processor. */
  readonly since: string;
  readonly needsBtf?: boolean;
  readonly needsTracefs?: boolean;
  readonly needsJit?: boolean;
  /** Why it usually is not there, when neither the kernel's age nor its options are the reason. */
  readonly usualReason?: string;
  /** Another kind that does nearly the same, and how. */
  readonly instead?: { readonly kind: string; readonly how: string };
}

export type Trial =
  /** Attach a program that does nothing to the first of these that the target has. */
  | { readonly kind: "attach"; readonly to: readonly ObjectSpec[] }
  /** The same, to the agent's own program, whose place is known when it is tried. */
  | {
      readonly kind: "attachToAgent";
      readonly to: (path: string, offset: bigint) => ObjectSpec;
    }
  /** The agent's own probes have found it out; the first of these that is lacking says why. */
  | { readonly kind: "feature"; readonly names: readonly FeatureName[] };

/** Whether a kind of probe works on a target, how, or why not and what to do. */
export interface ProbeReport {
  readonly state: TargetFeatures[string]["state"];
  /** How a probe is attached: "kprobe PMU, perf event link"; known where one was. */
  readonly mechanism?: string;
  /** What was answered: "perf_event_open: ENOENT". */
  readonly reason?: string;
  /** What a person can do about it, most promising first. */
  readonly advice: readonly string[];
}

/** Without these options a kernel has no tracing programs at all. */
export const everyKind: readonly string[] = [
  "CONFIG_BPF_SYSCALL",
  "CONFIG_PERF_EVENTS",
  "CONFIG_BPF_EVENTS",
];
