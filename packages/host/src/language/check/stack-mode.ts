import { type StackMode } from "../../spec/value-type.js";

const modes: readonly StackMode[] = ["bpftrace", "perf", "raw", "build_id"];

/** The mode of this name. */
export function stackMode(name: string): StackMode | undefined {
  return modes.find((mode) => mode === name);
}
